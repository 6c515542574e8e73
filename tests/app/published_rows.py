#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How scenarios/published reads tables of training runs: one machine under many names is one machine, and what the simulator has no
word for is refused by name, not read as something else.

usage: published_rows.py   (from the root of the sources)
"""
import sys
import unittest

sys.dont_write_bytecode = True  # the sources stay as they are
sys.path.insert(0, "scenarios/published")

import clip_rows  # noqa: E402
import convert  # noqa: E402
import words  # noqa: E402

LLM_COLUMNS = ("gpus_per_node interconnect kv_heads ffn vocab micro_batch tp pp interleave dp cp zero_stage sequence_parallel recompute "
               "flash_attention ptb overlaps precision schedule mfu_percent metric_def memory_gb unstated notes").split()
LLM_ROW = {**dict.fromkeys(LLM_COLUMNS, ""), "id": "new_1", "source": "a paper", "gpu": "H100", "gpus": "64", "layers": "32",
           "hidden": "4096", "heads": "32", "seq_len": "4096", "global_batch": "128", "mlp": "swiglu", "schedule": "none",
           "derived_iteration_time_s": "1", "derivation": "reported", "tier": "A", "split": "test"}
CLIP_ROW = {"id": "new-1", "source": "a paper", "url": "", "model": "ViT-L/14@336px", "framework": "OpenCLIP (DDP)", "gpu": "A100",
            "n_gpus": "16", "gpus_per_node": "8", "interconnect": "8x200Gb/s HDR", "local_batch": "64", "global_batch": "1024",
            "image_size": "336", "text_len": "77", "precision": "amp", "grad_ckpt": "full", "patch_dropout": "0", "samples_per_s": "9",
            "step_time_s": "", "notes": ""}


def llm(**cells):
    return convert.llm_case({**LLM_ROW, **cells})[1]


def clip(**cells):
    return clip_rows.clip_case({**CLIP_ROW, **cells})[1]


class Words(unittest.TestCase):
    def test_one_gpu_has_many_names(self):
        for names, gpu in ((("A100 80G", "A100-80GB-SXM", "NVIDIA A100-SXM4-80GB", "A100"), "a100-sxm4-80gb"),
                           (("A100 40GB", "A100-SXM4-40GB"), "a100-sxm4-40gb"), (("A100-PCIE-80GB",), "a100-pcie-80gb"),
                           (("H100-SXM", "H100 SXM5 80GB", "H100"), "h100-sxm5-80gb"), (("V100-32GB",), "v100-sxm2-32gb"),
                           (("H800", "H800-80GB-SXM"), "h800-sxm5-80gb"), (("H200",), "h200-sxm-141gb"), (("H20",), "h20-sxm-96gb"),
                           (("L40S",), "l40s-48gb"), (("B200",), "b200-sxm-180gb"), (("GH200",), "gh200-96gb")):
            for name in names:
                self.assertEqual(words.gpu_of(name), gpu, name)

    def test_gpus_without_figures_are_refused(self):
        for name in ("RTX 4090", "GB200", "V100-16GB", "A100-PCIE-40GB", "H100 NVL 94GB", "TPUv4", ""):
            with self.assertRaises(words.NotExpressed, msg=name):
                words.gpu_of(name)

    def test_networks_are_read_by_ports_and_rate(self):
        for text, network in (("8 x 400 Gbps InfiniBand", "ib-8x400g"), ("8x200Gb/s RoCE", "roce-8x200g"),
                              ("3.2 Tb/s per node", "ib-8x400g"), ("InfiniBand HDR", "ib-8x200g"), ("EFA 400 Gb/s per node", "efa-400g"),
                              ("4x EDR InfiniBand", {"nics_per_node": 4, "bandwidth": "100 Gb/s"})):
            self.assertEqual(words.network_of(text, "h100-sxm5-80gb", 8)[0], network, text)
        self.assertTrue(words.network_of("NVLink 900GB/s", "h100-sxm5-80gb", 8)[1], "what is not stated is said to be assumed")

    def test_precisions_without_a_word_are_refused(self):
        self.assertEqual([words.precision_of(text) for text in ("fp16 mixed", "mixed fp16", "bf16/fp16 (unstated)", "tf32")],
                         ["fp16", "fp16", "bf16", "tf32"])
        with self.assertRaises(words.NotExpressed):
            words.precision_of("fp8 (E4M3)")


class LanguageModels(unittest.TestCase):
    def test_cells_outweigh_assumptions(self):
        case = llm(zero_stage="0", recompute="selective", micro_batch="2", tp="2", sequence_parallel="no", flash_attention="v1")
        self.assertEqual((case["parallel"]["zero"], case["parallel"]["recompute"], case["training"]["micro_batch"]), (0, "selective", 2))
        self.assertEqual(case["techniques"], {"flash_attention": 1, "tp_overlap": False})
        self.assertEqual(case["parallel"]["data"], 32)

    def test_what_is_open_is_said(self):
        assumed = llm(gpu="A100")["measured"]["assumed"]
        for part in ("micro_batch 2", "network", "no recomputation", "vocabulary"):
            self.assertIn(part, assumed)

    def test_fsdp_is_no_deepspeed(self):
        self.assertEqual(llm(zero_stage="2 (FSDP SHARD_GRAD_OP)")["parallel"]["fsdp"], {"reshard_after_forward": False})
        self.assertEqual(llm(zero_stage="2", overlaps="DeepSpeed")["parallel"]["zero"], 2)
        self.assertEqual(llm(zero_stage="HSDP")["parallel"]["shard_group"], 8)
        self.assertEqual(llm(zero_stage="3 (FSDP)", pp="2", schedule="1f1b")["parallel"]["zero"], 1)

    def test_the_least_interleaving_that_divides_is_taken(self):
        parallel = llm(layers="126", pp="16", schedule="interleaved-1f1b", gpus="128")["parallel"]
        self.assertEqual(parallel["virtual_stages"], 2)
        self.assertTrue(parallel["account_for_loss"])

    def test_unknown_words_refuse_the_row(self):
        for cells in ({"schedule": "dualpipe"}, {"mlp": "moe"}, {"recompute": "offloaded"}, {"seq_len": "many"}, {"precision": "fp8"}):
            with self.assertRaises(words.NotExpressed, msg=str(cells)):
                llm(**cells)


class TwoTowers(unittest.TestCase):
    def test_models_are_found_under_their_usual_names(self):
        for name, model in (("ViT-L/14@336px", "ViT-L-14"), ("ViT-B/32", "ViT-B-32"), ("SigLIP B/16", "ViT-B-16-SigLIP"),
                            ("coca_ViT-L-14", "coca_ViT-L-14"), ("EVA02-E-14", "EVA02-E-14")):
            self.assertEqual(clip_rows.model_of(name), model)
        for name in ("RN50x64", "convnext_xxlarge"):
            with self.assertRaisesRegex(words.NotExpressed, "convolutions"):
                clip_rows.model_of(name)

    def test_batches_that_are_multiples_accumulate(self):
        self.assertEqual(clip(global_batch="4096")["training"]["micro_batch"], 64)
        self.assertEqual(clip(local_batch="")["training"]["micro_batch"], 64)
        with self.assertRaises(words.NotExpressed):
            clip(global_batch="1500")

    def test_the_framework_names_the_stack(self):
        self.assertEqual(clip(framework="DeepSpeed ZeRO + xFormers")["parallel"]["zero"], 1)
        self.assertEqual(clip(framework="OpenCLIP (torch 2.2)")["stack"], "pytorch-ddp-2024")
        self.assertEqual(clip()["stack"], "pytorch-ddp-2022")


if __name__ == "__main__":
    unittest.main()
