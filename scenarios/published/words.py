# SPDX-License-Identifier: Apache-2.0
"""What the words of published tables mean: each function turns a cell into words of a scenario, or raises NotExpressed.

Sources spell one thing in many ways (A100 80G, A100-80GB-SXM, NVIDIA A100-SXM4-80GB). What a cell leaves open is filled with what such
machines usually have, and the second value of an answer says so.
"""

import collections
import re


class NotExpressed(Exception):
    """The simulator has no word for this row; the text says which."""


# Names that the rules below would read otherwise.
EXACT_GPUS = {"H100-96GB-HBM2e (500W, 2.4TB/s)": "h100-sxm5-96gb-500w",
              "A800/A100-80GB-SXM (both names used)": "a100-sxm4-80gb"}
# Chip -> (form, memory in GB) -> name in the catalog; the first entry where form or memory is not said.
CHIPS = {
    "gb200": {}, "gh200": {("sxm", 96): "gh200-96gb"}, "b200": {("sxm", 180): "b200-sxm-180gb", ("sxm", 192): "b200-sxm-180gb"},
    "h200": {("sxm", 141): "h200-sxm-141gb"}, "h20": {("sxm", 96): "h20-sxm-96gb"},
    "h800": {("sxm", 80): "h800-sxm5-80gb"}, "h100": {("sxm", 80): "h100-sxm5-80gb", ("pcie", 80): "h100-pcie-80gb"},
    "a800": {("sxm", 80): "a800-sxm4-80gb"},
    "a100": {("sxm", 80): "a100-sxm4-80gb", ("sxm", 40): "a100-sxm4-40gb", ("pcie", 80): "a100-pcie-80gb"},
    "v100": {("sxm", 32): "v100-sxm2-32gb"}, "l40s": {("pcie", 48): "l40s-48gb"}, "mi300x": {("sxm", 192): "mi300x-192gb"},
}
# Substring of an `interconnect` cell -> network of the catalog.
NETWORKS = [
    ("8x200Gb/s RoCE", "roce-8x200g"), ("8x200Gb/s HDR", "ib-8x200g"), ("800Gb/s per node", "roce-4x200g"),
    ("8x400Gb/s NDR", "ib-8x400g"), ("4x100Gb/s Omni-Path", "omnipath-4x100g"), ("InfiniBand 400Gb/s", "ib-8x400g"),
    ("1600Gb/s RoCE", "roce-8x200g"), ("inter-node unstated", "ib-8x400g"), ("4x HDR200", "hdr200-4x"), ("4x HDR-200", "hdr200-4x"),
    ("JUWELS", "hdr200-4x"), ("8x400Gb/s RDMA", "ib-8x400g"), ("EFA 400 ", "efa-400g"), ("RoCE RDMA (rate unstated)", "roce-8x200g"),
]
CATALOG_NETWORKS = {("ib", 8, 200): "ib-8x200g", ("ib", 8, 400): "ib-8x400g", ("roce", 8, 200): "roce-8x200g",
                    ("roce", 4, 200): "roce-4x200g", ("ib", 4, 200): "hdr200-4x", ("ib", 1, 400): "ndr400-1x",
                    ("efa", 4, 100): "efa-400g", ("efa", 8, 400): "efa-8x400g", ("efa", 32, 100): "efa-8x400g",
                    ("efa", 16, 200): "efa-16x200g"}
INFINIBAND = {"EDR": 100, "HDR": 200, "NDR": 400}  # Gb/s of a port
# What nodes of this chip usually have, where a source does not say: NVIDIA's DGX systems. Ports, Gb/s of one.
USUAL_PORTS = {"v100": (4, 100), "a100": (8, 200), "a800": (8, 200)}
MLPS = {"gelu": "gelu", "swiglu": "swiglu", "squaredrelu": "squared_relu", "relu": "relu", "geglu": "geglu", "silu": "silu"}
# Spelt without spaces, hyphens and underscores.
SCHEDULES = {"": None, "none": None, "nopipeline": None, "gpipe": "gpipe", "afab": "gpipe", "1f1b": "1f1b",
             **dict.fromkeys(["1f1bi", "interleaved1f1b", "1f1binterleaved", "interleaved"], "interleaved-1f1b"),
             "zbh1": "zb-h1", "zbh2": "zb-h2", "zbv": "zb-v", "zb1p": "zb-auto", "zb2p": "zb-auto"}
# Qi et al.'s --zero-bubble-max-pending-backward: so many micro-batches' activations for each stage of the pipeline.
MEMORY_LIMITS = {"zb1p": 1, "zb2p": 2}


