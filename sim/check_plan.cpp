// SPDX-License-Identifier: Apache-2.0
#include "sim/check_plan.hpp"

#include "hardware/gpu_model.hpp"
#include "model/input_shape.hpp"
#include "sim/check_towers.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/read_sharding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace mfusim {
namespace {

[[noreturn]] void fail_at(Reader& root, std::string_view section, std::string_view key, const std::string& rule) {
  if (std::optional<Reader> reader = root.child_if(section)) reader->fail(key, rule);
  root.fail(section, fmt::format("{}: {}", key, rule));
}

void check_tensor_split(Reader& root, const Scenario& scenario) {
  const int tensor = scenario.parallel.tensor;
  if (tensor == 1) return;
  for (const SplitSize& size : tensor_split_sizes(scenario.model)) {
    if (size.value % tensor != 0) {
      fail_at(root, "parallel", "tensor", fmt::format("{} does not divide model.{} ({})", tensor, size.name, size.value));
    }
  }
  const std::int64_t sequence = scenario.training.sequence_length.value_or(0);
  if (scenario.parallel.sequence && !is_contrastive(scenario.model) && sequence % tensor != 0) {
    fail_at(root, "parallel", "sequence",
            fmt::format("tensor ({}) does not divide training.sequence_length ({})", tensor, sequence));
  }
  if (scenario.parallel.sequence && is_contrastive(scenario.model)) {
    fail_at(root, "parallel", "sequence", "sequence parallelism inside two-tower models is not modelled yet");
  }
}

void check_pipeline(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (is_contrastive(scenario.model)) {
    if (scenario.parallel.rank_order != RankOrder::DataBeforePipeline)
      fail_at(root, "parallel", "rank_order", "of two-tower models is tensor, data, pipeline: tp-cp-dp-pp");
    if (!scenario.tower_plans.empty()) return;  // sim/read_towers.cpp
    if (const std::optional<PlanFault> fault = shared_pipeline_fault(scenario))
      fail_at(root, "parallel", fault->key, fault->rule);
    return;
  }
  if (const PlanFault fault = schedule_kind(plan.schedule).fault(pipeline_shape(plan)); !fault.key.empty())
    fail_at(root, "parallel", fault.key, fault.rule);
  if (plan.pipeline == 1 && plan.virtual_stages == 1) return;
  const std::int64_t layers = repeated_layers(scenario.model);
  const std::int64_t chunks = std::int64_t{plan.pipeline} * plan.virtual_stages;
  if (plan.chunk_layers.empty() && layers % chunks != 0) {
    fail_at(
        root, "parallel", "pipeline",
        fmt::format("pipeline x virtual_stages ({} x {}) does not divide model.layers ({}); parallel.stages, first_stage_layers "
                    "or account_for_embedding cut them unevenly",
                    plan.pipeline, plan.virtual_stages, layers));
  }
}

void check_exchanges(Reader& root, const Scenario& scenario) {
  if (scenario.stack.pipeline_exchange == PipelineExchange::AtOnce || scenario.parallel.pipeline == 1) return;
  if (scenario.parallel.schedule != PipelineSchedule::OneForwardOneBackward)
    fail_at(root, "parallel", "schedule", fmt::format("exchanges in turn ({}) are modelled for 1f1b only", scenario.stack.name));
  if (scenario.techniques.pp_overlap)
    fail_at(root, "techniques", "pp_overlap", fmt::format("{} exchanges in turn: nothing overlaps", scenario.stack.name));
}

void check_recompute(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  const std::int64_t chunks = std::int64_t{plan.pipeline} * plan.virtual_stages;
  const std::int64_t most = plan.chunk_layers.empty() ? repeated_layers(scenario.model) / chunks
                                                      : *std::max_element(plan.chunk_layers.begin(), plan.chunk_layers.end());
  if (plan.recompute_layers > most) {
    fail_at(root, "parallel", "recompute_layers",
            fmt::format("{} is more than the layers of the largest chunk ({})", plan.recompute_layers, most));
  }
}

/// Not every generation runs every fused kernel of attention; unfused attention is made of other kernels.
void check_attention(Reader& root, const Scenario& scenario) {
  const AttentionKernel kernel = scenario.techniques.attention;
  const Gpu& gpu = scenario.cluster.gpu;
  if (kernel == AttentionKernel::Unfused || gpu.model->attention[static_cast<std::size_t>(kernel)][0]) return;
  fail_at(
      root, "techniques", "flash_attention",
      fmt::format("{} has no figures for attention by {}; techniques.flash_attention: false is attention without a fused kernel",
                  gpu.name, to_string(kernel)));
}

bool states_technique(Reader& root, std::string_view key) {
  std::optional<Reader> techniques = root.child_if("techniques");
  return techniques && techniques->has(key);
}

/// Megatron-Core hides sends of the interleaved schedule alone: under plain 1F1B overlap_p2p_comm is off, and so is the stack's
/// habit. A scenario may ask what it would gain. Source: NVIDIA/Megatron-LM, megatron/training/arguments.py.
void check_pipeline_overlap(Reader& root, Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  const bool plain = plan.pipeline > 1 && plan.schedule == PipelineSchedule::OneForwardOneBackward;
  const bool interleaved_only = scenario.stack.pipeline_overlap == PipelineOverlap::SteadyPhase;
  if (plain && interleaved_only && !states_technique(root, "pp_overlap")) scenario.techniques.pp_overlap = false;
}

/// Software that cuts tensor exchanges into pieces does so with sequence parallelism only. Without it the switch is off: a
/// scenario that asks for it is refused, a stack's habit is told.
void check_tensor_overlap(Reader& root, Scenario& scenario) {
  scenario.tensor_overlap_waits = scenario.techniques.tp_overlap && !scenario.parallel.sequence;
  if (!scenario.tensor_overlap_waits) return;
  scenario.techniques.tp_overlap = false;
  const auto splits = [](const TowerPlan& plan) { return plan.parallel.tensor > 1; };
  const bool splits_tower = std::any_of(scenario.tower_plans.begin(), scenario.tower_plans.end(), splits);
  if (scenario.parallel.tensor == 1 && !splits_tower) return;
  if (states_technique(root, "tp_overlap"))
    fail_at(root, "techniques", "tp_overlap",
            is_contrastive(scenario.model) ? "is not modelled for two-tower models, which have no sequence parallelism"
                                           : "is modelled with sequence parallelism only: set parallel.sequence: true (or auto)");
  scenario.warnings.push_back(
      fmt::format("{} overlaps tensor exchanges with sequence parallelism only, which this plan does not have: they stand in the "
                  "open{}",
                  scenario.stack.name, is_contrastive(scenario.model) ? "" : " (parallel.sequence: true has both)"));
}

void check_techniques(Reader& root, Scenario& scenario) {
  check_attention(root, scenario);
  check_tensor_overlap(root, scenario);
  check_pipeline_overlap(root, scenario);
  Techniques& techniques = scenario.techniques;
  if (techniques.tp_overlap && scenario.stack.tp_overlap_chunks < 2) {
    fail_at(root, "techniques", "tp_overlap",
            fmt::format("{} does not cut collectives into pieces (tp_overlap_chunks {}): set stack_settings.tp_overlap_chunks",
                        scenario.stack.name, scenario.stack.tp_overlap_chunks));
  }
  if (techniques.sliding_window && is_contrastive(scenario.model)) {
    fail_at(root, "techniques", "sliding_window", "is modelled for language models only");
  }
  if (techniques.parallel_block && is_contrastive(scenario.model)) {
    fail_at(root, "techniques", "parallel_block", "is modelled for language models only");
  }
}

}  // namespace

