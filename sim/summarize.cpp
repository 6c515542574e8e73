// SPDX-License-Identifier: Apache-2.0
#include "sim/summarize.hpp"

#include "model/counting.hpp"
#include "sim/breakdown.hpp"
#include "sim/data_parallel.hpp"
#include "sim/memory.hpp"
#include "sim/model_chunk.hpp"
#include "sim/towers.hpp"
#include "sim/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace mfusim {
namespace {

double layers_flops(const std::vector<LayerGroup<Count>>& groups) {
  double total = 0;
  for (const LayerGroup<Count>& group : groups) {
    for (const Operator<Count>& op : group.layer.operators) total += group.repeat.as_double() * 2 * forward_macs(op).as_double();
  }
  return total;
}

/// Matmul FLOPs that activation recomputation repeats: the repeated layers, or their attention.
double recomputed_flops(const Scenario& scenario, const std::vector<LayerGroup<Count>>& groups) {
  const Recompute recompute = scenario.parallel.recompute;
  const bool core_recomputed = scenario.techniques.attention == AttentionKernel::Unfused;
  if (recompute == Recompute::None || (recompute == Recompute::Selective && !core_recomputed)) return 0;
  double total = 0;
  const ModelChunk whole = cut_into_chunks(groups, 1).front();
  for (const LayerRun& run : whole.runs) {
    if (!run.transformer_block) continue;
    for (const Operator<Count>& op : run.layer->operators) {
      if (recompute == Recompute::Selective && !std::holds_alternative<Attention<Count>>(op.shape)) continue;
      total += static_cast<double>(run.repeat) * 2 * forward_macs(op).as_double();
    }
  }
  return total;
}

/// Forward passes of one micro-batch that make up a step of a model without a contrastive loss.
double passes_of(const Scenario& scenario) {
  return static_cast<double>(scenario.parallel.micro_batches) * scenario.parallel.data;
}

double passes_of(const Scenario& scenario, const Work<Count>& work, std::size_t tower) {
  return work.towers.size() > 1 ? passes_of_tower(scenario, tower) : passes_of(scenario);
}

Flops flops_of_tower(const Scenario& scenario, const Work<Count>& work, std::size_t tower) {
  constexpr double forward_and_backward = 3;
  const double passes = work.towers[tower].frozen ? 1 : forward_and_backward;
  return Flops(passes * passes_of(scenario, work, tower) * layers_flops(work.towers[tower].groups));
}

/// What is computed a second time: by the plan's recomputation, and all of a tower's forward where gradients are accumulated.
Flops repeated_flops(const Scenario& scenario, const Work<Count>& work) {
  Flops total;
  for (std::size_t i = 0; i < work.towers.size(); ++i) {
    if (work.towers[i].frozen) continue;
    const Scenario view = tower_view(scenario, i);
    double once = recomputed_flops(view, work.towers[i].groups);
    if (work.towers.size() > 1 && view.parallel.micro_batches > 1) once += layers_flops(work.towers[i].groups);
    total += Flops(passes_of(scenario, work, i) * once);
  }
  return total;
}

void add_flops(const Scenario& scenario, const Work<Count>& work, Result& result) {
  result.model_flops = model_flops(scenario, work);
  result.hardware_flops = result.model_flops + repeated_flops(scenario, work);
  result.peak_per_gpu = peak_of(scenario.cluster.gpu, scenario.training.precision);
  const Flops possible = result.peak_per_gpu * result.iteration_time * static_cast<double>(scenario.cluster.gpus);
  result.mfu = result.model_flops / possible;
  result.hfu = result.hardware_flops / possible;
  const double samples = static_cast<double>(scenario.training.global_batch);
  result.samples_per_s = samples / result.iteration_time.count();
  if (scenario.model.decoder) {
    result.tokens_per_s = result.samples_per_s * static_cast<double>(scenario.training.sequence_length.value_or(1));
  }
}

void add_memory(const Scenario& scenario, const Work<Count>& work, Result& result) {
  const std::vector<StageMemory> stages = memory_of(scenario, work);
  const auto fullest =
      std::max_element(stages.begin(), stages.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
  result.memory.peak = fullest->total();
  result.memory.capacity = scenario.cluster.gpu.memory_capacity;
  result.memory.fits = result.memory.peak <= result.memory.capacity;
  result.memory.parts = fullest->parts;
  for (const StageMemory& stage : stages)
    result.memory.stages.push_back({stage.stage, stage.passes_in_flight, stage.total(), stage.parts});
  if (!result.memory.fits) {
    result.warnings.push_back(fmt::format("stage {} needs {:.1f} GB, the GPU has {:.1f} GB: this step would run out of memory",
                                          fullest->stage, result.memory.peak.value() / 1e9,
                                          result.memory.capacity.value() / 1e9));
  }
}

constexpr std::array<Provenance, 5> provenances{Provenance::Measured, Provenance::Interpolated, Provenance::Fitted,
                                                Provenance::DataSheet, Provenance::Assumed};

/// Assumption: how far a time of each kind may be off. Measured 3 % and interpolated 5 % are the spread between sources
/// that measured the same shapes; fitted 10 % the fits' own test errors; data sheet and assumed times are wide guesses.
constexpr std::array<double, 5> uncertainties{0.03, 0.05, 0.10, 0.20, 0.30};

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
  double uncertainty = 0;
  for (std::size_t i = 0; i < provenances.size(); ++i) {
    const double share = total > 0 ? time[i] / total : 0;
    result.provenance.push_back({to_string(provenances[i]), share});
    uncertainty += share * uncertainties[i];
  }
  result.outside_measured_region.assign(outside.begin(), outside.end());
  result.range = {
      result.iteration_time * (1 - uncertainty), result.iteration_time * (1 + uncertainty),
      fmt::format("{:.0f} % either way: the provenance of the kernel and collective times, not yet the spread of validated runs",
                  100 * uncertainty)};
}

/// Matmul FLOPs that one rank does outside recomputation.
double rank_flops(const BuiltStep& step, int rank) {
  double total = 0;
  for (const Task& task : step.graph.tasks) {
    const Step& what = step.steps[task.label];
    const bool counts = what.step_class == StepClass::Matmul || what.step_class == StepClass::Attention;
    if (counts && rank_of(task.stream) == rank) total += what.flops.value();
  }
  return total;
}

/// Splits the kernels' part of the breakdown into what the peak would need, the rank's surplus over the mean, and the rest.
void add_waterfall(const BuiltStep& step, Result& result) {
  const Seconds ideal = result.model_flops / result.peak_per_gpu / result.gpus;
  const Seconds own = Flops(rank_flops(step, result.critical_rank)) / result.peak_per_gpu;
  Seconds kernels{};
  std::vector<std::pair<std::string, Seconds>> rest;
  for (const auto& [name, time] : result.breakdown) {
    if (name == "compute_matmul" || name == "compute_attention") {
      kernels += time;
    } else {
      rest.emplace_back(name, time);
    }
  }
  result.waterfall = {{"ideal_at_peak", ideal}, {"uneven_stages", own - ideal}, {"kernel_inefficiency", kernels - own}};
  result.waterfall.insert(result.waterfall.end(), rest.begin(), rest.end());
}

bool is_layer_work(StepClass step_class) {
  return step_class == StepClass::Matmul || step_class == StepClass::Attention || step_class == StepClass::MemoryBound ||
         step_class == StepClass::Recompute;
}

Result::Plan plan_of(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  return {.tensor = plan.tensor,
          .pipeline = plan.pipeline,
          .virtual_stages = plan.virtual_stages,
          .data = plan.data,
          .zero = plan.zero,
          .context = 1,
          .sequence = plan.sequence,
          .schedule = plan.pipeline > 1 ? to_string(plan.schedule) : "none",
          .recompute = to_string(plan.recompute),
          .micro_batch = scenario.training.micro_batch,
          .micro_batches = plan.micro_batches};
}

/// Kernels of the towers carry the tower's number as their chunk.
Seconds kernel_time(const BuiltStep& step, const Timeline& timeline, std::size_t tower, int rank) {
  Picoseconds busy{};
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    if (rank_of(what.stream) == rank && unpack(what.instance).chunk == tower && is_layer_work(step.steps[what.label].step_class))
      busy += timeline.end[task] - timeline.start[task];
  }
  return to_seconds(busy);
}

