# SPDX-License-Identifier: Apache-2.0
"""How a source is read: the software stack that stands for it, and what is taken for cells that it leaves open.

A reading is chosen for what the source or its software says, and says so. Nothing here knows a result of the simulator.
"""

import fnmatch
import re

from words import NotExpressed, flash_of, said, unstated, whole, zero_of


def reading(stack, assumed=(), **values):
    """An entry of READINGS: the stack, sentences for `measured.assumed`, values for open cells."""
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
    "narayanan_t2_ZeRO-3": reading("deepspeed-2023", ["stack: DeepSpeed's, two years younger, without fused kernels"], zero=3),
    "narayanan": reading(MEGATRON_2021, zero=0),
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
       for pattern in ("dgxc_nemotron*_v2504", "dgxc_llama31")},
    "bloom": reading(DEEPSPEED_PIPELINE, ["Omni-Path 4 x 100 Gb/s", "vocabulary 250880"], zero=1, memory_figure="device",
                     full_stages=True),  # "the last stage has 1 block, while the rest have 7": the source, on 78 layers over 12
    "internevo": reading("internevo-2023", ["flash attention 1"], zero=1, shard_group=8),
    "flagperf": reading("flagscale-2023", ["ZeRO-1", "no sequence parallelism (the script has no flag for it)", "no recomputation"],
                        zero=1, recompute="none", memory_unit="GiB", memory_figure="device"),
    "flagperf_*zero3": reading("deepspeed-2023", ["stack: DeepSpeed with eager Hugging Face kernels and FlashAttention-2",
                                                  "fp16, as FlagPerf's ds_config.json has it"],
                               zero=3, memory_unit="GiB", memory_figure="device", training={"precision": "fp16"}),
    "flagperf_*_llama3": reading("megatron-core-2024", [
        "ZeRO-1", "no recomputation", "A100-80GB where two names are used", "8 x 400 Gb/s where only the port rate is given",
        "from FlagPerf's pretrain_llama3.sh: sequence parallelism, Transformer Engine, no flag for any overlap, and none that takes "
        "back Megatron-LM's defaults of learned positions, biases, tied embeddings and dropout of 0.1"],
                                 zero=1, recompute="none", sequence=True, memory_unit="GiB", memory_figure="device",
                                 techniques={"tp_overlap": False, "pp_overlap": False, "dp_overlap": False}),
    "llmfoundry": reading("pytorch-fsdp-2023", ["H100 nodes joined by 8 x 400 Gb/s", "Composer's default BACKWARD_POST",
                                                "mixed_precision DEFAULT: 16-bit parameters, fp32 reduction; PURE: 16-bit reduction",
                                                "FlashAttention-1"], zero=3, fsdp={"backward_prefetch": 0}),
    # components/metrics.py prints max_reserved_gib
    "torchtitan": reading("torchtitan-2025", zero=3, memory_unit="GiB", memory_figure="reserved"),
}
# Parts of an architecture that the tables have no column for, by pattern of ids.
ARCHITECTURES = {
    "zerobubble": {"tied_embedding": False},  # examples/pretrain_zero_bubble.sh of their repository
    "flagperf_*_llama3": {"positions": "learned", "bias": True, "tied_embedding": True, "dropout": 0.1},  # pretrain_llama3.sh
    "llmfoundry": {"dropout": 0},  # llm-foundry's MPTConfig: all dropout probabilities are 0
    "dgxc_nemotron": {"positions": "rotary", "bias": False, "dropout": 0, "tied_embedding": False},  # arXiv:2402.16819, section 2
}

# Software that a source without an entry names: words of its cells -> stack. The first that fits.
STACK_WORDS = [
    (r"torchtitan|fsdp ?2", "torchtitan-2025"), (r"nemo\b", "nemo-2024"), (r"maxtext|xla", "torchtitan-2025"),
    (r"fsdp|hsdp|composer", "pytorch-fsdp-2023"), (r"internevo|internlm", "internevo-2023"), (r"megascale", "megascale"),
    (r"flagscale", "flagscale-2023"),
]
UNFUSED_STACKS = (MEGATRON_2021, MEGATRON_2023, DEEPSPEED_PIPELINE)  # unless a row says that it has flash attention
FSDP_STACKS = ("torchtitan-2025", "pytorch-fsdp-2023")
CUT_COLLECTIVES = ("megatron-core-2024", "nemo", "megascale")  # stacks with tp_overlap, which needs sequence parallelism
OVERLAP_WORDS = {"tp_overlap": r"\btp\b|tp-comm|tensor", "pp_overlap": r"\bpp\b|p2p|pipeline",
                 "dp_overlap": r"\bdp\b|grad|param|fsdp|prefetch|zero"}


