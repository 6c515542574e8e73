// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_timeline.hpp"

#include "sim/activation_memory.hpp"
#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/kernels.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace mfusim {
namespace {

/// A pass of a micro-batch through a chunk of the model.
using PassKey = std::tuple<Slot::Kind, std::uint32_t, std::uint32_t>;
struct Span {
  Picoseconds start = Picoseconds::max();
  Picoseconds end{};
};

/// When the kernels of each pass ran, rank by rank.
std::vector<std::map<PassKey, Span>> passes_of(const BuiltStep& step, const Timeline& timeline, const ScheduleKind& schedule) {
  std::vector<std::map<PassKey, Span>> spans(static_cast<std::size_t>(step.ranks));
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    if (kind_of(what.stream) != StreamKind::Compute) continue;
    const std::optional<Slot::Kind> kind = kind_of_pass(step.steps[what.label], schedule);
    if (!kind) continue;
    const StepInstance instance = unpack(what.instance);
    Span& span = spans[static_cast<std::size_t>(rank_of(what.stream))][{*kind, instance.chunk, instance.micro_batch}];
    span.start = std::min(span.start, timeline.start[task]);
    span.end = std::max(span.end, timeline.end[task]);
  }
  return spans;
}

/// The first of the simulated ranks that stand for a stage.
int rank_of_stage(const BuiltStep& step, const ParallelPlan& plan, int stage) {
  return stage * (step.ranks / plan.pipeline);
}

}  // namespace

std::optional<Slot::Kind> kind_of_pass(const Step& step, const ScheduleKind& schedule) {
  if (step.step_class == StepClass::Optimizer || step.step_class == StepClass::DataCommunication) return std::nullopt;
  if (step.name.ends_with(" forward")) return Slot::Kind::Forward;
  if (!schedule.splits_backward) return Slot::Kind::Backward;
  const bool weights = step.name.ends_with(to_string(Pass::WeightGradient));
  return weights ? Slot::Kind::WeightGradient : Slot::Kind::InputGradient;
}

std::vector<MemoryPoint> memory_timeline(const Scenario& scenario, const Work<Count>& whole, const BuiltStep& step,
                                         const Timeline& timeline) {
  if (whole.towers.size() > 1) return {};
  const ParallelPlan& plan = scenario.parallel;
  const Work<Count> work = context_share(whole, plan.context);
  const std::vector<ModelChunk> chunks = cut_into_chunks(work.towers.front().groups, plan);
  const std::vector<std::vector<Slot>> orders = pipeline_slots(scenario, work);
  const std::vector<std::map<PassKey, Span>> passes = passes_of(step, timeline, schedule_kind(plan.schedule));
  std::vector<MemoryPoint> points;
  for (int stage = 0; stage < plan.pipeline; ++stage) {
    const int rank = rank_of_stage(step, plan, stage);
    const std::map<PassKey, Span>& mine = passes[static_cast<std::size_t>(rank)];
    const std::vector<Slot>& slots = orders[static_cast<std::size_t>(stage)];
    for (const ActivationMoment& moment : activation_timeline(slots, stage_activations(scenario, chunks, stage))) {
      const Slot& slot = slots[moment.slot];
      const auto at = mine.find({slot.kind, model_chunk(plan, stage, slot.chunk), slot.micro_batch});
      if (at == mine.end()) continue;  // a pass without kernels
      points.push_back({rank, at->second.start, moment.all()});
      points.push_back({rank, at->second.end, moment.after});
    }
  }
  return points;
}

std::vector<std::optional<Picoseconds>> pass_starts(const ParallelPlan& plan, const BuiltStep& step, const Timeline& timeline,
                                                    const std::vector<Slot>& wanted) {
  const ScheduleKind& schedule = schedule_kind(plan.schedule);
  std::vector<std::optional<std::size_t>> stage_of(static_cast<std::size_t>(step.ranks));
  std::vector<std::uint32_t> instances;
  for (std::size_t stage = 0; stage < wanted.size(); ++stage) {
    stage_of[static_cast<std::size_t>(rank_of_stage(step, plan, static_cast<int>(stage)))] = stage;
    const std::uint32_t chunk = model_chunk(plan, static_cast<int>(stage), wanted[stage].chunk);
    instances.push_back(pack({.micro_batch = wanted[stage].micro_batch, .chunk = chunk}));
  }
  std::vector<std::optional<Picoseconds>> starts(wanted.size());
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    const std::optional<std::size_t> stage = stage_of[static_cast<std::size_t>(rank_of(what.stream))];
    if (!stage || what.instance != instances[*stage] || kind_of(what.stream) != StreamKind::Compute) continue;
    if (kind_of_pass(step.steps[what.label], schedule) != wanted[*stage].kind) continue;
    starts[*stage] = std::min(starts[*stage].value_or(timeline.start[task]), timeline.start[task]);
  }
  return starts;
}

}  // namespace mfusim