std::int64_t checked_size(Reader& reader, std::string_view key, std::int64_t value) {
  constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  if (value > largest) reader.fail(key, fmt::format("expected at most {}, got {}", largest, value));
  return value;
}

void complete_lengths(Reader& training, const ModelSpec& model, Training& wanted) {
  if (wanted.image_size && !model.vision) training.fail("image_size", fmt::format("{} has no vision tower", model.name));
  if (model.vision && !wanted.image_size) {
    wanted.image_size = model.vision->image_size.value();
    training.note_default("image_size", fmt::format("{}", *wanted.image_size));
  }
  const std::string length_key = model.decoder ? "sequence_length" : "text_length";
  if (!wanted.sequence_length && model.text) wanted.sequence_length = model.text->context_length.value();
  if (!wanted.sequence_length && model.decoder && model.decoder->context_length)
    wanted.sequence_length = model.decoder->context_length->value();
  if (!wanted.sequence_length && model.decoder) training.fail("sequence_length", "missing, and the model does not say its own");
  if (wanted.sequence_length && !training.has("sequence_length") && !training.has("text_length")) {
    training.note_default(length_key, fmt::format("{}", *wanted.sequence_length));
  }
  InputShape shape;
  if (wanted.image_size) shape.image_size = *wanted.image_size;
  if (wanted.sequence_length) shape.text_length = *wanted.sequence_length;
  try {
    check_input(model, shape);
  } catch (const InputError& error) {
    const std::string message = error.what();  // "key: rule"
    const std::size_t colon = message.find(": ");
    training.fail(message.substr(0, colon), message.substr(colon + 2));
  }
}