def stack_named_by(row):
    """Stack for a source without an entry of its own: by the software that its cells name, then by its year."""
    words = " ".join(row.get(column) or "" for column in ("source", "framework", "zero_stage", "overlaps", "notes")).lower()
    if "deepspeed" in words:
        return "deepspeed-pipeline-2022" if whole(row, "pp", 1) > 1 else "deepspeed-2023"
    for pattern, stack in STACK_WORDS:
        if re.search(pattern, words):
            return stack
    year = re.search(r"arxiv[: ](\d{2})\d{2}\.", words)
    if "megatron" in words and year:
        return MEGATRON_2021 if int(year[1]) < 22 else MEGATRON_2023 if int(year[1]) < 24 else "megatron-core-2024"
    return "megatron-core-2024"


def techniques_named_by(row, stack):
    """Switches that the cells of a source without an entry name: its attention, and its overlaps where it lists any."""
    flash = flash_of(row["flash_attention"])
    if flash is True:
        flash = 2 if stack in UNFUSED_STACKS else None
    techniques = {} if flash is None or flash == "transformer-engine" else {"flash_attention": flash}
    if stack.startswith(CUT_COLLECTIVES) and not said(row["sequence_parallel"]):
        techniques["tp_overlap"] = False
    overlaps = row["overlaps"].lower()
    if unstated(overlaps) or "default" in overlaps or not stack.startswith(("megatron-core", "nemo")):
        return techniques
    named = {key: bool(re.search(words, overlaps)) for key, words in OVERLAP_WORDS.items()}
    if not overlaps.startswith(("none", "no ")) and not any(named.values()):
        return techniques
    switches = {key: value and not overlaps.startswith(("none", "no ")) for key, value in named.items()}
    return {**switches, **techniques}


def techniques_of_cells(row, stack):
    """Switches that the cells of any source name: the parallel block, the window, and an attention of another kind than the stack's."""
    techniques = {"parallel_block": True} if said(row["ptb"]) else {}
    window = re.match(r"\d+", row["swa_window"])
    if window:
        techniques["sliding_window"] = int(window[0])
    elif said(row["swa_window"]):
        raise NotExpressed("the width of the sliding window is not stated")
    flash, fused = flash_of(row["flash_attention"]), stack not in UNFUSED_STACKS
    if flash is False and fused:
        techniques["flash_attention"] = False
    elif not fused and (flash or (flash is None and whole(row, "cp", 1) > 1)):  # a divided sequence runs on flash kernels alone
        techniques["flash_attention"] = flash if flash in (1, 2, 3) and flash is not True else 2
    return techniques


def reading_without_entry(row):
    """What is taken for a source that READINGS does not know."""
    stack = stack_named_by(row)
    sharded = zero_of(row["zero_stage"] or "")[0]
    assumed = [f"stack: {stack}, by the software that the source names" if stack != "megatron-core-2024" else
               "stack: Megatron-Core's, for want of an entry in READINGS"]
    return reading(stack, assumed, zero=1 if sharded is None else sharded, memory_figure="device",
                   techniques=techniques_named_by(row, stack))


def sharded_in_pipeline(choice, row):
    """FSDP inside a pipeline: its shards are gathered once a step and its gradients reduced once, which is ZeRO-1's traffic."""
    if whole(row, "pp", 1) == 1 or choice["stack"] not in FSDP_STACKS:
        return choice
    sentence = "stack: Megatron-Core's without tensor overlap, as FSDP inside a pipeline keeps parameters and reduces once a step"
    asynchronous = said(row["sequence_parallel"]) is True and "async TP" in row["overlaps"]
    return {**choice, "stack": "megatron-core-2024", "assumed": choice["assumed"] + [sentence],
            "techniques": {**choice.get("techniques", {}), "tp_overlap": asynchronous}}


def replicated(choice, row):
    """A stack that shards parameters, where a row says that they are not: DistributedDataParallel, which is PyTorch's other one."""
    stage = zero_of(row["zero_stage"])[0]
    if choice["stack"] not in FSDP_STACKS or stage is None or stage >= 2:
        return choice
    return {**choice, "stack": "pytorch-ddp-2024", "assumed": choice["assumed"] + ["stack: PyTorch's DistributedDataParallel, as "
                                                                                   "parameters are not sharded"]}


def reading_of(row):
    """The most particular pattern of READINGS that fits the row, or its family's; without one, what the cells say."""
    name, family = row["id"], row["id"].split("_")[0]
    patterns = [pattern for pattern in READINGS if fnmatch.fnmatch(name, pattern + "*")]
    choice = READINGS.get(max(patterns, key=len, default=family)) or reading_without_entry(row)
    return replicated(sharded_in_pipeline(choice, row), row)
