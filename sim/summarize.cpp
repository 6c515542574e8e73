// SPDX-License-Identifier: Apache-2.0
#include "sim/summarize.hpp"

#include "sim/breakdown.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/jitter_cost.hpp"
#include "sim/memory.hpp"
#include "sim/memory_advice.hpp"
#include "sim/memory_timeline.hpp"
#include "sim/model_chunk.hpp"
#include "sim/placement.hpp"
#include "sim/residuals.hpp"
#include "sim/run_kind.hpp"
#include "sim/steady_state.hpp"
#include "sim/step_flops.hpp"
#include "sim/towers.hpp"
#include "sim/version.hpp"
#include "sim/waterfall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace mfusim {
namespace {

void add_flops(const Scenario& scenario, const Work<Count>& work, Result& result) {
  result.model_flops = model_flops(scenario, work);
  result.hardware_flops = result.model_flops + repeated_flops(scenario, work);
  result.peak_per_gpu = peak_of(scenario.cluster.gpu, scenario.training.precision);
  result.mfu = utilisation(scenario, result.model_flops, result.iteration_time);
  result.hfu = utilisation(scenario, result.hardware_flops, result.iteration_time);
  const double samples = static_cast<double>(scenario.training.global_batch);
  result.samples_per_s = samples / result.iteration_time.count();
  if (scenario.model.decoder) {
    result.tokens_per_s = result.samples_per_s * static_cast<double>(scenario.training.sequence_length.value_or(1));
  }
}

std::optional<Result::PeakAt> peak_at(const StageMemory& stage) {
  if (!stage.peak_at) return std::nullopt;
  return Result::PeakAt{to_string(stage.peak_at->kind), stage.peak_at->micro_batch, stage.peak_at->chunk, std::nullopt};
}

void add_memory(const Scenario& scenario, const std::vector<StageMemory>& stages, Result& result) {
  const auto fullest =
      std::max_element(stages.begin(), stages.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
  result.memory.peak = fullest->total();
  for (const StageMemory& stage : stages) {
    result.memory.allocated = std::max(result.memory.allocated, stage.allocated());
    result.memory.reserved = std::max(result.memory.reserved, stage.reserved());
  }
  result.memory.capacity = scenario.cluster.gpu.memory_capacity;
  result.memory.fits = result.memory.peak <= result.memory.capacity;
  result.memory.parts.assign(fullest->parts.begin(), fullest->parts.end());
  if (result.memory.fits && is_tight(result.memory.peak, result.memory.capacity)) {
    result.warnings.push_back(fmt::format(
        "memory: {:.0f} % of the GPU's is used; an allocator that has to flush its cache slows steps, which is not modelled (two "
        "published runs as full as this took a third longer than predicted: docs/sharding.md)",
        100 * (result.memory.peak / result.memory.capacity)));
  }
  for (const StageMemory& stage : stages)
    result.memory.stages.push_back(
        {stage.stage, stage.passes_in_flight, peak_at(stage), stage.total(), {stage.parts.begin(), stage.parts.end()}});
  if (!result.memory.fits) {
    result.warnings.push_back(fmt::format("stage {} needs {:.1f} GB, the GPU has {:.1f} GB: this step would run out of memory",
                                          fullest->stage, result.memory.peak.value() / 1e9,
                                          result.memory.capacity.value() / 1e9));
    result.memory.advice = memory_advice(scenario);
  }
}

/// When the passes start at which the stages' activations are fullest.
void add_peak_times(const Scenario& scenario, const std::vector<StageMemory>& stages, const BuiltStep& step,
                    const Timeline& timeline, Result& result) {
  std::vector<Slot> slots;
  for (const StageMemory& stage : stages) {
    if (stage.peak_at) slots.push_back(*stage.peak_at);
  }
  if (slots.size() != stages.size()) return;  // several towers: one pass a step
  const std::vector<std::optional<Picoseconds>> starts = pass_starts(scenario.parallel, step, timeline, slots);
  for (std::size_t stage = 0; stage < starts.size(); ++stage) {
    if (starts[stage]) result.memory.stages[stage].peak_at->start = to_seconds(*starts[stage]);
  }
}

constexpr std::array<Provenance, 5> provenances{Provenance::Measured, Provenance::Interpolated, Provenance::Fitted,
                                                Provenance::DataSheet, Provenance::Assumed};

void add_provenance(const BuiltStep& step, const Timeline& timeline, Result& result) {
  std::array<double, provenances.size()> time{};
  std::set<std::string> outside;
  double total = 0;
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (rank_of(step.graph.tasks[task].stream) != result.critical_rank) continue;
    const Step& what = step.steps[step.graph.tasks[task].label];
    const double duration = to_seconds(timeline.end[task] - timeline.start[task]).count();
    const auto kind = std::find(provenances.begin(), provenances.end(), what.provenance) - provenances.begin();
    time[static_cast<std::size_t>(kind)] += duration;
    total += duration;
    if (what.outside_measured_region) outside.insert(what.name + ": " + what.shape);
  }
  for (std::size_t i = 0; i < provenances.size(); ++i)
    result.provenance.push_back({to_string(provenances[i]), total > 0 ? time[i] / total : 0});
  result.outside_measured_region.assign(outside.begin(), outside.end());
}

void add_range(const Scenario& scenario, Result& result) {
  const ResidualRange range = shipped_residuals().range(run_kind_of(scenario));
  result.range = {.low = result.iteration_time * range.low,
                  .high = result.iteration_time * range.high,
                  .based_on = range.based_on,
                  .runs = range.runs,
                  .families = range.families};
}

bool is_layer_work(StepClass step_class) {
  return step_class == StepClass::Matmul || step_class == StepClass::Attention || step_class == StepClass::MemoryBound ||
         step_class == StepClass::Recompute;
}

std::string describe_recompute(const ParallelPlan& plan) {
  const bool plain =
      plan.recompute != Recompute::Full || (plan.recompute_method == RecomputeMethod::Uniform && plan.recompute_layers == 1);
  if (plain) return to_string(plan.recompute);
  return fmt::format("{} {} {}", to_string(plan.recompute), to_string(plan.recompute_method), plan.recompute_layers);
}

/// Time of a tower's kernels on each simulated rank.
std::vector<Picoseconds> kernel_times(const BuiltStep& step, const Timeline& timeline, std::size_t tower, std::size_t towers) {
  std::vector<Picoseconds> busy(static_cast<std::size_t>(step.ranks));
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    const std::uint32_t of = tower_of_task(unpack(what.instance).chunk, static_cast<std::uint32_t>(towers));
    if (of == tower && is_layer_work(step.steps[what.label].step_class))
      busy[static_cast<std::size_t>(rank_of(what.stream))] += timeline.end[task] - timeline.start[task];
  }
  return busy;
}