def number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def cells(row):
    """The row with every cell as text: short rows and columns that a table lacks are empty."""
    return collections.defaultdict(str, {column: (text or "").strip() for column, text in row.items() if isinstance(text, (str, type(None)))})


def unstated(text):
    return not text or text.lower().startswith(("unstated", "not stated", "not in file", "unknown", "n/a", "?"))


def without_remark(text):
    """What stands before a remark in parentheses."""
    return text.split(" (")[0].strip()


def whole(row, column, fallback=None):
    """The cell as a positive integer; without one the fallback, or the row cannot be expressed."""
    text = joined(without_remark(row[column]))
    if re.fullmatch(r"0*[1-9]\d*(\.0*)?", text):
        return int(float(text))
    if not unstated(text) or fallback is None:
        raise NotExpressed(f"the column {column} holds no number: {row[column]!r}")
    return int(fallback)


def joined(text):
    """A number without the commas between its thousands."""
    return re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)


def decimal(text):
    """The cell as a positive number, or None."""
    found = re.fullmatch(r"[~≈]?\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(?:%|s|GB|GiB)?", joined(without_remark(text)))
    return number(found[1]) if found and float(found[1]) > 0 else None


def said(text):
    """True or False where a cell says yes or no; None where it says neither."""
    word = re.match(r"(yes|true|on|no|none|false|off)\b", text.lower())
    return None if word is None else word[1] in ("yes", "true", "on")


def chip_of(text):
    return next((chip for chip in CHIPS if re.search(rf"(?<![a-z0-9]){chip}(?![0-9])", text.lower())), None)


def gpu_of(text):
    """Name in the catalog."""
    text = text.split(" (paper")[0].strip()
    if text in EXACT_GPUS:
        return EXACT_GPUS[text]
    chip, memory = chip_of(text), re.search(r"(\d+)\s*G", re.sub(r"\b[GB]*[HBLAV]+\d+", "", text))
    form = "pcie" if re.search(r"pci-?e", text.lower()) else "nvl" if "NVL" in text and "NVLink" not in text else "sxm"
    for (its_form, its_memory), name in (CHIPS[chip] if chip else {}).items():
        if (chip == "l40s" or its_form == form) and (memory is None or int(memory[1]) == its_memory):
            return name
    raise NotExpressed(f"GPU {text or '(not stated)'} is not in the catalog")


def network(kind, ports, rate):
    """Catalog name, or the mapping of a network that the catalog lacks."""
    return CATALOG_NETWORKS.get((kind, ports, rate), {"nics_per_node": ports, "bandwidth": f"{rate} Gb/s"})


