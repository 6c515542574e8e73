#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes sim/residuals.yaml: `mfusim validate --format json | scenarios/published/write_residuals.py`; then build again.

The table stands behind the range of every prediction; write it anew whenever predictions or published runs change.
"""

import json
import math
import pathlib
import sys

TABLE = pathlib.Path(__file__).parents[2] / "sim" / "residuals.yaml"

HEAD = """# What validation left over: ln(measured / predicted) of the step time of each published run, by family and kind of run.
# Written by scenarios/published/write_residuals.py from `mfusim validate --format json`; sim/residuals.hpp says what it is for.
groups:"""

KEYS = ("objective", "generation", "reach", "plan")


def main():
    groups = {}
    for row in json.load(sys.stdin)["rows"]:
        if "error_percent" not in row:
            continue
        key = (row["family"], *(row["situation"][name] for name in KEYS))
        groups.setdefault(key, []).append(math.log(row["measured"] / row["predicted"]))
    if not groups:
        sys.exit("write_residuals.py: no row with a predicted and a measured time; the table stays as it is")
    lines = [HEAD]
    for (family, *situation), values in sorted(groups.items()):
        lines.append(f"  - family: {family}")
        lines += [f"    {name}: {value}" for name, value in zip(KEYS, situation)]
        lines.append("    log_ratios: [" + ", ".join(f"{value:.3f}" for value in sorted(values)) + "]")
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
