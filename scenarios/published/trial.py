# SPDX-License-Identifier: Apache-2.0
"""Cases are tried with the program: it alone knows all rules of a plan, and whether a plan fits its GPUs.

What it refuses is not expressed. A published run fitted: where its recomputation is not stated and the plan without is too large, the
least that fits is taken. No predicted time is looked at.
"""

import collections
import copy
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from family_files import family_text

MARGIN = 1.1  # a plan is too large by more than predicted memory may be off: nine in ten published runs are within a tenth
BUILT = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "mfusim"


def program_of(wanted):
    """Path of the program that tries cases: the wanted one, else what is built here or installed; None where there is none."""
    return wanted or (str(BUILT) if BUILT.exists() else shutil.which("mfusim"))


def answers_in(program, path, more=()):
    """Case -> its row of the answer; None where the program gives none at all."""
    done = subprocess.run([program, "validate", str(path), "--format", "json", "--quiet", *more], capture_output=True, text=True)
    if done.returncode not in (0, 2) or not done.stdout.strip():
        return None
    return {row["id"]: row for row in json.loads(done.stdout)["rows"]}


def answers_of(program, cases):
    """Case -> its row of the answer, with a `failure` where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "tried.yaml"
        path.write_text(family_text("tried", cases), encoding="utf-8")
        answers = answers_in(program, path)
        if answers is not None:
            return answers
        answers = {}
        for case in cases:  # one case brings the program down: each by itself
            answers.update(answers_in(program, path, ("--case", case["id"])) or {case["id"]: {"failure": "the program gives no answer"}})
        return answers


def plain_reason(failure):
    """The rule and its values, without the places in a file that is not kept."""
    return re.sub(r"^(\S*\.yaml:\d+: )?cases\.\S+: |\S*\.yaml:\d+: ", "", failure).split("\n")[0]


def too_large(case, answer):
    """Whether a plan needs more than its GPU has, by more than the margin. A GPU's name ends in its GiB, as -80gb."""
    size = re.search(r"-(\d+)gb", case["cluster"]["gpu"])
    return bool(size) and answer.get("predicted_memory_bytes", 0) > MARGIN * int(size[1]) * 2**30


def recomputed(case, amount):
    """The case with so much recomputation, and the reason."""
    changed = copy.deepcopy(case)
    changed["parallel"]["recompute"] = amount
    said = [part for part in case["measured"].get("assumed", "").split("; ") if part and part != "no recomputation"]
    changed["measured"]["assumed"] = "; ".join(said + [f"recomputation {amount} (not stated; without, the plan is too large for its GPUs)"])
    return changed


def fitting(program, cases, answers):
    """The cases, those with open recomputation and too little memory with the least that fits, if any does."""
    chosen = {case["id"]: case for case in cases}
    for amount in ("full", "selective"):  # the lesser, where it fits, is taken last
        tight = [recomputed(case, amount) for case in cases
                 if case.get("recompute_open") and case["parallel"]["recompute"] == "none" and too_large(case, answers[case["id"]])]
        again = answers_of(program, tight) if tight else {}
        chosen.update({case["id"]: case for case in tight if "failure" not in again[case["id"]] and not too_large(case, again[case["id"]])})
    return list(chosen.values())


def tried(program, families):
    """The families without the cases that the program refuses, and (id, source, reason) of those."""
    kept, refused = collections.defaultdict(list), []
    for family, cases in families.items():
        answers = answers_of(program, cases)
        for case in fitting(program, cases, answers):
            if "failure" in answers[case["id"]]:
                reason = plain_reason(answers[case["id"]]["failure"])
                refused.append((case["id"], case["measured"]["source"].split("; time ")[0], reason))
            else:
                kept[family].append(case)
    return kept, refused
