// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_timeline.hpp"

#include "sim/activation_memory.hpp"
#include "sim/kernels.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace mfusim {
namespace {

/// A pass of a micro-batch through a chunk of the model.
using Passage = std::tuple<Slot::Kind, std::uint32_t, std::uint32_t>;
struct Span {
  Picoseconds start = Picoseconds::max();
  Picoseconds end{};
};

/// The pass that a kernel belongs to; nothing for the update. A whole backward pass holds its weight gradients and recomputation.
std::optional<Slot::Kind> kind_of_pass(const Step& step, const ScheduleKind& schedule) {
  if (step.step_class == StepClass::Optimizer) return std::nullopt;
  if (step.name.ends_with(" forward")) return Slot::Kind::Forward;
  if (!schedule.splits_backward) return Slot::Kind::Backward;
  const bool weights = step.name.ends_with(to_string(Pass::WeightGradient));
  return weights ? Slot::Kind::WeightGradient : Slot::Kind::InputGradient;
}

/// When the kernels of each pass ran on a rank.
std::map<Passage, Span> passes_of(const BuiltStep& step, const Timeline& timeline, const ScheduleKind& schedule, int rank) {
  std::map<Passage, Span> spans;
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    if (rank_of(what.stream) != rank || kind_of(what.stream) != StreamKind::Compute) continue;
    const std::optional<Slot::Kind> kind = kind_of_pass(step.steps[what.label], schedule);
    if (!kind) continue;
    const StepInstance instance = unpack(what.instance);
    Span& span = spans[{*kind, instance.chunk, instance.micro_batch}];
    span.start = std::min(span.start, timeline.start[task]);
    span.end = std::max(span.end, timeline.end[task]);
  }
  return spans;
}

}  // namespace

std::vector<MemoryPoint> memory_timeline(const Scenario& scenario, const Work<Count>& work, const BuiltStep& step,
                                         const Timeline& timeline) {
  if (work.towers.size() > 1) return {};
  const ParallelPlan& plan = scenario.parallel;
  const std::vector<ModelChunk> chunks = cut_into_chunks(work.towers.front().groups, plan);
  std::vector<MemoryPoint> points;
  for (int stage = 0; stage < plan.pipeline; ++stage) {
    const int rank = stage * (step.ranks / plan.pipeline);
    const std::vector<Slot> slots = stage_schedule(plan, stage);
    const std::map<Passage, Span> passes = passes_of(step, timeline, schedule_kind(plan.schedule), rank);
    for (const ActivationMoment& moment : activation_timeline(slots, stage_activations(scenario, chunks, stage))) {
      const Slot& slot = slots[moment.slot];
      const auto at = passes.find({slot.kind, model_chunk(plan, stage, slot.chunk), slot.micro_batch});
      if (at == passes.end()) continue;  // a pass without kernels
      points.push_back({rank, at->second.start, moment.all()});
      points.push_back({rank, at->second.end, moment.after});
    }
  }
  return points;
}

}  // namespace mfusim
