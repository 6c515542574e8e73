#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/validation.md: `mfusim validate --format json | write_validation.py > docs/validation.md`, from the root.

The figures come from standard input, the words about each family from families.json, the rows that are left out from not_expressed.csv.
"""

import collections
import csv
import itertools
import json
import pathlib
import sys

NEAR = 2  # percent: about what neighbouring runs of these sources scatter by
HERE = pathlib.Path(__file__).parent

INTRODUCTION = """# Validation: predicted against published

Written by `mfusim validate --format json | scenarios/published/write_validation.py > docs/validation.md`; change the scenarios or
`families.json` there, not this page.

**This is consistency, not skill.** The constants of GPUs, networks and software stacks were chosen with these very rows in view,
and so were the readings of what the sources leave open. A run that nobody calibrated on will be predicted worse. No constant
belongs to a row.

Errors are 100 (predicted / measured - 1) of the step time. `mean` is the mean absolute error, `worst` the largest, `bias` the mean
error, `tau` Kendall's tau-b between predicted and measured times of the family. MFU errors are in points, where the source counts
as we do (layers, full attention, logits, no recomputation). Memory errors compare the peak of the fullest GPU. `too large` are
runs whose predicted memory does not fit the GPU that they ran on.
"""


def cell(value, digits=1, sign=""):
    return "" if value is None else f"{value:{sign}.{digits}f}"


def families_table(report):
    lines = ["| family | split | cases | failed | mean % | worst % | bias % | tau | MFU, points | memory % | too large |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for family in report["families"]:
        time, mfu, memory = (family.get(key, {}) for key in ("time_error_percent", "mfu_error_points", "memory_error_percent"))
        lines.append("| " + " | ".join([
            family["family"], family["split"], str(family["cases"]), str(family["failed"]), cell(time.get("mean_absolute")),
            cell(time.get("worst_absolute")), cell(time.get("bias"), 1, "+"), cell(family.get("kendall_tau"), 2),
            cell(mfu.get("mean_absolute")), cell(memory.get("mean_absolute")), str(family["too_large"])]) + " |")
    return lines


def splits_text(report):
    lines = []
    for split in report["splits"]:
        if not split["families"]:
            continue
        lines.append(
            f"Split `{split['split']}`, each of {split['families']} families counted once ({split['cases']} cases, "
            f"{split['failed']} failed): mean absolute error of the step time {split['mean_absolute_percent']:.1f} %, "
            f"bias {split['bias_percent']:+.1f} %, worst family {split['worst_family']} ({split['worst_family_percent']:.1f} %), "
            f"tau {cell(split.get('kendall_tau'), 2)}, MFU {cell(split.get('mfu_points'))} points, "
            f"memory {cell(split.get('memory_percent'))} %.")
        if "range_coverage" in split:
            lines += ["", f"Ranges: {100 * split['range_coverage']:.0f} % of the rows lie inside the range that is made without "
                      "their own family (sim/residuals.hpp)."]
    return lines


def pairs_of(rows):
    """Pairs of a family's rows with two different times each: (apart in percent of the shorter measured time, in the right order)."""
    for one, other in itertools.combinations(rows, 2):
        measured, predicted = one["measured"] - other["measured"], one["predicted"] - other["predicted"]
        if measured != 0 and predicted != 0:
            yield 100 * abs(measured) / min(one["measured"], other["measured"]), (measured > 0) == (predicted > 0)


def pairs_table(report, timed):
    lines = ["| family | pairs | in the wrong order | of these less than 2 % apart | tau of the pairs that are 2 % apart or more |",
             "|---|---|---|---|---|"]
    for family in report["families"]:
        pairs = list(pairs_of([row for row in timed if row["family"] == family["family"]]))
        wrong = [apart for apart, right in pairs if not right]
        far = [1 if right else -1 for apart, right in pairs if apart >= NEAR]
        if wrong:
            lines.append(f"| {family['family']} | {len(pairs)} | {len(wrong)} | {sum(apart < NEAR for apart in wrong)} | "
                         f"{sum(far) / len(far):.2f} |")
    return lines


def rows_table(rows):
    lines = ["| case | predicted s | measured s | error % |", "|---|---|---|---|"]
    lines += [f"| {row['id']} | {row['predicted']:.4g} | {row['measured']:.4g} | {row['error_percent']:+.1f} |" for row in rows]
    return lines


def by_reason(rows):
    reasons = collections.OrderedDict()
    for row in rows:
        for reason in row["reason"].split("; "):
            reasons.setdefault(reason.split(":")[0], []).append(row["id"])
    lines = ["| what is missing | rows | which |", "|---|---|---|"]
    for reason, ids in sorted(reasons.items(), key=lambda item: -len(item[1])):
        lines.append(f"| {reason} | {len(ids)} | {', '.join(ids)} |")
    return lines


def main():
    report = json.load(sys.stdin)
    words = json.loads((HERE / "families.json").read_text(encoding="utf-8"))
    with open(HERE / "not_expressed.csv", newline="", encoding="utf-8") as file:
        left_out = list(csv.DictReader(file))
    timed = [row for row in report["rows"] if "error_percent" in row]
    worst = sorted(timed, key=lambda row: -abs(row["error_percent"]))
    lines = [INTRODUCTION, *families_table(report), "", *splits_text(report), "", "## The ten worst rows", "", *rows_table(worst[:10])]
    two_towers = {row["family"] for row in timed if row["id"].startswith(("CH-", "LAION-", "OC-"))}
    language = [family["time_error_percent"]["mean_absolute"] for family in report["families"]
                if family["family"] not in two_towers and "time_error_percent" in family]
    if language:
        lines.insert(lines.index("## The ten worst rows"), f"The {len(language)} families of language models alone: mean absolute "
                     f"error {sum(language) / len(language):.1f} %, worst family {max(language):.1f} %.\n")
    lines += ["", "Without the two-tower families, whose common causes are told below:", "",
              *rows_table([row for row in worst if row["family"] not in two_towers][:10])]
    lines += ["", "## Pairs in the wrong order", "",
              "`tau` counts pairs of rows whose predicted times are in the order of the measured ones. Pairs that were measured less than "
              f"{NEAR} % apart are as near as neighbouring runs of one source scatter, so that their order says little. Families without "
              "a wrong pair are left out.", "", *pairs_table(report, timed)]
    lines += ["", "## What is likely missing, by family", "",
              "These are readings of the residuals, not proofs; where a figure is given, it is one of the tables or a rerun with "
              "the setting named.", ""]
    lines += [f"- **{family['family']}**: {words.get(family['family'], 'not looked at yet.')}" for family in report["families"]]
    failed = [row for row in report["rows"] if "failure" in row]
    lines += ["", "## Cases that did not run", "", *([f"- {row['id']}: {row['failure']}" for row in failed] or ["None."])]
    lines += ["", "## Published rows that no scenario can express", "",
              f"{len(left_out)} rows; a row may lack more than one thing.", "", *by_reason(left_out)]
    lines += ["", "## Every row", "", "The file of a family names the source of each of its rows, what that leaves open and what is assumed.", ""]
    for family in report["families"]:
        lines += [f"### [{family['family']}](../scenarios/published/{family['family']}.yaml)", "", *rows_table([row for row in timed if row["family"] == family["family"]]), ""]
    print("\n".join(lines).rstrip())


if __name__ == "__main__":
    main()
