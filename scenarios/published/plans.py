# SPDX-License-Identifier: Apache-2.0
"""The plan of a language-model row: its pipeline, its sharding, its batch; and what contradicts itself."""

from readings import FSDP_STACKS
from words import (MEMORY_LIMITS, NotExpressed, recompute_of, recomputed_layers_of, said, schedule_of, unstated, whole, zero_of)

MICRO_BATCH_TOKENS = 16384  # without a pipeline, where a source does not say: assumption


def data_of(row):
    """Replicas: what the other dimensions of the plan leave, where the cell is empty."""
    others = whole(row, "tp", 1) * whole(row, "pp", 1) * whole(row, "cp", 1)
    gpus = whole(row, "gpus")
    data = whole(row, "dp", gpus // others or 1)
    if data * others != gpus:
        raise NotExpressed(f"the plan (tp x pp x cp = {others}, dp {data}) is not one of {gpus} GPUs")
    return data


def micro_batch_of(row, choice):
    """Sequences of a pass, and what is assumed: 1 in a pipeline, which wants many; otherwise as many as are common."""
    share, rest = divmod(whole(row, "global_batch"), data_of(row))
    if rest:
        raise NotExpressed(f"the global batch ({whole(row, 'global_batch')}) is not a multiple of the replicas ({data_of(row)})")
    if not unstated(row["micro_batch"]) or "micro_batch" in choice or "micro_batch 1" in choice["assumed"]:
        size, assumed = whole(row, "micro_batch", choice.get("micro_batch", 1)), []
    else:
        largest = max(1, MICRO_BATCH_TOKENS // whole(row, "seq_len"))
        fitting = [size for size in (8, 4, 2, 1) if size <= largest and share % size == 0]
        size = 1 if whole(row, "pp", 1) > 1 else fitting[0]
        assumed = [f"micro_batch {size} (not stated)"]
    if share % size:
        raise NotExpressed(f"the micro-batch ({size}) does not divide the batch of a replica ({share})")
    return size, assumed


def least_interleaving(row, choice):
    """The least number of chunks that cuts a stage evenly, 1 where there is none or the micro-batches do not go round."""
    layers, stages = whole(row, "layers"), whole(row, "pp", 1)
    micro_batches = whole(row, "global_batch") // data_of(row) // micro_batch_of(row, choice)[0]
    if micro_batches % stages:
        return 1
    stage = (layers + 2 if layers % stages and (layers + 2) % stages == 0 else layers) // stages  # ends may count as layers
    return next((chunks for chunks in range(2, stage + 1) if stage % chunks == 0), 1)


def interleave_of(row, choice):
    """Model chunks a stage: as the row says; ZB-V has two; an interleaved schedule the least that cuts a stage evenly."""
    if whole(row, "pp", 1) == 1:
        return 1
    schedule, stated = schedule_of(row["schedule"])[1], whole(row, "interleave", 1)
    if schedule == "zb-v":
        return 2 if stated == 1 else stated
    if schedule == "interleaved-1f1b" and unstated(row["interleave"]):
        return least_interleaving(row, choice)
    return stated


def pipeline_of(row, choice):
    """What a pipeline runs: its schedule and that schedule's limit; nothing without a pipeline."""
    stages, chunks = whole(row, "pp", 1), interleave_of(row, choice)
    words, schedule = schedule_of(row["schedule"])
    if stages == 1:
        return {}
    if schedule in (None, "1f1b", "interleaved-1f1b"):  # sources call both 1F1B
        schedule = "1f1b" if chunks == 1 else "interleaved-1f1b"
    if chunks != {"interleaved-1f1b": chunks, "zb-v": 2}.get(schedule, 1):
        raise NotExpressed(f"{schedule} with {chunks} pieces of a stage is not modelled")
    micro_batches = whole(row, "global_batch") // data_of(row) // micro_batch_of(row, choice)[0]
    if schedule == "interleaved-1f1b" and micro_batches % stages:
        raise NotExpressed(f"interleaving needs micro-batches in multiples of the stages ({stages}), got {micro_batches}")
    limit = {"memory_limit": MEMORY_LIMITS[words] * stages} if words in MEMORY_LIMITS else {}
    return {"schedule": schedule, **limit}


def stages_of(row, choice):
    """How the layers are cut where they do not divide: keys of `parallel`, and what is assumed."""
    layers, chunks = whole(row, "layers"), whole(row, "pp", 1) * interleave_of(row, choice)
    if layers % chunks == 0:
        return {}, []
    if (layers + 2) % chunks == 0:
        return ({"account_for_embedding": True, "account_for_loss": True},
                ["stages: embedding and logits take the place of a layer each" + (
                    " (stated)" if "one layer less" in row["notes"] else ", the convention for such numbers")])
    if chunks > layers:
        raise NotExpressed(f"there are more pieces of the pipeline ({chunks}) than layers ({layers})")
    share, longer = divmod(layers, chunks)
    if choice.get("full_stages") and layers > (share + 1) * (chunks - 1):  # as many layers as the fullest needs, the rest on the last
        return {"stages": [share + 1] * (chunks - 1) + [layers - (share + 1) * (chunks - 1)]}, []
    first = (chunks - longer) // 2
    inner = range(first, first + longer)
    return ({"stages": [share + (chunk in inner) for chunk in range(chunks)]},
            [f"stages: as even as {layers} layers over {chunks} go, the longer ones inside (not stated)"])


def sharding_of(row, choice):
    """ZeRO stage, FSDP's options, context parallelism; and what is assumed of them."""
    stage, fsdp, group = zero_of(row["zero_stage"])
    stage, ranks = choice["zero"] if stage is None else stage, data_of(row)
    sharding, assumed = {"zero": stage}, []
    if stage >= 2 and whole(row, "pp", 1) > 1:
        sharding["zero"] = 1
        assumed.append(f"ZeRO-{stage} inside a pipeline as ZeRO-1: weights gathered and gradients reduced once a step")
    elif stage == 3 or ((fsdp or choice["stack"] in FSDP_STACKS) and stage == 2):  # SHARD_GRAD_OP keeps parameters until backward only
        options = {**choice.get("fsdp", {}), **({"reshard_after_forward": False} if stage == 2 else {})}
        sharding.update({"zero": 3, **({"fsdp": options} if options else {})})
    if group is None:  # hybrid: the ranks of a node
        group = whole(row, "gpus_per_node", 8) // whole(row, "tp", 1)
        if group < 2 and stage > 0:
            raise NotExpressed("hybrid sharding, and the ranks of a group are not stated")
    group = group or choice.get("shard_group", 0)
    if sharding["zero"] > 0 and 0 < group < ranks:
        sharding["shard_group"] = group
    if whole(row, "cp", 1) > 1:
        sharding["context"] = whole(row, "cp")
    return sharding, assumed


def recomputation_of(row, choice):
    """What is recomputed: keys of `parallel`, and what is assumed."""
    stated = recompute_of(row["recompute"]) or choice.get("recompute")
    layers = recomputed_layers_of(row["recompute"])
    block = {"recompute_method": "block", "recompute_layers": layers} if layers else {}
    return {"recompute": stated or "none", **block}, [] if stated else ["no recomputation"]


def sequence_of(row, choice):
    """Whether sequence parallelism is on."""
    stated = said(row["sequence_parallel"])
    return whole(row, "tp", 1) > 1 and (choice.get("sequence", False) if stated is None else stated)


def open_schedule(row, choice):
    """What is assumed of the schedule and of the pieces of a stage, where the cells are empty."""
    assumed, chunks = [], interleave_of(row, choice)
    schedule = schedule_of(row["schedule"])[1]
    if schedule is None:
        assumed.append(f"schedule {pipeline_of(row, choice)['schedule']} (not stated)")
    if unstated(row["interleave"]) and schedule in (None, "1f1b", "interleaved-1f1b"):
        assumed.append("no interleaving" if chunks == 1 else f"{chunks} pieces of a stage, the fewest that cut it evenly (not stated)")
    return assumed


def plan_of(row, choice):
    """The section `parallel`, and what is assumed of it: of the cut and of the rest."""
    pipeline = whole(row, "pp", 1)
    sharding, assumed = sharding_of(row, choice)
    recomputation, more = recomputation_of(row, choice)
    cut, cut_assumed = stages_of(row, choice) if pipeline > 1 else ({}, [])
    if pipeline > 1:
        more = more + open_schedule(row, choice)
    return ({"tensor": whole(row, "tp", 1), "sequence": sequence_of(row, choice), "pipeline": pipeline,
             "virtual_stages": interleave_of(row, choice), "data": data_of(row), **sharding, **recomputation,
             **pipeline_of(row, choice), **cut}, cut_assumed + assumed + more)
