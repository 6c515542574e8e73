#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns tables of published training runs into scenario files with a `measured:` block.

usage: convert.py [--llm TABLE.csv] [--clip TABLE.csv] [--output FOLDER]

Each row becomes a case of FOLDER/<family>.yaml, or a line of FOLDER/not_expressed.csv with the reason. README.md lists the columns.
What a source leaves open is filled by READINGS, one entry a source, and written into `measured.assumed`. Nothing here knows a result of
the simulator: a reading is chosen for what the source or its software says, and says so.
"""

import argparse
import collections
import csv
import fnmatch
import pathlib
import re

GPUS = {
    "A100-80GB-SXM": "a100-sxm4-80gb", "A100 (80GB assumed)": "a100-sxm4-80gb", "A100-80GB": "a100-sxm4-80gb",
    "A800/A100-80GB-SXM (both names used)": "a100-sxm4-80gb", "A800-80GB-SXM": "a800-sxm4-80gb", "A100-40GB": "a100-sxm4-40gb",
    "H100-80GB-SXM": "h100-sxm5-80gb", "H100-80GB": "h100-sxm5-80gb", "V100": "v100-sxm2-32gb",
    "H100-96GB-HBM2e (500W, 2.4TB/s)": "h100-sxm5-96gb-500w",
    "A800-80GB": "a800-sxm4-80gb", "H800-80GB-SXM": "h800-sxm5-80gb", "H800-80GB": "h800-sxm5-80gb",
    "H200-141GB-SXM": "h200-sxm-141gb", "B200-180GB-SXM": "b200-sxm-180gb",
}
# Substring of the `interconnect` column -> network of the catalog.
NETWORKS = [
    ("8x200Gb/s RoCE", "roce-8x200g"), ("8x200Gb/s HDR", "ib-8x200g"), ("800Gb/s per node", "roce-4x200g"),
    ("8x400Gb/s NDR", "ib-8x400g"), ("4x100Gb/s Omni-Path", "omnipath-4x100g"), ("4x100Gb/s RoCE", "roce-4x100g"),
    ("InfiniBand 400Gb/s", "ib-8x400g"), ("1600Gb/s RoCE", "roce-8x200g"), ("inter-node unstated", "ib-8x400g"),
    ("4x HDR200", "hdr200-4x"), ("4x HDR-200", "hdr200-4x"), ("JUWELS", "hdr200-4x"),
    ("8x400Gb/s RDMA", "ib-8x400g"), ("EFA 400", "efa-400g"), ("RoCE RDMA (rate unstated)", "roce-8x200g"),
]
INLINE_NETWORKS = {"roce-4x100g": {"nics_per_node": 4, "bandwidth": "100 Gb/s"}}  # not in the catalog
MLPS = {"gelu": "gelu", "swiglu": "swiglu", "squared-relu": "squared_relu"}
SCHEDULES = {"none": None, "1f1b": "1f1b", "1F1B": "1f1b", "1F1B-I": "interleaved-1f1b", "interleaved-1f1b": "interleaved-1f1b",
             "1f1b (interleaving unstated)": "1f1b", "ZB-1p": "zb-auto", "ZB-2p": "zb-auto"}
# Their --zero-bubble-max-pending-backward: so many micro-batches' activations for each stage of the pipeline.
MEMORY_LIMITS = {"ZB-1p": 1, "ZB-2p": 2}
# MFUs that count as the simulator does: layers, full attention (or its window), logits, no recomputation.
SAME_MFU = {"model_full", "megascale_swa"}
WINDOW = 1240  # 0.607 of the sequence: what MegaScale's own FLOP count implies


def reading(stack, assumed=(), **values):
    return {"stack": stack, "assumed": list(assumed), **values}


# Family, or pattern of ids -> the stack, and values for cells that the source leaves open.
MEGATRON_2021 = "megatron-lm-2021"
DEEPSPEED_PIPELINE = "deepspeed-pipeline-2022"
MEGATRON_2023 = "megatron-lm-2023-01"
READINGS = {
    "megascale": reading(MEGATRON_2023, ["micro_batch 1", "no recomputation", "ZeRO-1 with fp32 gradients",
                                         "baseline without flash attention", "80 GB GPU", "bf16",
                                         "slow machines: the 0.5 % that are 10 % slower by the paper's section on stragglers, taken as not "
                                         "yet removed"],
                         zero=1, recompute="none", micro_batch=1,
                         variation={"slow_nodes": {"fraction": 0.005, "slowdown": 1.1}}),
    "korthikanti": reading(MEGATRON_2023, ["stack: nearest in the catalog, a year younger"], zero=0),
    "narayanan": reading(MEGATRON_2021, ["no interleaving"], zero=0),
    "mtnlg": reading(DEEPSPEED_PIPELINE, ["micro_batch 1", "ZeRO 0"], zero=0),
    "vtrain": reading(MEGATRON_2023, ["ZeRO 0", "network 4 x 200 Gb/s", "vocabulary 50257 padded to 51200", "80 GB GPU",
                                      "asynchronous tensor all-reduce"], zero=0),
    "zerobubble": reading(MEGATRON_2023, ["no recomputation", "no flash attention",
                                          "vocabulary 32000, as the size of the 14.6B model asks (51200 would make 14.7B)",
                                          "embeddings not tied, as in the authors' launch script",
                                          "one 200 Gb/s port a GPU where there are several nodes"], zero=0, recompute="none",
                          vocabulary=32000, memory_figure="allocated"),
    "dgxc": reading("megatron-core-2024", ["cuDNN's attention, which Transformer Engine takes on H100, as FlashAttention-3"], zero=1),
    # NeMo 2's recipes for speed: pretrain_performance_optimizations sets grad_reduce_in_fp32 to False.
    **{pattern: reading("megatron-core-2024", [
        "cuDNN's attention, which Transformer Engine takes on H100, as FlashAttention-3",
        "gradients in bf16: NeMo 2's performance recipes (grad_reduce_in_fp32 False)"], zero=1,
                        training={"gradients": "bf16"})
       for pattern in ("dgxc_nemotron15B_bf16_v2504", "dgxc_llama31")},
    "bloom": reading(DEEPSPEED_PIPELINE, ["Omni-Path 4 x 100 Gb/s", "vocabulary 250880"], zero=1, memory_figure="device",
                     full_stages=True),  # "the last stage has 1 block, while the rest have 7": the source, on 78 layers over 12
    "internevo": reading("internevo-2023", ["flash attention 1"], zero=1, shard_group=8),
    "flagperf": reading("flagscale-2023", ["ZeRO-1", "no sequence parallelism (the script has no flag for it)", "no recomputation"],
                        zero=1, recompute="none", memory_unit="GiB", memory_figure="device"),
    "flagperf_*zero3": reading("deepspeed-2023", ["stack: DeepSpeed with eager Hugging Face kernels and FlashAttention-2",
                                                  "fp16, as FlagPerf's ds_config.json has it"],
                               memory_unit="GiB", memory_figure="device", training={"precision": "fp16"}),
    "flagperf_*_llama3": reading("megatron-core-2024", [
        "ZeRO-1", "no recomputation", "A100-80GB where two names are used", "8 x 400 Gb/s where only the port rate is given",
        "from FlagPerf's pretrain_llama3.sh: sequence parallelism, Transformer Engine, no flag for any overlap, and none that takes "
        "back Megatron-LM's defaults of learned positions, biases, tied embeddings and dropout of 0.1"],
                                 zero=1, recompute="none", sequence=True, memory_unit="GiB", memory_figure="device",
                                 techniques={"tp_overlap": False, "pp_overlap": False, "dp_overlap": False}),
    "llmfoundry": reading("pytorch-fsdp-2023", ["H100 nodes joined by 8 x 400 Gb/s", "Composer's default BACKWARD_POST",
                                                "mixed_precision DEFAULT: 16-bit parameters, fp32 reduction; PURE: 16-bit reduction",
                                                "FlashAttention-1"], fsdp={"backward_prefetch": 0}),
    "torchtitan": reading("torchtitan-2025"),
}
# A source that READINGS does not know.
UNKNOWN = reading("megatron-core-2024", ["stack: Megatron-Core's, for want of an entry in READINGS"], zero=1, micro_batch=1,
                  vocabulary=51200, memory_figure="device")
# Parts of an architecture that the tables have no column for, by pattern of ids.
ARCHITECTURES = {
    "zerobubble": {"tied_embedding": False},  # examples/pretrain_zero_bubble.sh of their repository
    "flagperf_*_llama3": {"positions": "learned", "bias": True, "tied_embedding": True, "dropout": 0.1},  # pretrain_llama3.sh
    "llmfoundry": {"dropout": 0},  # llm-foundry's MPTConfig: all dropout probabilities are 0
    "dgxc_nemotron": {"positions": "rotary", "bias": False, "dropout": 0, "tied_embedding": False},  # arXiv:2402.16819, section 2
}
# A row's ZeRO stage -> what FSDP does after forward: SHARD_GRAD_OP keeps parameters until backward only.
FULLY_SHARDED = {"2": {"reshard_after_forward": False}, "3": {}}
# MegaScale's table 3 adds one technique a row.
ABLATION = ["parallel_block", "sliding_window", "tp_overlap", "pp_overlap", "dp_overlap", "flash_attention", "shared_loader"]


class NotExpressed(Exception):
    """The simulator has no word for this row; the text says which."""


def number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def network_of(interconnect):
    for part, name in NETWORKS:
        if part in interconnect:
            return INLINE_NETWORKS.get(name, name)
    raise NotExpressed("the network between the nodes is not stated")


def cluster_of(gpu, gpus, gpus_per_node, interconnect):
    if gpu.split(" (paper")[0] not in GPUS:
        raise NotExpressed(f"GPU {gpu} is not in the catalog")
    cluster = {"gpu": GPUS[gpu.split(" (paper")[0]], "gpus": int(gpus), "gpus_per_node": int(gpus_per_node)}
    if int(gpus) > int(gpus_per_node):
        cluster["network"] = network_of(interconnect)
    return cluster


def stages_of(row, choice):
    """How the layers are cut where they do not divide: keys of `parallel`, and what is assumed."""
    layers, chunks = int(row["layers"]), int(row["pp"]) * int(row["interleave"] or 1)
    if layers % chunks == 0:
        return {}, []
    if (layers + 2) % chunks == 0:
        return ({"account_for_embedding": True, "account_for_loss": True},
                ["stages: embedding and logits take the place of a layer each" + (
                    " (stated)" if "one layer less" in row["notes"] else ", the convention for such numbers")])
    share, longer = divmod(layers, chunks)
    if choice.get("full_stages"):  # as many layers as the fullest needs, and the rest on the last
        return {"stages": [share + 1] * (chunks - 1) + [layers - (share + 1) * (chunks - 1)]}, []
    first = (chunks - longer) // 2
    inner = range(first, first + longer)
    return ({"stages": [share + (chunk in inner) for chunk in range(chunks)]},
            [f"stages: as even as {layers} layers over {chunks} go, the longer ones inside (not stated)"])


def refuse_llm(row):
    """Everything in a row that the simulator would refuse, by name."""
    reasons = []
    if row["schedule"] not in SCHEDULES:
        reasons.append(f"schedule {row['schedule']} is not modelled")
    if reasons:
        raise NotExpressed("; ".join(reasons))


def techniques_of(row, family, choice):
    """Stack and overrides. Only MegaScale's rows switch techniques one by one; TorchTitan's say where tensor parallelism overlaps."""
    if family != "megascale":
        asynchronous = {"tp_overlap": True} if "async TP" in row["overlaps"] else {}
        return choice["stack"], {**choice.get("techniques", {}), **asynchronous}
    step = re.search(r"_t3_(\d)_", row["id"])
    if step is None:
        return ("megascale", {"sliding_window": WINDOW}) if row["ptb"] == "yes" else (choice["stack"], {})
    done = int(step.group(1)) - 1
    values = {"sliding_window": WINDOW, "flash_attention": 2}
    techniques = {name: values.get(name, True) for name in ABLATION[:done]}
    if done < 3:
        return choice["stack"], techniques
    # From the first overlap on the software is MegaScale's, with what is not switched on yet switched off.
    techniques.update({name: False for name in ABLATION[done:]})
    techniques["async_data"] = done >= 7
    return "megascale", techniques


def sharding_of(row, choice):
    """ZeRO stage, FSDP's options, context parallelism."""
    stage = row["zero_stage"][:1]
    sharding = {"zero": 3 if stage in FULLY_SHARDED else choice["zero"]}
    if stage in FULLY_SHARDED:
        options = {**choice.get("fsdp", {}), **FULLY_SHARDED[stage]}
        sharding.update({"fsdp": options} if options else {})
    if int(row["dp"]) > choice.get("shard_group", int(row["dp"])):
        sharding["shard_group"] = choice["shard_group"]
    if int(row["cp"]) > 1:
        sharding["context"] = int(row["cp"])
    return sharding


