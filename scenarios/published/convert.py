#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns tables of published training runs into scenario files with a `measured:` block.

usage: convert.py [--llm TABLE.csv] [--clip TABLE.csv] [--output FOLDER] [--program MFUSIM]

Each row becomes a case of FOLDER/<family>.yaml, or a line of FOLDER/not_expressed.csv with the reason. README.md lists the columns.
Where mfusim is built, it tries each case (trial.py); what it refuses is not expressed either.
What a source leaves open is filled by READINGS, one entry a source, and written into `measured.assumed`. Nothing here depends on a time
that the simulator predicts: a reading is chosen for what the source or its software says, and says so.
"""

import argparse
import collections
import csv
import fnmatch
import pathlib
import re

from clip_rows import clip_case
from family_files import family_text
from machines import cluster_of
from plans import micro_batch_of, plan_of, sequence_of
from readings import ARCHITECTURES, CUT_COLLECTIVES, FSDP_STACKS, reading_of, techniques_of_cells
from trial import program_of, tried
from words import NotExpressed, cells, decimal, joined, mlp_of, open_type, precision_assumed, precision_of, said, unstated, whole, without_remark

# MFUs that count as the simulator does: layers, full attention (or its window), logits, no recomputation.
SAME_MFU = {"model_full", "megascale_swa"}
VOCABULARY = 51200  # GPT-2's, padded: assumption where a source does not say
VOCABULARY_MULTIPLE = 128  # --make-vocab-size-divisible-by, Megatron-LM's default
WINDOW = 1240  # 0.607 of the sequence: what MegaScale's own FLOP count implies
# MegaScale's table 3 adds one technique a row.
ABLATION = ["parallel_block", "sliding_window", "tp_overlap", "pp_overlap", "dp_overlap", "flash_attention", "shared_loader"]


def techniques_of(row, family, choice):
    """Stack and overrides, with tensor overlap only where sequence parallelism lets it be."""
    stack, techniques = (megascale_techniques if family == "megascale" else techniques_told)(row, choice)
    if whole(row, "tp", 1) > 1 and not sequence_of(row, choice) and stack.startswith(CUT_COLLECTIVES):
        techniques = {**techniques, "tp_overlap": False}
    return stack, techniques


def techniques_told(row, choice):
    """What the cells and the reading of a source say; TorchTitan's rows say where tensor parallelism overlaps."""
    cut = sequence_of(row, choice) and choice["stack"] in FSDP_STACKS and "async TP" in row["overlaps"]
    return choice["stack"], {**techniques_of_cells(row, choice["stack"]), **choice.get("techniques", {}),
                             **({"tp_overlap": True} if cut else {})}


def megascale_techniques(row, choice):
    """MegaScale's rows switch techniques one by one: table 3 adds one a row, the others have all or none."""
    step = re.search(r"_t3_(\d)_", row["id"])
    if step is None:
        if not said(row["ptb"]):
            return choice["stack"], {}
        stated = re.match(r"\d+", row["swa_window"])
        return "megascale", {"sliding_window": int(stated[0]) if stated else WINDOW} if stated or said(row["swa_window"]) else {}
    done = int(step.group(1)) - 1
    values = {"sliding_window": WINDOW, "flash_attention": 2}
    techniques = {name: values.get(name, True) for name in ABLATION[:done]}
    if done < 3:
        return choice["stack"], techniques
    # From the first overlap on the software is MegaScale's, with what is not switched on yet switched off.
    techniques.update({name: False for name in ABLATION[done:]})
    techniques["async_data"] = done >= 7
    return "megascale", techniques


def memory_of(row, choice):
    """Peak of a GPU and what it counts, where the cell holds one."""
    memory = None if "%" in row["memory_gb"] else decimal(row["memory_gb"])
    if memory is None:
        return {}
    unit = "GiB" if "GiB" in row["memory_gb"] else choice.get("memory_unit", "GB")  # FlagPerf's pages: "mem", in GiB
    return {"memory": f"{memory} {unit}", "memory_figure": choice.get("memory_figure", "device")}


def measured_of(row, family, choice, techniques, more_assumed):
    """The block `measured`."""
    assumed = list(choice["assumed"]) + more_assumed
    if techniques.get("sliding_window") == WINDOW:
        assumed.append(f"sliding window {WINDOW}, from the FLOP count of the source")
    if decimal(row["derived_iteration_time_s"]) is None:
        raise NotExpressed("no step time is published, nor one that follows from what is")
    measured = {"iteration_time": f"{joined(without_remark(row['derived_iteration_time_s'])).strip('~≈ s')} s"}
    if row["metric_def"] in SAME_MFU and decimal(row["mfu_percent"]) is not None:
        measured["mfu"] = round(decimal(row["mfu_percent"]) / 100, 6)
    measured.update(memory_of(row, choice))
    measured.update(source=f"{row['source'] or 'not stated'}; time {row['derivation'] or 'reported'}", family=family,
                    split=row["split"] or "unsorted", tier=row["tier"] or "B")
    if row["unstated"]:
        measured["unstated"] = row["unstated"]
    if assumed:
        measured["assumed"] = "; ".join(assumed)
    return measured