def network_of(interconnect, gpu, gpus_per_node):
    """Network between nodes, and what is assumed of it."""
    for part, name in NETWORKS:
        if part in interconnect:
            return name, []
    kind = "efa" if "EFA" in interconnect else "roce" if "RoCE" in interconnect else "ib"
    ports = re.search(r"(\d+)\s*[x×]\s*(?:(\d+)\s*Gb|([A-Z]DR))", interconnect)
    if ports:
        return network(kind, int(ports[1]), int(ports[2]) if ports[2] else INFINIBAND.get(ports[3], 200)), []
    rate = re.search(r"(\d+(?:\.\d+)?)\s*(Gb|Tb)", interconnect)
    word = re.search(r"EDR|HDR|NDR", interconnect)
    if rate or word:
        total = round(float(rate[1]) * (1000 if rate[2] == "Tb" else 1)) if rate else INFINIBAND[word[0]]
        if re.search(r"per node|a node|/node", interconnect) or total > 400:
            port = 100 if kind == "efa" and total <= 400 else 200 if total <= 1600 else 400
            return network(kind, max(1, total // port), min(port, total)), [f"{total} Gb/s a node in ports of {min(port, total)}"]
        return network(kind, gpus_per_node, total), ["one port a GPU, where only a port's rate is given"]
    count, rate = USUAL_PORTS.get(gpu.split("-")[0], (8, 400))
    return network("ib", count, rate), [f"network: InfiniBand, {count} x {rate} Gb/s a node, as such machines have (not stated)"]


def cluster_of(gpu, gpus, gpus_per_node, interconnect):
    """The section `cluster`, and what is assumed of it."""
    cluster = {"gpu": gpu_of(gpu), "gpus": gpus, "gpus_per_node": gpus_per_node}
    if gpus <= gpus_per_node:
        return cluster, []
    cluster["network"], assumed = network_of(interconnect, cluster["gpu"], gpus_per_node)
    return cluster, assumed


TYPE = re.compile(r"(bf|b?float|fp|tf)(16|32)|half")


def precision_of(text, gpu=""):
    """Type of the products; where none is named bf16, and fp16 on V100, which has no bf16."""
    lower = text.lower()
    if re.search(r"fp8|float8|mxfp|nvfp|fp4|int8", lower):
        raise NotExpressed(f"precision {text} is not modelled")
    if not TYPE.search(lower):
        return "fp16" if chip_of(gpu) == "v100" else "bf16"
    if re.match(r"(pure |mixed |amp[ _-]?)*(fp16|float16|half)", lower):
        return "fp16"
    return next((word for word in ("fp32", "tf32") if lower.startswith(word)), "bf16")


def precision_assumed(text, gpu):
    """What is assumed of a type where none is named."""
    return [] if TYPE.search(text.lower()) else [f"precision {precision_of(text, gpu)} (not stated)"]


def schedule_of(text):
    """The cell's word for a schedule, without spaces and hyphens, and the simulator's; None where the cell does not say."""
    words = "" if unstated(text) else re.sub(r"[\s_-]", "", without_remark(text).lower())
    if words not in SCHEDULES:
        raise NotExpressed(f"schedule {text} is not modelled")
    return words, SCHEDULES[words]


def mlp_of(row):
    """MLP of the decoder, and what is assumed: gated ones are narrower or wider than 4 x hidden, as 8/3 x."""
    word = re.sub(r"[\s_-]", "", without_remark(row["mlp"]).lower())
    if word in MLPS:
        return MLPS[word], []
    if not unstated(row["mlp"]):
        raise NotExpressed(f"MLP {row['mlp']} is not modelled")
    plain = whole(row, "ffn", 4 * whole(row, "hidden")) == 4 * whole(row, "hidden")
    return ("gelu" if plain else "swiglu"), [f"MLP {'gelu' if plain else 'swiglu'}, by its width (not stated)"]


def recompute_of(text):
    """`none`, `selective` or `full`; None where the cell does not say."""
    lower = text.lower()
    if unstated(text):
        return None
    for words, meaning in (("none|no|off|false", "none"), ("selective|per-op|op|attention|core", "selective"),
                           ("full|uniform|yes|on|true|block|activation checkpointing", "full")):
        if re.match(rf"({words})\b", lower):
            return meaning
    raise NotExpressed(f"recomputation {text} is not modelled")


def recomputed_layers_of(text):
    """Layers of each chunk that Megatron-LM's method `block` recomputes; None with every other method."""
    if not re.match(r"(full\W+)?block\b", text.lower()):
        return None
    layers = re.search(r"(\d+) layers?\b", text.lower())
    return int(layers[1]) if layers else None


def flash_of(text):
    """Value of techniques.flash_attention; True: some version; None: the cell does not say."""
    lower = text.lower()
    if unstated(text) or "unstated" in lower:
        return None
    if "cudnn" in lower or "transformerengine" in lower:
        return "transformer-engine"
    if re.match(r"(no|none|unfused|torch|eager|false)\b", lower):
        return False
    version = re.search(r"v?([123])\b", lower)
    return int(version[1]) if version else True


def sharded_group_of(text):
    """Ranks that share one copy: 0 all of them, None those of a node."""
    group = re.search(r"(?:groups? of|shard(?:ed)?(?: over| across| size| group)?)\s*(\d+)", text.lower())
    return int(group[1]) if group else None if re.search(r"hsdp|hybrid", text.lower()) else 0


def zero_of(text):
    """ZeRO stage (None where the cell does not say), whether it is FSDP's, and the ranks of a group (0: all; None: a node)."""
    lower, size = text.lower(), sharded_group_of(text)
    fsdp = re.search(r"fsdp|hsdp|shard_grad_op|full_shard|fully.shard", lower)
    if re.search(r"offload|infinity|zero\+\+", lower):
        raise NotExpressed(f"sharding {text} is not modelled")
    if re.match(r"[0-3]\b", text):
        return int(text[0]), bool(fsdp), size
    if unstated(text):
        return None, False, size
    if fsdp:
        return 2 if "grad_op" in lower else 3, True, size
    stage = re.search(r"zero[-_ ]?([0-3])\b", lower)
    if stage:
        return int(stage[1]), False, size
    if re.search(r"distributed (optimizer|adam)", lower):
        return 1, False, size
    if re.match(r"(no|none|ddp)\b|data parallel|no_shard", lower):
        return 0, False, size
    raise NotExpressed(f"sharding {text} is not modelled")
