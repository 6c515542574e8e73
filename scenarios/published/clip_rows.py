# SPDX-License-Identifier: Apache-2.0
"""Rows of two-tower training runs (image-text pairs) as cases of a scenario file."""

import json
import pathlib
import re

from machines import cluster_of
from words import NotExpressed, cells, decimal, joined, number, precision_of, recompute_of, unstated, whole, zero_of

FAMILIES = [("CH-", "cherti"), ("LAION-", "laion-blog"), ("CNXXL", "laion-blog"), ("OC-", "openclip-docs"),
            ("NEMO", "nemo-clip"), ("OAI", "openai-clip"), ("EVA", "eva-clip"), ("OPTIMUS", "optimus")]
SAME_RUN = {"CH-Model-B-32_Data-2B_Samples-34B_lr-1e-3_bs-79k": "LAION-ViT-B-32-float16-lb96"}
CATALOG = pathlib.Path(__file__).resolve().parents[2] / "model" / "catalog"
# Words of the `framework` column -> stack, and what its choice assumes; the first that fits.
STACKS = [
    (r"deepspeed", "deepspeed-eva-2023", "stack: EVA-CLIP's DeepSpeed"), (r"nemo|megatron", "nemo-2024", "stack: NeMo's"),
    (r"open_?clip.*(torch|pytorch) ?2|flash|sdpa|torch ?2", "pytorch-ddp-2024", "stack: PyTorch 2.x with DistributedDataParallel"),
    (r"", "pytorch-ddp-2022", "stack: PyTorch 1.x with DistributedDataParallel"),
]


def catalog():
    """Lower-case name of a catalog model -> its name and file."""
    sources = json.loads((CATALOG / "index.json").read_text(encoding="utf-8"))["sources"]
    return {name.lower(): (name, file) for source in sources for name, file in source["models"].items()}


def spellings(name):
    """What a model may be called: ViT-L/14, ViT-L/14@336px (the image size is a column of its own), SigLIP B/16, EVA's file names."""
    plain = re.sub(r"^(Open-?CLIP|OpenAI CLIP|CLIP)[ -]", "", name.replace("/", "-"), flags=re.IGNORECASE)
    shape = re.sub(r"[@-]\d{3}(px)?$", "", plain).replace("_", "-")
    siglip = re.fullmatch(r"SigLIP-? ?(\w+)-(\d+)", shape)
    eva = re.fullmatch(r"(EVA\d+)_CLIP_([A-Za-z]+)(?:_14)?(_336)?(_plus)?_psz(\d+)(_plus)?_s\d+B", name)
    return [name, name.replace("/", "-"), plain, shape, f"ViT-{shape}",
            *([f"ViT-{siglip[1]}-{siglip[2]}-SigLIP" + size for size in ("", "-256")] if siglip else []),
            *([f"{eva[1]}-{eva[2]}-{eva[5]}" + ("-336" if eva[3] else "") + ("-plus" if eva[4] or eva[6] else "")] if eva else [])]


def model_of(name):
    """Name in the catalog."""
    known = catalog()
    for wanted in spellings(name):
        if wanted.lower() in known:
            return known[wanted.lower()][0]
    kind = " (convolutions)" if re.match(r"RN\d|convnext|ResNet", name, re.IGNORECASE) else ""
    raise NotExpressed(f"the {name} tower{kind} is not modelled" if name else "the model is not stated")


def text_length_of(row):
    """Tokens of a text, and what is assumed: a batch padded beyond the tower's positions is read as full texts."""
    if unstated(row["text_len"]):
        return {}, []
    config = json.loads((CATALOG / catalog()[model_of(row["model"]).lower()][1]).read_text(encoding="utf-8"))
    longest = config.get("text_cfg", {}).get("context_length") or config.get("text_config", {}).get("max_position_embeddings", 77)
    wanted = whole(row, "text_len")
    if wanted <= longest:
        return {"text_length": wanted}, []
    return {"text_length": longest}, [f"text length {longest}, the tower's positions, where {wanted} are printed"]


def refuse(row):
    if "not contrastive" in row["model"]:
        raise NotExpressed("not a contrastive two-tower model")
    if decimal(row["samples_per_s"]) is None and decimal(row["step_time_s"]) is None:
        raise NotExpressed("no throughput is published")
    if row["id"] in SAME_RUN:
        raise NotExpressed(f"the same run as {SAME_RUN[row['id']]}")
    model_of(row["model"])
    if "internal" in row["framework"]:
        raise NotExpressed("the software is not public")
    if unstated(row["local_batch"]) and unstated(row["global_batch"]):
        raise NotExpressed("the local batch is not stated")