def measured_of(row, family, choice):
    assumed = list(choice["assumed"]) + stages_of(row, choice)[1]
    if "sliding_window" in techniques_of(row, family, choice)[1]:
        assumed.append(f"sliding window {WINDOW}, from the FLOP count of the source")
    measured = {"iteration_time": f"{row['derived_iteration_time_s']} s"}
    if row["metric_def"] in SAME_MFU and row["mfu_percent"]:
        measured["mfu"] = round(float(row["mfu_percent"]) / 100, 6)
    if row["memory_gb"]:
        measured["memory"] = f"{row['memory_gb']} {choice.get('memory_unit', 'GB')}"  # FlagPerf's pages: "mem", in GiB
        measured["memory_figure"] = choice["memory_figure"]
    measured.update(source=f"{row['source']}; time {row['derivation']}", family=family, split=row["split"], tier=row["tier"])
    if row["unstated"]:
        measured["unstated"] = row["unstated"]
    if assumed:
        measured["assumed"] = "; ".join(assumed)
    return measured


def reading_of(name, family):
    """The most particular pattern that fits the row, or its family's reading."""
    patterns = [pattern for pattern in READINGS if fnmatch.fnmatch(name, pattern + "*")]
    return READINGS.get(max(patterns, key=len, default=family), UNKNOWN)


