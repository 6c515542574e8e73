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


def ask(program, command, scenario, settings=()):
    command = [program, command, str(FOLDER / scenario), "--format", "json", "--quiet"]
    for key, value in settings:
        command += ["--set", f"{key}={value}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def split(program, scenario, settings=()):
    return ask(program, "split", scenario, settings)


def run(program, scenario, settings=()):
    return ask(program, "run", scenario, settings)


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


def by_batch(program):
    """The same question at fewer samples a GPU."""
    for model in [MODELS[0][0], MODELS[1][0], "xlm-roberta-large-ViT-H-14"]:
        for samples in [4, 16, 64, 128]:
            report = split(program, "split-clip-l14-336-a100x64.yaml",
                           [("model", model), ("training.global_batch", samples * 64), ("training.micro_batch", samples),
                            ("training.image_size", 336 if model.endswith("336") else 224), ("parallel.zero", 1)])
            best = report["best_disjoint"]
            together = report["placements"][0]
            yield (model.split("/")[-1], samples, f"{best['vision_gpus']} + {best['text_gpus']}",
                   f"{1e3 * together['step_time_s']:.0f}", f"{1e3 * together['exposed_reduction_s']:.0f}",
                   f"{1e3 * best['step_time_s']:.0f}", f"{1e3 * best['exposed_reduction_s']:.0f}",
                   percent(best["step_time_s"], together["step_time_s"]))


def as_one(program):
    """What plans that treat both towers as one model cost against the best split: the baselines of DistMM's gains."""
    scenario = "split-xlmr-h14-a800x32.yaml"
    for model, stages in [("xlm-roberta-large-ViT-H-14", 4), ("nllb-clip-large-siglip", None), ("ViT-bigG-14", 4),
                          ("EVA02-CLIP-bigE-14-plus", 4)]:
        report = split(program, scenario, [("model", model)])
        best = min(report["placements"][0]["step_time_s"], report["best_disjoint"]["step_time_s"])
        tensor = split(program, scenario, [("model", model), ("parallel.tensor", 4)])["placements"][0]
        cells = [model, f"{report['work_ratio']:.2f}", f"{1e3 * report['best_disjoint']['step_time_s']:.0f}",
                 times(report["placements"][0]["step_time_s"], best), times(tensor["step_time_s"], best)]
        for schedule in ["gpipe", "1f1b"]:
            if stages is None:
                cells.append("layers do not divide")
                continue
            plan = [("model", model), ("parallel.pipeline", stages), ("parallel.schedule", schedule)]
            if schedule == "gpipe":
                plan.append(("parallel.recompute", "full"))
            result = run(program, scenario, plan)
            fits = "" if result["memory"]["fits"] else ", does not fit"
            cells.append(times(result["iteration_time_s"], best) + fits)
        yield cells


def times(slow, fast):
    return f"{slow / fast:.2f} x"


def small_clusters(program):
    """8, 16 and 32 A800 as in Spindle's evaluation, towers of equal work and a text tower that is heavier."""
    for model in ["xlm-roberta-large-ViT-H-14", "ViT-L-14"]:
        for samples in [4, 16, 64]:
            gains = []
            for count in [8, 16, 32]:
                report = split(program, "split-xlmr-h14-a800x32.yaml",
                               [("model", model), ("cluster.gpus", count), ("training.global_batch", samples * count),
                                ("training.micro_batch", samples)])
                gains.append(times(report["placements"][0]["step_time_s"], report["best_disjoint"]["step_time_s"]))
            yield [model, samples] + gains


CAUSES = [("ideal at peak", ["ideal_at_peak", "uneven_stages"]), ("kernels below peak", ["kernel_inefficiency"]),
          ("memory-bound kernels", ["compute_memory_bound"]), ("second forward", ["compute_recompute"]),
          ("optimizer", ["optimizer"]), ("gradients in the open", ["exposed_data_communication"]),
          ("embeddings", ["exposed_embedding_exchange"]), ("slowed by transfers", ["slowed_by_communication"]),
          ("rest", ["data_loading", "host_launch", "bubble"])]


def published_runs():
    """Case, what it changes of the scenario of H/14, published samples/s of the job, and where that is printed."""
    laion = "clip-h14-laion-a100x824.yaml"
    nemo = {"model": "ViT-g-14", "stack": "megatron-lm-2023-01", "parallel.recompute": "none", "parallel.zero": 1,
            "training.micro_batch": 32}
    yield "H/14, 824 A100, bf16", laion, {}, 34608
    yield "g/14, 800 A100, fp16", laion, {"model": "ViT-g-14", "cluster.gpus": 800, "training.global_batch": 32000,
                                          "training.micro_batch": 40, "training.precision": "fp16"}, 16000
    yield "bigG/14, 512 A100, half of the patches dropped", laion, {
        "model": "ViT-bigG-14", "cluster.gpu": "a100-sxm4-80gb", "cluster.gpus": 512, "training.global_batch": 159744,
        "training.micro_batch": 312, "training.patch_dropout": 0.5}, 24012.8
    for count, rate in [(8, 559), (32, 2190), (128, 8633)]:
        cluster = f"{{gpu: a100-sxm4-80gb, gpus: {count}, gpus_per_node: 8, network: ib-8x200g}}"
        yield f"NeMo g/14, {count} A100", laion, {**nemo, "cluster": cluster, "training.global_batch": 32 * count}, rate
    for count, rate in [(8, 935), (16, 1795)]:
        cluster = f"{{gpu: h100-sxm5-80gb, gpus: {count}, gpus_per_node: 8, network: ib-8x400g}}"
        yield f"NeMo g/14, {count} H100", laion, {**nemo, "cluster": cluster, "training.global_batch": 32 * count}, rate


def causes(program):
    for name, scenario, settings, rate in published_runs():
        result = run(program, scenario, list(settings.items()))
        step = result["iteration_time_s"]
        measured = result["mfu"] * rate / result["samples_per_s"]
        shares = [100 * sum(result["waterfall_s"].get(part, 0) for part in parts) / step for _, parts in CAUSES]
        yield [name, f"{100 * measured:.1f}", f"{100 * result['mfu']:.1f}"] + [f"{share:.1f}" for share in shares]


def fabrics(program):
    """All-reduce of as many fp32 gradients as convnext_xxlarge has, overlap off, on the two fabrics that trained it."""
    vision = ("{layers: 22, hidden_size: 1664, heads: 16, mlp_size: 8192, image_size: 224, patch_size: 14}")
    text = "{layers: 24, hidden_size: 1024, heads: 16, mlp_size: 4096, vocabulary: 49408, context_length: 77}"
    results = []
    for nodes, network in [(8, "efa-400g"), (4, "hdr200-4x")]:
        result = run(program, "clip-h14-laion-a100x824.yaml",
                     [("model", f"{{kind: clip, projection: 1024, vision: {vision}, text: {text}}}"),
                      ("cluster", f"{{gpu: a100-sxm4-40gb, gpus: 1024, gpus_per_node: {nodes}, network: {network}}}"),
                      ("training.global_batch", 81920), ("training.micro_batch", 80), ("techniques.dp_overlap", "false")])
        results.append((sum(tower["parameters"] for tower in result["towers"]),
                        result["breakdown_s"]["exposed_data_communication"]))
    return results


def workload(program):
    report = split(program, "split-clip-l14-resolution-a100x64.yaml")
    body = [(policy["policy"], f"{policy['total_s'] / 3600:.2f}", policy["reallocations"]) for policy in report["policies"]]
    pays = [phase["break_even_iterations"] for phase in report["phases"] if phase["break_even_iterations"] > 0]
    return table(["policy", "hours", "reallocations"], body), report, pays


def spread(report):
    """Percent between the worst and the best policy."""
    totals = [policy["total_s"] for policy in report["policies"]]
    return 100 * (max(totals) / min(totals) - 1)


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
    schedule, phased, pays = workload(program)
    drawn_policies, drawn = mixed(program)
    batches = list(by_batch(program))
    (parameters, over_efa), (_, over_hdr) = fabrics(program)
    slow = list(causes(program))
    utilisation = {row[0]: (float(row[1]), float(row[2])) for row in slow}
    reduction = 3 + [name for name, _ in CAUSES].index("gradients in the open")
    of_g14 = next(row[reduction] for row in slow if row[0].startswith("g/14"))
    unexplained = {name: 100 * (1 - published / predicted) for name, (published, predicted) in utilisation.items()}
    bigg = next(share for name, share in unexplained.items() if name.startswith("bigG"))
    loss = [100 * (1 - utilisation["NeMo g/14, 128 A100"][i] / utilisation["NeMo g/14, 8 A100"][i]) for i in (0, 1)]
    text = f"""# How many GPUs for images, how many for texts?

Written by `scenarios/write_allocation.py` from runs of `mfusim split`; nothing here was measured on a GPU.

**The idea.** The two towers of a CLIP model work side by side and their inputs vary: large images load the vision tower, long texts
the text tower. Should each tower get GPUs of its own, as many as its inputs ask for, and new ones whenever the inputs change?

**The answer.** Not by default. If every kernel ran at the same efficiency, towers that take turns on all GPUs would be exactly as fast as the
ideal split, and a split can only lose: GPUs come whole. What a split can win back is larger batches a GPU, smaller gradient
reductions side by side, and memory. At 128 pairs a GPU the split is ahead by more than 1 % in {ahead} of {len(measured)} cases, where many GPUs leave
the gradients' reduction and the gather of the weights in the open; its best is {largest[6]} ({largest[0]} on {largest[2]} {largest[1]}).
With few pairs a GPU it is another matter: see the second table. Reallocating at every iteration pays in none of them.

**What to do.**

* 64 pairs a GPU or more and a vision tower that does nearly all of the work (L/14 at 336 pixels, EVA02-bigE): keep both towers on every GPU.
* A text tower with a seventh of the work or more (H/14, multilingual text towers), and at least a few nodes: ask `mfusim split`; it gains
  where the gradients' reduction is in the open. First try what hides it: larger batches a GPU, 16-bit gradients, a faster network.
* Few pairs a GPU (16 or less): split, with each tower on as few nodes as it fills.
* Inputs that change: one split for the mean. Choose it anew where the inputs drift (a new resolution, a new text length), not from
  iteration to iteration.

Absolute step times of CLIP runs are less certain than these differences (docs/validation.md); much of that error is common to two
plans of one model. Take a gain below 1 % as none.

128 pairs a GPU, ZeRO-1, eager PyTorch; where a plan does not fit it recomputes fully, then takes larger tensor groups, then two passes or more.
Split: vision + text GPUs. Integer loss: what whole GPUs cost at equal efficiency.

{table(["model", "GPU", "GPUs", "best split", "colocated ms", "split ms", "change", "integer loss", "fits"], measured)}

**The batch a GPU decides.** The same question on 64 A100 at fewer pairs a GPU. "In the open": exposed reduction of gradients and gather of
weights on the critical GPU, ms. Texts of 77 tokens.

{table(["model", "pairs a GPU", "best split", "colocated ms", "in the open", "split ms", "in the open", "change"], batches)}

The state to reduce and to update does not shrink with the batch, the work does. A tower of its own has a part of the parameters, its group is
smaller, and a text tower that fits into one node reduces over NVLink alone.

**Texts that are heavy.** "Give nearly everything to vision" is no rule. {nllb["model"]} has {nllb["work_ratio"]:.2f} times as much work in its
vision tower as in its text tower; on 64 A100: {nllb["recommendation"]}

**Inputs that change.** A global batch averages over its samples: with a coefficient of variation of 0.6 a sample, the work of a batch
of B varies by 0.6 / sqrt(B), 5 % at 128 samples and 0.3 % at 32 768. Reallocating at every iteration chases noise, and each
reallocation stops the job. What does pay is a reallocation where the inputs drift: at a change of resolution, of text length, of patch
dropout. L/14 trained at 224 pixels on 64 A100, its last epoch at 336:

{schedule}

{phased["answer"]} Coming from the static split, the reallocation pays after {", ".join(str(p) for p in pays) or "no"} iterations at the new size.
All policies lie within {spread(phased):.1f} % of each other, so here the plainest, both towers on every GPU, loses next to nothing either.
"Rebalancing by micro-batch only" leaves every GPU at its tower and lets each tower take its share of the batch in one pass, or in 2, 4 or 8. More than
one costs a second forward pass, so it wins only where one pass would have to recompute; it cannot give one tower's idle time to the other.

**Samples that differ.** Half of the images at 224 pixels, 0.3 at 280 and 0.2 at 336; texts of 16, 32 and 77 tokens (0.4, 0.4, 0.2): an example, no
data set. The work of such a sample has a coefficient of variation of {drawn["drawn"]["sample_variation"]:.2f}, so that of a batch of 8192 varies by
{drawn["noise_percent"]:.2f} %; {drawn["drawn"]["iterations"]} drawn batches vary by {drawn["drawn"]["deviation_percent"]:.2f} %. L/14 on 64 A100, best split {drawn["static_vision_gpus"]} + {drawn["static_text_gpus"]}:

{drawn_policies}

The policies lie within {spread(drawn):.1f} % of each other. A mixed batch costs each tower the time of its sizes by their shares, and the slower tower is waited for. "Every k iterations" knows
the inputs to come, so its steps are a lower bound; it moves even where the move costs more than it saves.

**Did somebody do it?** DistMM (NSDI 2024) gives each tower its own devices and parallelism, Spindle (ASPLOS 2025) plans device groups by
the rule that all finish together, DistTrain (SIGCOMM 2025) splits encoder, language model and generator, Optimus (ATC 2025) does the
opposite and fills one tower's bubbles with the other, Entrain (2026) measures that one static split suffices at global-batch scale.

DistMM reports 1.32 to 3.27 times the speed of Megatron-LM that "treats the model as one entity", on models of 1.1 to 26 billion parameters. Their
batches and plans are not public in full, so only the kind of baseline can be expressed: one plan for both towers. On 32 A800, 128 pairs a GPU,
by how much each such plan is slower than the better of the best split and colocated data parallelism (texts as long as the models take them):

{table(["pair", "vision : text", "best split ms", "colocated data parallelism", "tensor 4 for both", "pipeline of 4 for both, gpipe, full recomputation", "the same, 1f1b behind cached features"], list(as_one(program)))}

So gains of DistMM's size are what one tensor size or one pipeline for all costs, and plain data parallelism has them too, where it fits. Not
comparable: their models and batches, the GPUs that they ran on, and DistMM-Pipe's two batches in flight, which are not modelled.

Spindle reports up to 1.37, 1.33 and 1.71 times the best baseline on 8, 16 and 32 A800 for Multitask-CLIP, and up to 1.20 for DistMM's planner on
the same tasks, none where one modality dominates. Its baselines run each part on all GPUs, one after the other, as colocated towers do.
Its tasks (several pairs of modalities at a time) are not modelled; two towers are. Speed of the best split in multiples of colocated towers:

{table(["pair", "pairs a GPU", "8 A800", "16 A800", "32 A800"], list(small_clusters(program)))}

The order of magnitude agrees at small batches with towers of like size, and there is little or no gain where one tower dominates and the batch is
large. The figures are not a reproduction.

**Why published CLIP runs are slow.** Predicted shares of the step in percent, colocated on every GPU as published; MFU as published (from the printed
samples/s) and as predicted. LAION's runs: EFA of 50 GB/s a node, full recomputation. NeMo's page does not print the local batch: 32 is assumed
here, with the software of its year.

{table(["run", "MFU published", "MFU predicted"] + [name for name, _ in CAUSES], slow)}

H/14 and g/14 lose to the reduction of fp32 gradients over a slow network with 96 and 40 pairs a GPU ({of_g14} % of g/14's step), and to the kernels that
it slows, then to the second forward pass of recomputation and to eager kernels below the peak. bigG, at 312 pairs a GPU, hides the reduction; what is
left is recomputation and kernels, and {bigg:.0f} % of its measured step are not explained. NeMo's runs recompute nothing and have a fast network; they
lose to kernels, to gradients that software does not overlap, and to a fixed host time a step ("rest"), which weighs more the faster the GPU. From 8 to
128 A100 they lose {loss[0]:.1f} % of their MFU as measured and {loss[1]:.1f} % as predicted. On 8 H100 {unexplained["NeMo g/14, 8 H100"]:.0f} % of the measured step are not explained: software that
did not yet suit the GPU is a likely cause, and nothing in the published configuration says so.

**Two fabrics.** LAION's ConvNeXt-XXLarge (1 200.58 M parameters) took 2.133 s a step on 1024 A100 with EFA (8 a node, 50 GB/s) and 1.702 s on
1024 A100 of JUWELS Booster (4 a node, 100 GB/s), 80 pairs a GPU on both: 0.431 s apart. Convolutions are not modelled, but the reduction of the
gradients depends on their number alone: {1e-6 * parameters:.1f} M fp32 gradients all-reduced behind the backward pass take
{1e3 * over_efa:.0f} ms on EFA and {1e3 * over_hdr:.0f} ms on JUWELS. If none of it were hidden, that would be {1e3 * (over_efa - over_hdr):.0f} ms
of the 431 ms; the rest is not explained by the gradients' arithmetic (the runs also differ in nodes, GPUs a node and the input path).

**Not modelled here**: two batches in flight, ranks of one tower that drew unequal samples (the loader deals each size evenly), several tasks at a
time, and how swing GPUs share memory. Pipelines inside a tower are modelled (docs/plans.md) but not searched: no pair here needs one to fit.
"""
    page.write_text(text)


if __name__ == "__main__":
    main()