/// Time in which the ranks of a tower apart from the other do nothing, as the mean over its stages.
Seconds idle_of_tower(const Scenario& scenario, const BuiltStep& step, const Timeline& timeline, std::size_t tower) {
  const std::vector<TowerRank> ranks = simulated_ranks(scenario);
  Seconds total{};
  int stages = 0;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    if (ranks[rank].tower != tower) continue;
    total += to_seconds(idle_time(step, timeline, static_cast<int>(rank)));
    ++stages;
  }
  return total / stages;
}

void add_towers(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step, const Timeline& timeline,
                Result& result) {
  if (work.towers.size() < 2) return;
  result.placement = to_string(scenario.placement);
  const std::vector<Flops> flops = tower_flops(scenario, work);
  for (std::size_t i = 0; i < work.towers.size(); ++i) {
    const ModelChunk chunk = cut_into_chunks(work.towers[i].groups, 1).front();
    Result::TowerShare share;
    share.name = work.towers[i].name;
    const std::vector<Picoseconds> kernels = kernel_times(step, timeline, i, work.towers.size());
    share.compute_time = to_seconds(towers_apart(scenario) || has_pipelined_tower(scenario)
                                        ? *std::max_element(kernels.begin(), kernels.end())
                                        : kernels[static_cast<std::size_t>(result.critical_rank)]);
    share.model_flops = flops[i];
    share.parameters = parameters_of(chunk, {}).all;
    if (!scenario.tower_plans.empty()) {
      const Scenario view = tower_view(scenario, i);
      share.gpus = view.cluster.gpus;
      share.parallel = resolved_plan(view);
    }
    if (towers_apart(scenario)) share.idle = idle_of_tower(scenario, step, timeline, i);
    result.towers.push_back(std::move(share));
  }
}

}  // namespace