def llm_case(row):
    family = row["id"].split("_")[0]
    choice = reading_of(row["id"], family)
    refuse_llm(row)
    model = {"kind": "decoder", "layers": int(row["layers"]), "hidden_size": int(row["hidden"]), "heads": int(row["heads"]),
             "kv_heads": int(row["kv_heads"]), "mlp_size": int(row["ffn"]), "mlp": MLPS[row["mlp"]],
             "vocabulary": int(row["vocab"] or choice["vocabulary"])}
    for pattern, more in ARCHITECTURES.items():
        model.update(more if fnmatch.fnmatch(row["id"], pattern + "*") else {})
    stack, techniques = techniques_of(row, family, choice)
    sequence = row["sequence_parallel"] == "yes" or (choice.get("sequence", False) and int(row["tp"]) > 1)
    parallel = {"tensor": int(row["tp"]), "sequence": sequence, "pipeline": int(row["pp"]),
                "virtual_stages": int(row["interleave"] or 1), "data": int(row["dp"]), **sharding_of(row, choice),
                "recompute": choice.get("recompute") or row["recompute"]}
    if int(row["pp"]) > 1:
        parallel["schedule"] = SCHEDULES[row["schedule"]]
        if row["schedule"] in MEMORY_LIMITS:
            parallel["memory_limit"] = MEMORY_LIMITS[row["schedule"]] * int(row["pp"])
        parallel.update(stages_of(row, choice)[0])
    training = {"global_batch": int(row["global_batch"]), "micro_batch": int(row["micro_batch"] or choice["micro_batch"]),
                "sequence_length": int(row["seq_len"]), "precision": "fp16" if row["precision"].startswith("fp16") else "bf16",
                "optimizer": "lamb" if "LAMB" in row["id"] else "adam"}
    training.update(choice.get("training", {}))
    if "PURE" in row["precision"]:
        training["gradient_reduction"] = training["precision"]
    case = {"id": row["id"], "model": model,
            "cluster": cluster_of(row["gpu"], row["gpus"], row["gpus_per_node"], row["interconnect"]),
            "training": training, "parallel": parallel, "stack": stack}
    if techniques:
        case["techniques"] = techniques
    if "variation" in choice:
        case["variation"] = choice["variation"]
    case["measured"] = measured_of(row, family, choice)
    return family, case