void add_towers(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step, const Timeline& timeline,
                Result& result) {
  if (work.towers.size() < 2) return;
  result.placement = to_string(scenario.placement);
  for (std::size_t i = 0; i < work.towers.size(); ++i) {
    const int rank = towers_apart(scenario) ? static_cast<int>(i) : result.critical_rank;
    const ModelChunk chunk = cut_into_chunks(work.towers[i].groups, 1).front();
    Result::TowerShare share;
    share.name = work.towers[i].name;
    share.compute_time = kernel_time(step, timeline, i, rank);
    share.model_flops = flops_of_tower(scenario, work, i);
    share.parameters = parameters_of(chunk, {}).all;
    if (!scenario.tower_plans.empty()) {
      const Scenario view = tower_view(scenario, i);
      share.gpus = view.cluster.gpus;
      share.parallel = plan_of(view);
    }
    if (towers_apart(scenario)) share.idle = to_seconds(idle_time(step, timeline, rank));
    result.towers.push_back(std::move(share));
  }
}

}  // namespace

std::vector<Flops> tower_flops(const Scenario& scenario, const Work<Count>& work) {
  std::vector<Flops> flops;
  for (std::size_t i = 0; i < work.towers.size(); ++i) flops.push_back(flops_of_tower(scenario, work, i));
  return flops;
}

