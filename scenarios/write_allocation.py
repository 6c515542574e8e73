#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/gpu-allocation.md from runs of `mfusim split`.

    scenarios/write_allocation.py build/release/bin/mfusim docs/gpu-allocation.md
"""

import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parent
MODELS = [("openai/clip-vit-large-patch14-336", 128), ("laion/CLIP-ViT-H-14-laion2B-s32B-b79K", 128),
          ("EVA02-CLIP-bigE-14", 128)]
CLUSTERS = [("a100-sxm4-80gb", "ib-8x200g"), ("h800-sxm5-80gb", "ib-8x400g")]
COUNTS = [8, 64, 256, 1024]


def split(program, scenario, settings=()):
    command = [program, "split", str(FOLDER / scenario), "--format", "json", "--quiet"]
    for key, value in settings:
        command += ["--set", f"{key}={value}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def percent(new, old):
    return f"{100 * (new / old - 1):+.1f} %"


def rows(program):
    for model, samples in MODELS:
        for gpu, network in CLUSTERS:
            for count in COUNTS:
                report = split(program, "split-clip-l14-336-a100x64.yaml",
                               [("model", model), ("cluster.gpu", gpu), ("cluster.network", network), ("cluster.gpus", count),
                                ("training.global_batch", samples * count), ("training.micro_batch", samples),
                                ("training.image_size", 336 if model.endswith("336") else 224), ("parallel.zero", 1)])
                best = report["best_disjoint"]
                together = report["placements"][0]
                yield (model.split("/")[-1], gpu.split("-")[0].upper(), count, f"{best['vision_gpus']} + {best['text_gpus']}",
                       f"{1e3 * together['step_time_s']:.0f}", f"{1e3 * best['step_time_s']:.0f}",
                       percent(best["step_time_s"], together["step_time_s"]), f"{100 * best['integer_loss']:.1f} %",
                       "yes" if best["fits"] and together["fits"] else "no")


def table(head, body):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in body]
    return "\n".join(lines)


def workload(program):
    report = split(program, "split-clip-l14-resolution-a100x64.yaml")
    body = [(policy["policy"], f"{policy['total_s'] / 3600:.2f}", policy["reallocations"]) for policy in report["policies"]]
    pays = [phase["break_even_iterations"] for phase in report["phases"] if phase["break_even_iterations"] > 0]
    return table(["policy", "hours", "reallocations"], body), report["answer"], pays


def mixed(program):
    report = split(program, "split-clip-l14-mixed-sizes-a100x64.yaml")
    body = [(policy["policy"], f"{policy['total_s'] / 3600:.2f}", policy["reallocations"]) for policy in report["policies"]]
    return table(["policy", "hours", "reallocations"], body), report


def main():
    program, page = sys.argv[1], pathlib.Path(sys.argv[2])
    measured = list(rows(program))
    ahead = sum(float(row[6].split()[0]) < -1 for row in measured)
    largest = max(measured, key=lambda row: -float(row[6].split()[0]))
    nllb = split(program, "split-nllb-siglip-a100x64.yaml")
    schedule, sentence, pays = workload(program)
    drawn_policies, drawn = mixed(program)
    text = f"""# How many GPUs for images, how many for texts?

Written by `scenarios/write_allocation.py` from runs of `mfusim split`; nothing here was measured on a GPU.

**The idea.** The two towers of a CLIP model work side by side and their inputs vary: large images load the vision tower, long texts
the text tower. Should each tower get GPUs of its own, as many as its inputs ask for, and new ones whenever the inputs change?

**The answer.** Not by default. If every kernel ran at the same efficiency, towers that take turns on all GPUs would be exactly as fast as the
ideal split, and a split can only lose: GPUs come whole. What a split can win back is larger batches a GPU, smaller gradient
reductions side by side, and memory. Of the {len(measured)} cases below the split is ahead by more than 1 % in {ahead}, where many GPUs leave
the gradients' reduction and the gather of the weights in the open; its best is {largest[6]} ({largest[0]} on {largest[2]} {largest[1]}).
Absolute step times of CLIP runs are less certain than these differences (docs/validation.md); much of that error is common to two
plans of one model. Take a gain below 1 % as none.

128 pairs a GPU, ZeRO-1, eager PyTorch; where a plan does not fit it recomputes fully, then takes larger tensor groups.
Split: vision + text GPUs. Integer loss: what whole GPUs cost at equal efficiency.

{table(["model", "GPU", "GPUs", "best split", "colocated ms", "split ms", "change", "integer loss", "fits"], measured)}

**Texts that are heavy.** "Give nearly everything to vision" is no rule. {nllb["model"]} has {nllb["work_ratio"]:.2f} times as much work in its
vision tower as in its text tower; on 64 A100: {nllb["recommendation"]}

**Inputs that change.** A global batch averages over its samples: with a coefficient of variation of 0.6 a sample, the work of a batch
of B varies by 0.6 / sqrt(B), 5 % at 128 samples and 0.3 % at 32 768. Reallocating at every iteration chases noise, and each
reallocation stops the job. What does pay is a reallocation where the inputs drift: at a change of resolution, of text length, of patch
dropout. L/14 trained at 224 pixels on 64 A100, its last epoch at 336:

{schedule}

{sentence} Coming from the static split, the reallocation pays after {", ".join(str(p) for p in pays) or "no"} iterations at the new size.
"Rebalancing by micro-batch only" leaves every GPU at its tower and lets each tower take its share of the batch in one pass, or in 2, 4 or 8. More than
one costs a second forward pass, so it wins only where one pass would have to recompute; it cannot give one tower's idle time to the other.

**Samples that differ.** Half of the images at 224 pixels, 0.3 at 280 and 0.2 at 336; texts of 16, 32 and 77 tokens (0.4, 0.4, 0.2): an example, no
data set. The work of such a sample has a coefficient of variation of {drawn["drawn"]["sample_variation"]:.2f}, so that of a batch of 8192 varies by
{drawn["noise_percent"]:.2f} %; {drawn["drawn"]["iterations"]} drawn batches vary by {drawn["drawn"]["deviation_percent"]:.2f} %. L/14 on 64 A100, best split {drawn["static_vision_gpus"]} + {drawn["static_text_gpus"]}:

{drawn_policies}

A mixed batch costs each tower the time of its sizes by their shares, and the slower tower is waited for. "Every k iterations" knows
the inputs to come, so its steps are a lower bound; it moves even where the move costs more than it saves.

**Did somebody do it?** DistMM (NSDI 2024) gives each tower its own devices and parallelism, Spindle (ASPLOS 2025) plans device groups by
the rule that all finish together, DistTrain (SIGCOMM 2025) splits encoder, language model and generator, Optimus (ATC 2025) does the
opposite and fills one tower's bubbles with the other, Entrain (2026) measures that one static split suffices at global-batch scale. Their
gains, up to 1.3-3.3 times, are against baselines with pipelines or one tensor size for all towers, not against data parallelism.

**Not modelled here**: pipelines inside a tower, two batches in flight, ranks of one tower that drew unequal samples (the loader deals
each size evenly), and how swing GPUs share memory.
"""
    page.write_text(text)


if __name__ == "__main__":
    main()