CLIP_FAMILIES = [("CH-", "cherti"), ("LAION-", "laion-blog"), ("CNXXL", "laion-blog"), ("OC-", "openclip-docs"),
                 ("NEMO", "nemo-clip"), ("OAI", "openai-clip"), ("EVA", "eva-clip"), ("OPTIMUS", "optimus")]
SAME_RUN = {"CH-Model-B-32_Data-2B_Samples-34B_lr-1e-3_bs-79k": "LAION-ViT-B-32-float16-lb96"}


def refuse_clip(row):
    if not row["samples_per_s"]:
        raise NotExpressed("no throughput is published" if not row["step_time_s"] else "not a contrastive two-tower model")
    if row["id"] in SAME_RUN:
        raise NotExpressed(f"the same run as {SAME_RUN[row['id']]}")
    if not re.match(r"ViT-", row["model"]):
        raise NotExpressed(f"the {row['model']} tower (convolutions) is not modelled")
    for column, what in (("local_batch", "local batch"), ("gpus_per_node", "number of GPUs a node"), ("interconnect", "network")):
        if not row[column]:
            raise NotExpressed(f"the {what} is not stated")


def clip_batch(row):
    """Global batch, and what is assumed of it: local batch x GPUs, which a source may round to two digits."""
    batch = int(row["local_batch"]) * int(row["n_gpus"])
    if abs(int(row["global_batch"]) - batch) > 0.005 * batch:
        raise NotExpressed("the global batch is not local batch x GPUs")
    return batch, ["global batch: local batch x GPUs, which the source rounds"] if int(row["global_batch"]) != batch else []