def batch_of(row):
    """Batch of a GPU and of the job, and what is assumed of them: local batch x GPUs, which a source may round to two digits."""
    gpus = whole(row, "n_gpus")
    local = whole(row, "local_batch", whole(row, "global_batch", 0) // gpus)
    batch = local * gpus
    stated = whole(row, "global_batch", batch)
    if abs(stated - batch) <= 0.005 * batch:
        return local, batch, ["global batch: local batch x GPUs, which the source rounds"] if stated != batch else []
    if stated > batch and stated % batch == 0:
        return local, stated, [f"{stated // batch} micro-batches a step, as global batch and local batch x GPUs say"]
    raise NotExpressed("the global batch is not local batch x GPUs")


def recomputation_of(row, local):
    """`full` or `none`, and what is assumed of it."""
    plain = re.match(r"(full|none|selective|true|false|on|off)\b|(yes|no)$", row["grad_ckpt"].lower())
    stated = recompute_of(row["grad_ckpt"]) if plain else None
    if stated:
        return stated, []
    large = not re.search(r"-[BSM]-|base|medium", row["model"].replace("/", "-"))
    meaning = "full" if large or ("B-16" in row["model"].replace("/", "-") and local > 256) else "none"
    return meaning, [f"recomputation {meaning} (open_clip trained L/14 with it on this machine; B/32, and B/16 up to 256 pairs, "
                     "fit without)"]


def precision_in(row):
    """Type of the products, and what is assumed of it: `amp` alone is open_clip's fp16."""
    text = row["precision"]
    stated = re.search(r"fp16|float16|half|fp8|float8|int8|fp32|tf32|bf16|bfloat16", text) and "not in file" not in text
    precision = precision_of(re.sub(r"^amp[ _]*", "", text)) if stated else "fp16"
    named = "float16" in text or "bf16" in text.split("(")[0]
    return precision, [] if named else ["precision fp16, open_clip's amp"]


def sharding_of(row):
    """ZeRO stage: DistributedDataParallel has none, EVA's DeepSpeed stage 1 unless the framework's words say another."""
    stage = zero_of(row["framework"])[0] if re.search(r"zero-?\d|fsdp", row["framework"].lower()) else None
    return stage if stage is not None else 1 if re.search(r"deepspeed|nemo|megatron", row["framework"].lower()) else 0


def throughput_of(row, batch):
    """Samples a second: as printed, or a batch in the printed time of a step."""
    printed = decimal(row["samples_per_s"])
    return joined(row["samples_per_s"]).strip("~≈ ") if printed is not None else round(batch / decimal(row["step_time_s"]), 1)


def clip_case(row):
    """Family and case of a row."""
    row = cells(row)
    family = next((name for prefix, name in FAMILIES if row["id"].startswith(prefix)), "other")
    refuse(row)
    stack, stack_assumed = next((stack, words) for pattern, stack, words in STACKS if re.search(pattern, row["framework"].lower()))
    local, batch, rounding = batch_of(row)
    recompute, recompute_assumed = recomputation_of(row, local)
    precision, precision_assumed = precision_in(row)
    assumed = [stack_assumed] + recompute_assumed + precision_assumed
    if "not in file" in row["notes"] or "presumed" in row["interconnect"]:
        assumed.append("network of the machine the authors name elsewhere")
    if not row["gpus_per_node"]:
        assumed.append("8 GPUs a node (not stated)")
    cluster, network = cluster_of(row["gpu"], whole(row, "n_gpus"), whole(row, "gpus_per_node", 8), row["interconnect"])
    dropout = re.match(r"0?\.\d+", row["patch_dropout"])
    text, text_assumed = text_length_of(row)
    image = {} if unstated(row["image_size"]) else {"image_size": whole(row, "image_size")}
    case = {"id": row["id"], "model": model_of(row["model"]), "cluster": cluster,
            "training": {"global_batch": batch, "micro_batch": local,
                         **text, **image, "precision": precision,
                         "optimizer": "adamw", **({"patch_dropout": number(dropout[0])} if dropout else {})},
            "parallel": {"data": whole(row, "n_gpus"), "zero": sharding_of(row), "recompute": recompute}, "stack": stack,
            "measured": {"samples_per_s": f"{throughput_of(row, batch)} samples/s", "source": f"{row['source']}, {row['url']}",
                         "family": family, "split": row["split"] or "calibration", "tier": row["tier"] or "B",
                         "unstated": "input path; PyTorch version; attention kernel" + ("; recomputation" if recompute_assumed else ""),
                         "assumed": "; ".join(assumed + rounding + network + text_assumed)}}
    return family, case