def vocabulary_of(row, choice):
    """Rows of the token table, and what is assumed of them."""
    size = whole(row, "vocab", choice.get("vocabulary", VOCABULARY))
    assumed = [f"vocabulary {VOCABULARY} (not stated)"] if unstated(row["vocab"]) and "vocabulary" not in choice else []
    tensor = whole(row, "tp", 1)
    if size % tensor == 0:
        return size, assumed
    padded = -(-size // (VOCABULARY_MULTIPLE * tensor)) * VOCABULARY_MULTIPLE * tensor
    return padded, assumed + [f"vocabulary {size} padded to {padded}, a multiple of {VOCABULARY_MULTIPLE} x tensor, as Megatron-LM does"]


def model_of(row, choice):
    """The decoder, and what is assumed of it."""
    heads = whole(row, "heads")
    mlp, assumed = mlp_of(row)
    vocabulary, more = vocabulary_of(row, choice)
    model = {"kind": "decoder", "layers": whole(row, "layers"), "hidden_size": whole(row, "hidden"), "heads": heads,
             "kv_heads": whole(row, "kv_heads", heads), "mlp_size": whole(row, "ffn", 4 * whole(row, "hidden")),
             "mlp": mlp, "vocabulary": vocabulary}
    for pattern, parts in ARCHITECTURES.items():
        model.update(parts if fnmatch.fnmatch(row["id"], pattern + "*") else {})
    return model, assumed + more


def training_of(row, choice):
    """The section `training`, and what is assumed of it."""
    micro_batch, assumed = micro_batch_of(row, choice)
    training = {"global_batch": whole(row, "global_batch"), "micro_batch": micro_batch,
                "sequence_length": whole(row, "seq_len"), "precision": precision_of(row["precision"], row["gpu"]),
                "optimizer": "lamb" if "LAMB" in row["id"] else "adam"}
    told = choice.get("training", {})
    training.update({key: value for key, value in told.items() if key != "precision" or open_type(row["precision"])})
    if "PURE" in row["precision"]:
        training["gradient_reduction"] = training["precision"]
    else_stated = "precision" in told or training["precision"] in choice["assumed"]
    return training, assumed + ([] if else_stated else precision_assumed(row["precision"], row["gpu"]))


def llm_case(row):
    """Family and case of a row."""
    row = cells(row)
    family = re.sub(r"[^\w.-]+", "-", row["id"].split("_")[0])
    choice = reading_of(row)
    stack, techniques = techniques_of(row, family, choice)
    parallel, assumed = plan_of(row, choice)
    node = [] if row["gpus_per_node"] else ["8 GPUs a node (not stated)"]
    cluster, of_cluster = cluster_of(row["gpu"], whole(row, "gpus"), whole(row, "gpus_per_node", 8), row["interconnect"])
    training, of_training = training_of(row, choice)
    model, of_model = model_of(row, choice)
    case = {"id": row["id"], "model": model, "cluster": cluster, "training": training, "parallel": parallel, "stack": stack}
    if techniques:
        case["techniques"] = techniques
    if "variation" in choice:
        case["variation"] = choice["variation"]
    case["recompute_open"] = "unstated" in row["recompute"] or unstated(row["recompute"])
    case["measured"] = measured_of(row, family, choice, techniques, assumed + node + of_cluster + of_training + of_model)
    return family, case


def convert(path, to_case, wanted, families, left_out):
    """Sorts the rows of a table into cases by family and rows that are left out, with the reason."""
    seen = set()
    with open(path, newline="", encoding="utf-8-sig") as table:
        for row in map(cells, csv.DictReader(table)):
            if not wanted(row):
                continue
            try:
                if row["id"] in seen or not row["id"]:
                    raise NotExpressed("another row has this id" if row["id"] else "the row has no id")
                seen.add(row["id"])
                family, case = to_case(row)
                families[family].append(case)
            except NotExpressed as reason:
                left_out.append((row["id"], row["source"], str(reason)))


def write(folder, families, left_out):
    """One file a family, and the rows that are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    for family, cases in families.items():
        (folder / f"{family}.yaml").write_text(family_text(family, cases), encoding="utf-8")
    with open(folder / "not_expressed.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "source", "reason"])
        writer.writerows(left_out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llm", help="table of language-model runs")
    parser.add_argument("--clip", help="table of two-tower runs")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--program", help="mfusim, which tries each case (default: the one built here, or installed)")
    arguments = parser.parse_args()
    families, left_out = collections.defaultdict(list), []
    try:
        if arguments.llm:
            convert(arguments.llm, llm_case, lambda row: row["tier"] in ("A", "B", ""), families, left_out)
        if arguments.clip:
            convert(arguments.clip, clip_case, lambda row: True, families, left_out)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        parser.error(f"a table cannot be read: {error}")
    program = program_of(arguments.program)
    if program:
        families, refused = tried(program, families)
        left_out += refused
    write(arguments.output, families, left_out)
    print(f"{sum(map(len, families.values()))} cases in {len(families)} families, {len(left_out)} rows not expressed"
          + ("" if program else "; not tried, as mfusim is not built here (--program)"))


if __name__ == "__main__":
    main()