def clip_case(row):
    family = next((name for prefix, name in CLIP_FAMILIES if row["id"].startswith(prefix)), "other")
    refuse_clip(row)
    checkpointing, assumed = row["grad_ckpt"], ["stack: PyTorch 1.x with DistributedDataParallel"]
    if checkpointing not in ("full", "none"):
        too_large = row["model"] == "ViT-B-16" and int(row["local_batch"]) > 256
        checkpointing = "full" if row["model"].startswith("ViT-L") or too_large else "none"
        assumed.append(f"recomputation {checkpointing} (open_clip trained L/14 with it on this machine; B/32, and B/16 up to 256 pairs, "
                       "fit without)")
    precision = "bf16" if "bf" in row["precision"] and "not in file" not in row["precision"] else "fp16"
    if "float16" not in row["precision"] and "bf16" not in row["precision"].split("(")[0]:
        assumed.append("precision fp16, open_clip's amp")
    if "not in file" in row["notes"] or "presumed" in row["interconnect"]:
        assumed.append("network of the machine the authors name elsewhere")
    batch, rounding = clip_batch(row)
    assumed += rounding
    dropout = {"patch_dropout": number(row["patch_dropout"])} if row["patch_dropout"] not in ("", "0") else {}
    case = {"id": row["id"], "model": row["model"],
            "cluster": cluster_of(row["gpu"], row["n_gpus"], row["gpus_per_node"], row["interconnect"]),
            "training": {"global_batch": batch, "micro_batch": int(row["local_batch"]),
                         "text_length": int(row["text_len"]), "image_size": int(row["image_size"]), "precision": precision,
                         "optimizer": "adamw", **dropout},
            "parallel": {"data": int(row["n_gpus"]), "zero": 0, "recompute": checkpointing}, "stack": "pytorch-ddp-2022",
            "measured": {"samples_per_s": f"{row['samples_per_s']} samples/s", "source": f"{row['source']}, {row['url']}",
                         "family": family, "split": "calibration", "tier": "B",
                         "unstated": "input path; PyTorch version; attention kernel" + (
                             "; recomputation" if row["grad_ckpt"] not in ("full", "none") else ""),
                         "assumed": "; ".join(assumed)}}
    return family, case


