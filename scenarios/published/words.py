# SPDX-License-Identifier: Apache-2.0
"""What the words of published tables mean: each function turns a cell into words of a scenario, or raises NotExpressed.

Sources spell one thing in many ways (1F1B-I, interleaved 1F1B). Where an answer has a second value, it says what was assumed.
"""

import collections
import re


class NotExpressed(Exception):
    """The simulator has no word for this row; the text says which."""


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


TYPE = re.compile(r"(bf|b?float|fp|tf)(16|32)|half")


def precision_of(text, gpu=""):
    """Type of the products; where none is named bf16, and fp16 on V100, which has no bf16."""
    lower = text.lower()
    if re.search(r"fp8|float8|mxfp|nvfp|fp4|int8", lower):
        raise NotExpressed(f"precision {text} is not modelled")
    if not TYPE.search(lower):
        return "fp16" if "v100" in gpu.lower() else "bf16"
    if re.match(r"(pure |mixed |amp[ _-]?)*(fp16|float16|half)", lower):
        return "fp16"
    return next((word for word in ("fp32", "tf32") if lower.startswith(word)), "bf16")


def open_type(text):
    """Whether a cell names no type, or two of them."""
    return len({found[0] for found in re.finditer(r"bf16|bfloat16|(?<!b)fp16|(?<!b)float16|fp32|tf32", text.lower())}) != 1


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