Result::Plan resolved_plan(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  return {.tensor = plan.tensor,
          .pipeline = plan.pipeline,
          .virtual_stages = plan.virtual_stages,
          .data = plan.data,
          .zero = plan.zero,
          .context = plan.context,
          .shard_group = shard_ranks(plan),
          .context_exchange = plan.context > 1 ? to_string(plan.context_exchange) : "none",
          .rank_order = plan.rank_order == RankOrder::DataBeforePipeline ? "" : to_string(plan.rank_order),
          .sequence = plan.sequence,
          .schedule = plan.pipeline > 1 ? to_string(plan.schedule) : "none",
          .recompute = describe_recompute(plan),
          .stages = plan.chunk_layers,
          .post_validation = plan.post_validation,
          .memory_limit = plan.memory_limit,
          .micro_batch = scenario.training.micro_batch,
          .micro_batches = plan.micro_batches};
}

Result summarize(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step, const Timeline& timeline) {
  std::optional<Timeline> own;  // a long timeline is copied only where it changes
  if (scenario.parallel.post_validation) own = without_barrier(step, timeline);
  const Timeline& steady = own ? *own : timeline;
  Result result;
  result.scenario = scenario.name;
  result.model = scenario.model.name;
  result.gpu = scenario.cluster.gpu.name;
  result.network = scenario.cluster.network.name;
  result.stack = scenario.stack.name;
  result.version = version();
  result.gpus = scenario.cluster.gpus;
  result.iteration_time = to_seconds(steady.makespan);
  result.parallel = resolved_plan(scenario);
  result.defaults = scenario.defaults;
  result.warnings = scenario.warnings;
  result.tasks = step.graph.size();
  add_flops(scenario, work, result);
  if (auto warning = decoding_warning(scenario, result.samples_per_s)) result.warnings.push_back(std::move(*warning));
  const std::vector<StageMemory> stages = memory_of(scenario, work);
  add_memory(scenario, stages, result);
  add_peak_times(scenario, stages, step, timeline, result);
  result.critical_rank = critical_rank(step, steady);
  for (const auto& [name, time] : break_down(step, steady, result.critical_rank))
    result.breakdown.emplace_back(name, to_seconds(time));
  result.waterfall = waterfall_of(scenario, step, result);
  add_provenance(step, steady, result);
  add_range(scenario, result);
  if (scenario.variation && scenario.variation->jitter) result.jitter = jitter_cost(scenario, work, step, steady.makespan);
  add_towers(scenario, work, step, steady, result);
  const int alike = work.towers.size() > 1 ? static_cast<int>(simulated_ranks(scenario).size()) : scenario.parallel.pipeline;
  result.critical_rank /= step.ranks / alike;  // its stage: copies of a stage have consecutive numbers
  if (scenario.measured && scenario.measured->iteration_time) {
    const Seconds measured = *scenario.measured->iteration_time;
    result.against = Result::Against{measured, 100 * (result.iteration_time / measured - 1), scenario.measured->source};
  }
  return result;
}

}  // namespace mfusim