def common_part(documents):
    """Keys and values that all documents share; mappings are compared key by key."""
    first, common = documents[0], {}
    for key, value in first.items():
        if not all(key in other for other in documents):
            continue
        others = [other[key] for other in documents]
        if all(isinstance(other, dict) for other in others):
            shared = common_part(others)
            if shared:
                common[key] = shared
        elif all(other == value for other in others):
            common[key] = value
    return common


def without(document, common):
    rest = {}
    for key, value in document.items():
        if key not in common:
            rest[key] = value
        elif isinstance(value, dict):
            inner = without(value, common[key])
            if inner:
                rest[key] = inner
    return rest


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(scalar, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {scalar(inner)}" for key, inner in value.items()) + "}"
    text = str(value)
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9][\w./+-]*( (s|GB|GiB|samples/s|Gb/s))?", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def section_lines(document, indent):
    """One section a line; a measurement, which holds sentences, one key a line."""
    lines = []
    for key, value in document.items():
        if key == "measured":
            lines.append(f"{indent}measured:")
            lines += [f"{indent}  {inner}: {scalar(text)}" for inner, text in value.items()]
        else:
            lines.append(f"{indent}{key}: {scalar(value)}")
    return lines


def family_text(family, cases):
    ids = [case.pop("id") for case in cases]
    common = common_part(cases) if len(cases) > 1 else without(cases[0], {"measured": {}})
    lines = [f"# Published training runs of the family {family}, written by convert.py: change that, or its table, and run it again.",
             f"description: {family}, published training runs"]
    lines += section_lines(common, "")
    lines.append("cases:")
    for name, case in zip(ids, cases):
        lines.append(f"  - id: {scalar(name)}")
        lines += section_lines(without(case, common), "    ")
    return "\n".join(lines) + "\n"


def convert(path, to_case, wanted, families, left_out):
    with open(path, newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            if not wanted(row):
                continue
            try:
                family, case = to_case(row)
                families[family].append(case)
            except NotExpressed as reason:
                left_out.append((row["id"], row["source"], str(reason)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", help="table of language-model runs")
    parser.add_argument("--clip", help="table of two-tower runs")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    families, left_out = collections.defaultdict(list), []
    if arguments.llm:
        convert(arguments.llm, llm_case, lambda row: row["tier"] in ("A", "B"), families, left_out)
    if arguments.clip:
        convert(arguments.clip, clip_case, lambda row: True, families, left_out)
    for family, cases in families.items():
        (arguments.output / f"{family}.yaml").write_text(family_text(family, cases), encoding="utf-8")
    with open(arguments.output / "not_expressed.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "source", "reason"])
        writer.writerows(left_out)
    print(f"{sum(map(len, families.values()))} cases in {len(families)} families, {len(left_out)} rows not expressed")


if __name__ == "__main__":
    main()
