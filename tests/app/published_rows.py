#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How scenarios/published reads tables of training runs: one machine under many names is one machine, and what the simulator has no
word for is refused by name, not read as something else.

usage: published_rows.py   (from the root of the sources)
"""
import csv
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True  # the sources stay as they are
sys.path.insert(0, "scenarios/published")

import clip_rows  # noqa: E402
import convert  # noqa: E402
import machines  # noqa: E402
import trial  # noqa: E402
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
                self.assertEqual(machines.gpu_of(name), gpu, name)

    def test_gpus_without_figures_are_refused(self):
        for name in ("RTX 4090", "GB200", "V100-16GB", "A100-PCIE-40GB", "H100 NVL 94GB", "TPUv4", ""):
            with self.assertRaises(words.NotExpressed, msg=name):
                machines.gpu_of(name)

    def test_networks_are_read_by_ports_and_rate(self):
        for text, network in (("8 x 400 Gbps InfiniBand", "ib-8x400g"), ("8x200Gb/s RoCE", "roce-8x200g"),
                              ("3.2 Tb/s per node", "ib-8x400g"), ("InfiniBand HDR", "ib-8x200g"),
                              ("InfiniBand HDR100", {"nics_per_node": 8, "bandwidth": "100 Gb/s"}), ("EFA 400 Gb/s per node", "efa-400g"),
                              ("4x EDR InfiniBand", {"nics_per_node": 4, "bandwidth": "100 Gb/s"})):
            self.assertEqual(machines.network_of(text, "h100-sxm5-80gb", 8)[0], network, text)
        self.assertTrue(machines.network_of("NVLink 900GB/s", "h100-sxm5-80gb", 8)[1], "what is not stated is said to be assumed")

    def test_precisions_without_a_word_are_refused(self):
        self.assertEqual([words.precision_of(text) for text in ("fp16 mixed", "mixed fp16", "bf16/fp16 (unstated)", "tf32")],
                         ["fp16", "fp16", "bf16", "tf32"])
        self.assertEqual([words.precision_of("unstated", gpu) for gpu in ("V100-32GB", "A100", "H100")], ["fp16", "bf16", "bf16"])
        for text in ("fp8 (E4M3)", "bf16 + float8", "MXFP4", "int8 (SwitchBack)"):
            with self.assertRaises(words.NotExpressed, msg=text):
                words.precision_of(text)


    def test_numbers_are_read_as_sources_print_them(self):
        row = words.cells({"gpus": "1,024", "vocab": "50257 (padded)", "layers": "48.0", "tp": "unstated", "pp": None})
        self.assertEqual([words.whole(row, "gpus"), words.whole(row, "vocab"), words.whole(row, "layers"), words.whole(row, "tp", 1),
                          words.whole(row, "pp", 1), words.whole(row, "column that the table lacks", 7)], [1024, 50257, 48, 1, 1, 7])
        for text in ("0", "-8", "12k", "1,02"):
            with self.assertRaises(words.NotExpressed, msg=text):
                words.whole(words.cells({"gpus": text}), "gpus", 1)
        self.assertEqual([words.decimal(text) for text in ("12.5", "~60", "24,012.8", "59 GB", "12,3", "unstated", "0", "")],
                         [12.5, 60, 24012.8, 59, None, None, None, None])

    def test_schedules_mlps_and_sharding_have_many_spellings(self):
        for text, schedule in (("1F1B-I", "interleaved-1f1b"), ("Interleaved1F1B", "interleaved-1f1b"), ("ZBV", "zb-v"), ("", None),
                               ("AFAB", "gpipe"), ("1F1B (non-interleaved)", "1f1b"), ("unstated", None)):
            self.assertEqual(words.schedule_of(text)[1], schedule, text)
        for text, mlp in (("SwiGLU", "swiglu"), ("squared relu", "squared_relu"), ("GeLU (tanh)", "gelu")):
            self.assertEqual(words.mlp_of(words.cells({"mlp": text}))[0], mlp, text)
        for text, stage in (("ZeRO 3", 3), ("zero_2", 2), ("HSDP", 3), ("DDP", 0), ("distributed optimizer", 1), ("unstated (0/1)", None)):
            self.assertEqual(words.zero_of(text)[0], stage, text)
        self.assertEqual(words.zero_of("HSDP (shard 8)")[2], 8)
        for text in ("ZeRO-Infinity", "ZeRO-3 (offload)", "ZeRO++", "something else"):
            with self.assertRaises(words.NotExpressed, msg=text):
                words.zero_of(text)


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
        row = {"id": "narayanan_1", "pp": "2", "schedule": "interleaved-1f1b", "zero_stage": "0"}
        self.assertIn("2 pieces of a stage", llm(**row)["measured"]["assumed"])
        self.assertIn("no interleaving", llm(**{**row, "schedule": "1f1b"})["measured"]["assumed"])

    def test_what_a_row_says_of_attention_and_block_is_taken(self):
        self.assertEqual(llm(id="vtrain_1", flash_attention="v2", ptb="yes", swa_window="1024")["techniques"],
                         {"parallel_block": True, "sliding_window": 1024, "flash_attention": 2})
        self.assertEqual(llm(id="vtrain_1", cp="2", gpus="64")["techniques"], {"flash_attention": 2})
        self.assertEqual(llm(id="megascale_1", ptb="yes", tp="8", sequence_parallel="no")["techniques"]["tp_overlap"], False)
        self.assertEqual(llm(id="internevo_1", flash_attention="no")["techniques"], {"flash_attention": False})
        self.assertNotIn("techniques", llm(id="internevo_1", flash_attention="yes"))
        with self.assertRaises(words.NotExpressed):
            llm(swa_window="yes (unstated)")

    def test_vocabularies_that_tensor_parallelism_does_not_divide_are_padded(self):
        model = llm(vocab="50257", tp="8")["model"]
        self.assertEqual(model["vocabulary"], 50257 + (-50257) % (128 * 8))
        self.assertEqual(llm(vocab="50257")["model"]["vocabulary"], 50257)

    def test_plans_that_contradict_themselves_are_refused(self):
        for cells in ({"dp": "16"}, {"global_batch": "100"}, {"micro_batch": "3"}, {"pp": "64", "layers": "30"}, {"gpus": "60", "tp": "8"},
                      {"pp": "4", "interleave": "2", "global_batch": "16", "micro_batch": "1", "gpus": "32"}):
            with self.assertRaises(words.NotExpressed, msg=str(cells)):
                llm(**cells)

    def test_schedules_follow_the_number_of_chunks(self):
        pipeline = {"pp": "4", "global_batch": "128", "micro_batch": "1"}
        self.assertEqual(llm(**pipeline, schedule="1f1b", interleave="2")["parallel"]["schedule"], "interleaved-1f1b")
        self.assertEqual(llm(**pipeline, schedule="ZB-V", interleave="1")["parallel"]["virtual_stages"], 2)
        odd = llm(pp="4", global_batch="48", micro_batch="1", schedule="interleaved")  # 3 micro-batches do not go round 4 stages
        self.assertEqual((odd["parallel"]["schedule"], odd["parallel"]["virtual_stages"]), ("1f1b", 1))

    def test_a_type_that_is_named_outweighs_the_reading(self):
        for text, precision in (("bf16", "bf16"), ("bf16/fp16 amp", "fp16"), ("", "fp16")):  # FlagPerf's ds_config.json has fp16
            self.assertEqual(llm(id="flagperf_a800_zero3", precision=text)["training"]["precision"], precision, text)

    def test_block_recomputation_keeps_its_layers(self):
        parallel = llm(recompute="block, 4 layers")["parallel"]
        self.assertEqual((parallel["recompute"], parallel["recompute_method"], parallel["recompute_layers"]), ("full", "block", 4))

    def test_memory_without_a_reading_is_the_devices(self):
        self.assertEqual(llm(id="vtrain_1", memory_gb="59")["measured"]["memory_figure"], "device")
        self.assertEqual(llm(id="torchtitan_1", zero_stage="3", memory_gb="50")["measured"]["memory"], "50 GiB")
        self.assertNotIn("memory", llm(memory_gb="80%")["measured"])

    def test_any_row_is_a_plan_of_its_gpus_or_refused(self):
        random.seed(1)
        words_of = {"gpus": ["", "8", "48", "64", "1,024"], "tp": ["", "1", "2", "8"], "pp": ["", "1", "3", "4", "8"],
                    "cp": ["", "2", "unstated"], "dp": ["", "4", "8"], "interleave": ["", "1", "2", "unstated"],
                    "layers": ["24", "30", "31", "126"], "micro_batch": ["", "1", "4"], "global_batch": ["64", "96", "1536"],
                    "schedule": ["", "none", "1f1b", "1F1B-I", "gpipe", "ZB-V", "ZB-2p"], "zero_stage": ["", "0", "2", "FSDP", "HSDP"],
                    "recompute": ["", "full", "block, 2 layers"], "id": ["new_1", "torchtitan_1", "llmfoundry_1", "bloom_1", "megascale_1"]}
        taken = 0
        for _ in range(4000):
            try:
                case = llm(**{column: random.choice(values) for column, values in words_of.items()})
            except words.NotExpressed:
                continue
            plan, training, taken = case["parallel"], case["training"], taken + 1
            self.assertEqual(plan["tensor"] * plan["pipeline"] * plan.get("context", 1) * plan["data"], case["cluster"]["gpus"])
            self.assertEqual(training["global_batch"] % (training["micro_batch"] * plan["data"]), 0)
            self.assertEqual(plan["virtual_stages"] == 1, plan.get("schedule") not in ("interleaved-1f1b", "zb-v"))
            self.assertEqual(sum(plan.get("stages", [case["model"]["layers"]])), case["model"]["layers"])
        self.assertGreater(taken, 200)

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

    def test_names_of_the_catalog_and_of_papers_are_one_model(self):
        for name, model in (("openai/clip-vit-large-patch14-336", "openai/clip-vit-large-patch14-336"), ("CLIP ViT-L/14", "ViT-L-14"),
                            ("OpenCLIP ViT-H/14", "ViT-H-14"), ("SigLIP L/16", "ViT-L-16-SigLIP-256"),
                            ("EVA02_CLIP_L_336_psz14_s6B", "EVA02-L-14-336"), ("EVA02_CLIP_E_psz14_plus_s9B", "EVA02-E-14-plus")):
            self.assertEqual(clip_rows.model_of(name), model)
        self.assertEqual(clip(model="openai/clip-vit-large-patch14-336", text_len="80")["training"]["text_length"], 77)

    def test_a_time_of_a_step_is_a_throughput(self):
        self.assertEqual(clip(samples_per_s="", step_time_s="2")["measured"]["samples_per_s"], "512.0 samples/s")
        self.assertEqual(clip(samples_per_s="24,012")["measured"]["samples_per_s"], "24012 samples/s")
        for cells in ({"samples_per_s": ""}, {"local_batch": "", "global_batch": "unstated"}, {"precision": "int8 (SwitchBack)"}):
            with self.assertRaises(words.NotExpressed, msg=str(cells)):
                clip(**cells)

    def test_batches_that_are_multiples_accumulate(self):
        self.assertEqual(clip(global_batch="4096")["training"]["micro_batch"], 64)
        self.assertEqual(clip(local_batch="")["training"]["micro_batch"], 64)
        with self.assertRaises(words.NotExpressed):
            clip(global_batch="1500")

    def test_the_framework_names_the_stack(self):
        self.assertEqual(clip(framework="DeepSpeed ZeRO + xFormers")["parallel"]["zero"], 1)
        self.assertEqual(clip(framework="OpenCLIP (torch 2.2)")["stack"], "pytorch-ddp-2024")
        self.assertEqual(clip()["stack"], "pytorch-ddp-2022")


class Tables(unittest.TestCase):
    def test_each_row_becomes_one_case_or_one_reason(self):
        rows = [{**LLM_ROW, "id": "new_1"}, {**LLM_ROW, "id": "new_1"}, {**LLM_ROW, "id": "new_2", "precision": "fp8"},
                {**LLM_ROW, "id": "new_3", "derived_iteration_time_s": ""}, {**LLM_ROW, "id": "new_4", "tier": "C"}]
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "table.csv"
            with open(table, "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, LLM_ROW)
                writer.writeheader()
                writer.writerows(rows)
            families, left_out = convert.collections.defaultdict(list), []
            convert.convert(table, convert.llm_case, lambda row: row["tier"] in ("A", "B"), families, left_out)
        self.assertEqual([case["id"] for case in families["new"]], ["new_1"])
        self.assertEqual([(name, reason.split(" ")[0]) for name, _, reason in left_out],
                         [("new_1", "another"), ("new_2", "precision"), ("new_3", "no")])

    def test_the_least_recomputation_that_fits_is_taken(self):
        row = {**LLM_ROW, "recompute": "unstated", "gpu": "A100-40GB"}
        plain, gib = convert.llm_case(row)[1], 2**30
        for size, large in ((39 * gib, False), (43 * gib, False), (45 * gib, True)):  # a tenth is the margin
            self.assertEqual(trial.too_large(plain, {"predicted_memory_bytes": size}), large)
        case = trial.recomputed(convert.llm_case(row)[1], "selective")
        self.assertEqual(case["parallel"]["recompute"], "selective")
        self.assertIn("too large", case["measured"]["assumed"])
        self.assertNotIn("no recomputation", case["measured"]["assumed"])


if __name__ == "__main__":
    unittest.main()
