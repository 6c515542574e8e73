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

from clip_rows import clip_case
from readings import ARCHITECTURES, reading_of
from words import (MEMORY_LIMITS, MLPS, NotExpressed, cluster_of, number, precision_of, recompute_of, schedule_of, unstated, whole,
                   zero_of)

# MFUs that count as the simulator does: layers, full attention (or its window), logits, no recomputation.
SAME_MFU = {"model_full", "megascale_swa"}
VOCABULARY = 51200  # GPT-2's, padded: assumption where a source does not say
MICRO_BATCH_TOKENS = 16384  # without a pipeline, where a source does not say: assumption
WINDOW = 1240  # 0.607 of the sequence: what MegaScale's own FLOP count implies
# MegaScale's table 3 adds one technique a row.
ABLATION = ["parallel_block", "sliding_window", "tp_overlap", "pp_overlap", "dp_overlap", "flash_attention", "shared_loader"]


def interleave_of(row):
    """Model chunks a stage. Where the schedule is interleaved and the number is not said: the least that cuts a stage evenly."""
    if row["interleave"] or schedule_of(row["schedule"])[1] != "interleaved-1f1b":
        return whole(row, "interleave", 1)
    layers, stages = whole(row, "layers"), whole(row, "pp", 1)
    stage = (layers + 2 if layers % stages and (layers + 2) % stages == 0 else layers) // stages  # ends may count as layers
    return next((chunks for chunks in range(2, stage + 1) if stage % chunks == 0), 1)


def pipeline_of(row):
    """What a pipeline runs: its schedule and that schedule's limit; nothing without a pipeline."""
    stages, chunks = whole(row, "pp", 1), interleave_of(row)
    words, schedule = schedule_of(row["schedule"])
    if stages == 1:
        return {}
    schedule = "1f1b" if schedule in (None, "interleaved-1f1b") and chunks == 1 else schedule or "interleaved-1f1b"
    limit = {"memory_limit": MEMORY_LIMITS[words] * stages} if words in MEMORY_LIMITS else {}
    return {"schedule": schedule, **limit}


def stages_of(row, choice):
    """How the layers are cut where they do not divide: keys of `parallel`, and what is assumed."""
    layers, chunks = whole(row, "layers"), whole(row, "pp", 1) * interleave_of(row)
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
    """ZeRO stage, FSDP's options, context parallelism; and what is assumed of them."""
    stage, fsdp, group = zero_of(row["zero_stage"])
    stage, ranks = choice["zero"] if stage is None else stage, data_of(row)
    sharding, assumed = {"zero": stage}, []
    if stage >= 2 and whole(row, "pp", 1) > 1:
        sharding["zero"] = 1
        assumed.append(f"ZeRO-{stage} inside a pipeline as ZeRO-1: weights gathered and gradients reduced once a step")
    elif stage == 3 or (fsdp and stage == 2):  # SHARD_GRAD_OP keeps parameters until backward only
        options = {**choice.get("fsdp", {}), **({"reshard_after_forward": False} if stage == 2 else {})}
        sharding.update({"zero": 3, **({"fsdp": options} if options else {})})
    group = whole(row, "gpus_per_node", 8) // whole(row, "tp", 1) if group is None else group or choice.get("shard_group", 0)
    if sharding["zero"] > 0 and 0 < group < ranks:
        sharding["shard_group"] = group
    if whole(row, "cp", 1) > 1:
        sharding["context"] = whole(row, "cp")
    return sharding, assumed


def data_of(row):
    """Replicas: what the other dimensions of the plan leave, where the cell is empty."""
    others = whole(row, "tp", 1) * whole(row, "pp", 1) * whole(row, "cp", 1)
    return whole(row, "dp", whole(row, "gpus") // others)


def measured_of(row, family, choice, more_assumed):
    assumed = list(choice["assumed"]) + stages_of(row, choice)[1] + more_assumed
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


def model_of(row, choice):
    """The decoder."""
    heads = whole(row, "heads")
    if row["mlp"] not in MLPS:
        raise NotExpressed(f"MLP {row['mlp']} is not modelled")
    model = {"kind": "decoder", "layers": whole(row, "layers"), "hidden_size": whole(row, "hidden"), "heads": heads,
             "kv_heads": whole(row, "kv_heads", heads), "mlp_size": whole(row, "ffn", 4 * whole(row, "hidden")),
             "mlp": MLPS[row["mlp"]], "vocabulary": whole(row, "vocab", choice.get("vocabulary", VOCABULARY))}
    for pattern, more in ARCHITECTURES.items():
        model.update(more if fnmatch.fnmatch(row["id"], pattern + "*") else {})
    return model


def micro_batch_of(row, choice):
    """Sequences of a pass. Where neither row nor reading says: 1 in a pipeline, which wants many; otherwise as many as are common."""
    if row["micro_batch"] or "micro_batch" in choice or "micro_batch 1" in choice["assumed"]:
        return whole(row, "micro_batch", choice.get("micro_batch", 1)), []
    share, largest = whole(row, "global_batch") // data_of(row), max(1, MICRO_BATCH_TOKENS // whole(row, "seq_len"))
    fitting = [size for size in (8, 4, 2, 1) if size <= largest and share % size == 0]
    size = 1 if whole(row, "pp", 1) > 1 else max(fitting, default=1)
    return size, [f"micro_batch {size} (not stated)"]


def training_of(row, choice):
    """The section `training`, and what is assumed of it."""
    micro_batch, assumed = micro_batch_of(row, choice)
    if not row["vocab"] and "vocabulary" not in choice:
        assumed.append(f"vocabulary {VOCABULARY} (not stated)")
    training = {"global_batch": whole(row, "global_batch"), "micro_batch": micro_batch,
                "sequence_length": whole(row, "seq_len"), "precision": precision_of(row["precision"]),
                "optimizer": "lamb" if "LAMB" in row["id"] else "adam"}
    training.update(choice.get("training", {}))
    if "PURE" in row["precision"]:
        training["gradient_reduction"] = training["precision"]
    return training, assumed


def llm_case(row):
    family = row["id"].split("_")[0]
    choice = reading_of(row)
    stack, techniques = techniques_of(row, family, choice)
    tensor = whole(row, "tp", 1)
    sharding, assumed = sharding_of(row, choice)
    recompute = recompute_of(row["recompute"]) or choice.get("recompute")
    if recompute is None:
        assumed.append("no recomputation")
    sequence = row["sequence_parallel"] == "yes" or (choice.get("sequence", False) and unstated(row["sequence_parallel"]))
    pipeline = whole(row, "pp", 1)
    parallel = {"tensor": tensor, "sequence": sequence and tensor > 1, "pipeline": pipeline, "virtual_stages": interleave_of(row),
                "data": data_of(row), **sharding, "recompute": recompute or "none", **pipeline_of(row),
                **(stages_of(row, choice)[0] if pipeline > 1 else {})}
    cluster, more = cluster_of(row["gpu"], whole(row, "gpus"), whole(row, "gpus_per_node", 8), row["interconnect"])
    training, open_cells = training_of(row, choice)
    case = {"id": row["id"], "model": model_of(row, choice), "cluster": cluster, "training": training, "parallel": parallel,
            "stack": stack}
    if techniques:
        case["techniques"] = techniques
    if "variation" in choice:
        case["variation"] = choice["variation"]
    case["measured"] = measured_of(row, family, choice, assumed + more + open_cells)
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