Flops model_flops(const Scenario& scenario, const Work<Count>& work) {
  constexpr double forward_and_backward = 3;
  Flops total;
  for (std::size_t i = 0; i < work.towers.size(); ++i) total += flops_of_tower(scenario, work, i);
  for (std::size_t rank = 0; rank < work.head.size(); ++rank) {
    const double parts = static_cast<double>(scenario.training.global_batch) / static_cast<double>(loss_batch(scenario, rank));
    total += Flops(forward_and_backward * parts * layers_flops({work.head[rank]}));
  }
  return total;
}

Result summarize(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step, const Timeline& timeline) {
  Result result;
  result.scenario = scenario.name;
  result.model = scenario.model.name;
  result.gpu = scenario.cluster.gpu.name;
  result.network = scenario.cluster.network.name;
  result.stack = scenario.stack.name;
  result.version = version();
  result.gpus = scenario.cluster.gpus;
  result.iteration_time = to_seconds(timeline.makespan);
  result.parallel = plan_of(scenario);
  result.defaults = scenario.defaults;
  result.warnings = scenario.warnings;
  result.tasks = step.graph.size();
  add_flops(scenario, work, result);
  add_memory(scenario, work, result);
  result.critical_rank = critical_rank(step, timeline);
  for (const auto& [name, time] : break_down(step, timeline, result.critical_rank))
    result.breakdown.emplace_back(name, to_seconds(time));
  add_waterfall(step, result);
  add_provenance(step, timeline, result);
  add_towers(scenario, work, step, timeline, result);
  const int simulated = towers_apart(scenario) ? 2 : scenario.parallel.pipeline;
  result.critical_rank /= step.ranks / simulated;  // its stage: copies of a stage have consecutive numbers
  if (scenario.measured && scenario.measured->iteration_time) {
    const Seconds measured = *scenario.measured->iteration_time;
    result.against = Result::Against{measured, 100 * (result.iteration_time / measured - 1), scenario.measured->source};
  }
  return result;
}

}  // namespace mfusim