int resolved_data_parallel(Reader& parallel, const ParallelPlan& plan, const Cluster& cluster) {
  const std::int64_t others = std::int64_t{plan.tensor} * plan.pipeline * plan.context;
  const bool automatic = !parallel.has("data") || parallel.word("data") == "auto";
  if (!parallel.has("data")) parallel.note_default("data", "auto");
  if (automatic) {
    if (others > cluster.gpus || cluster.gpus % others != 0) {
      parallel.fail("tensor", fmt::format("tensor x pipeline x context ({} x {} x {}) does not divide cluster.gpus ({})",
                                          plan.tensor, plan.pipeline, plan.context, cluster.gpus));
    }
    return static_cast<int>(cluster.gpus / others);
  }
  const std::int64_t data = checked_size(parallel, "data", parallel.positive_int("data"));
  if (others * data != cluster.gpus) {
    parallel.fail("data", fmt::format("tensor x pipeline x context x data ({} x {} x {} x {} = {}) is not cluster.gpus ({})",
                                      plan.tensor, plan.pipeline, plan.context, data, others * data, cluster.gpus));
  }
  return static_cast<int>(data);
}

void check_plan(Reader& parallel, const ParallelPlan& plan, const Cluster& cluster) {
  if (plan.tensor > cluster.gpus_per_node || cluster.gpus_per_node % plan.tensor != 0) {
    parallel.fail("tensor", fmt::format("{} does not divide cluster.gpus_per_node ({}): a tensor group stays inside a node",
                                        plan.tensor, cluster.gpus_per_node));
  }
  constexpr int most_chunks = 4096;
  if (std::int64_t{plan.pipeline} * plan.virtual_stages > most_chunks) parallel.fail("pipeline", "more than 4096 model chunks");
}

void complete_batches(Reader& training, Scenario& scenario) {
  Training& wanted = scenario.training;
  ParallelPlan& plan = scenario.parallel;
  if (wanted.global_batch % plan.data != 0) {
    training.fail("global_batch",
                  fmt::format("{} is not a multiple of the data-parallel size ({})", wanted.global_batch, plan.data));
  }
  const std::int64_t local = wanted.global_batch / plan.data;
  if (!training.has("micro_batch")) {
    wanted.micro_batch = scenario.model.decoder ? 1 : local;
    training.note_default("micro_batch", fmt::format("{}", wanted.micro_batch));
  }
  if (local % wanted.micro_batch != 0) {
    training.fail("micro_batch", fmt::format("{} does not divide the batch of a data-parallel rank (global_batch / data = {})",
                                             wanted.micro_batch, local));
  }
  plan.micro_batches = local / wanted.micro_batch;
  constexpr std::int64_t most_micro_batches = 1 << 20;
  if (plan.micro_batches > most_micro_batches)
    training.fail("micro_batch", fmt::format("{} micro-batches a step, at most {}", plan.micro_batches, most_micro_batches));
}

void check_batches_and_pipeline(Reader& root, const Reader& training, Scenario& scenario) {
  Reader quiet(training.node(), "training", nullptr);  // it is read whole later, and defaults are told then
  complete_batches(quiet, scenario);
  check_pipeline(root, scenario);
}

void check_cut(Reader& root, const Scenario& scenario) {
  check_tensor_split(root, scenario);
  check_pipeline(root, scenario);
}

void check_scenario(Reader& root, Scenario& scenario) {
  check_exchanges(root, scenario);
  check_recompute(root, scenario);
  check_techniques(root, scenario);
  check_sharding(root, scenario);
}

}  // namespace mfusim
