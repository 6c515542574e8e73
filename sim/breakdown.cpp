// SPDX-License-Identifier: Apache-2.0
#include "sim/breakdown.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>

namespace mfusim {
namespace {

/// What the time belongs to, most urgent first: an instant counts for the first part that is active.
struct Part {
  const char* name;
  StepClass step_class;
};
constexpr std::array<Part, 12> breakdown_parts{{{"compute_matmul", StepClass::Matmul},
                                                {"compute_attention", StepClass::Attention},
                                                {"compute_memory_bound", StepClass::MemoryBound},
                                                {"compute_recompute", StepClass::Recompute},
                                                {"optimizer", StepClass::Optimizer},
                                                {"exposed_tensor_communication", StepClass::TensorCommunication},
                                                {"exposed_context_communication", StepClass::ContextCommunication},
                                                {"exposed_embedding_exchange", StepClass::EmbeddingExchange},
                                                {"exposed_data_communication", StepClass::DataCommunication},
                                                {"exposed_pipeline_communication", StepClass::PipelineCommunication},
                                                {"data_loading", StepClass::DataLoading},
                                                {"host_launch", StepClass::HostLaunch}}};
constexpr const char* bubble_name = "bubble";
constexpr const char* slowdown_name = "slowed_by_communication";

std::size_t part_of(StepClass step_class) {
  std::size_t at = 0;
  while (at < breakdown_parts.size() && breakdown_parts[at].step_class != step_class) ++at;
  return at;
}

/// Small: a step has two of them for each task of the rank (estimated_memory counts them).
struct Edge {
  Picoseconds time;
  std::uint8_t part;
  std::int8_t change;
};

/// Loading ahead: the next step waits for it, no task of this one does.
bool loads_ahead(const BuiltStep& step, TaskId task) {
  return kind_of(step.graph.tasks[task].stream) == StreamKind::Loader && step.graph.successors_of(task).empty();
}

/// When all is done but loading ahead, which holds the step up from then on.
Picoseconds end_of_work(const BuiltStep& step, const Timeline& timeline) {
  Picoseconds end{};
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    if (!loads_ahead(step, task)) end = std::max(end, timeline.end[task]);
  }
  return end;
}

bool earlier(const Edge& a, const Edge& b) {
  return a.time < b.time;
}

/// Puts runs that end at `ends` into one order. The first is the longest: it is merged last.
void merge_runs(std::vector<Edge>& edges, const std::array<std::size_t, streams_per_rank>& ends) {
  const auto place = [&](std::size_t at) { return edges.begin() + static_cast<std::ptrdiff_t>(at); };
  for (std::size_t run = streams_per_rank; run-- > 0;) {
    const auto first = place(run == 0 ? 0 : ends[run - 1]);
    if (!std::is_sorted(first, place(ends[run]), earlier)) std::sort(first, place(ends[run]), earlier);
    std::inplace_merge(first, place(ends[run]), edges.end(), earlier);
  }
}

/// Starts and ends of the rank's tasks in order of time, put together from streams, whose tasks follow each other. Tasks that
/// wait inside a joint task count for each rank.
std::vector<Edge> edges_of(const BuiltStep& step, const Timeline& timeline, int rank) {
  const auto for_each_task = [&](const auto& visit) {
    for (TaskId task = 0; task < step.graph.size(); ++task) {
      if (rank_of(step.graph.tasks[task].stream) == rank) visit(task);
    }
    for (const JointStream& joint : step.graph.joint_streams) {
      if (rank_of(joint.stream) == rank && rank_of(step.graph.tasks[joint.task].stream) != rank) visit(joint.task);
    }
  };
  const auto stream_of_task = [&](TaskId task) { return static_cast<std::size_t>(kind_of(step.graph.tasks[task].stream)); };
  std::array<std::size_t, streams_per_rank> ends{};
  for_each_task([&](TaskId task) { ends[stream_of_task(task)] += 2; });
  std::array<std::size_t, streams_per_rank> next{};
  std::exclusive_scan(ends.begin(), ends.end(), next.begin(), std::size_t{0});
  std::inclusive_scan(ends.begin(), ends.end(), ends.begin());
  std::vector<Edge> edges(ends.back());
  for_each_task([&](TaskId task) {
    const auto part = static_cast<std::uint8_t>(part_of(step.steps[step.graph.tasks[task].label].step_class));
    const Picoseconds start = loads_ahead(step, task) ? end_of_work(step, timeline) : timeline.start[task];
    const bool counts = start < timeline.end[task];
    std::size_t& at = next[stream_of_task(task)];
    edges[at++] = {counts ? start : timeline.end[task], part, static_cast<std::int8_t>(counts ? 1 : 0)};
    edges[at++] = {timeline.end[task], part, static_cast<std::int8_t>(counts ? -1 : 0)};
  });
  merge_runs(edges, ends);
  return edges;
}

/// What a kernel took beyond its time alone. Kernels of a rank follow each other, so this time is wholly their class's; where
/// two queues share the rank they do not, and nothing is told apart.
struct Excess {
  std::size_t part;
  Picoseconds time;
};
std::vector<Excess> excesses_of(const BuiltStep& step, const Timeline& timeline, int rank) {
  std::vector<Excess> excesses;
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    if (rank_of(what.stream) == rank && kind_of(what.stream) == StreamKind::Compute2) return {};
    if (rank_of(what.stream) != rank || kind_of(what.stream) != StreamKind::Compute) continue;
    const Picoseconds excess = timeline.end[task] - timeline.start[task] - what.duration;
    if (excess > Picoseconds{}) excesses.push_back({part_of(step.steps[what.label].step_class), excess});
  }
  return excesses;
}

}  // namespace

Breakdown break_down(const BuiltStep& step, const Timeline& timeline, int rank) {
  std::array<Picoseconds, breakdown_parts.size() + 1> spent{};
  std::array<int, breakdown_parts.size()> active{};
  std::uint32_t busy = std::uint32_t{1} << breakdown_parts.size();  // parts of which a task runs, as bits; none: the bubble
  Picoseconds now{};
  const auto advance = [&](Picoseconds to) {
    spent[static_cast<std::size_t>(std::countr_zero(busy))] += to - now;
    now = to;
  };
  for (const Edge& edge : edges_of(step, timeline, rank)) {
    advance(edge.time);
    active[edge.part] += static_cast<int>(edge.change);
    const std::uint32_t bit = std::uint32_t{1} << edge.part;
    busy = active[edge.part] > 0 ? busy | bit : busy & ~bit;
  }
  advance(timeline.makespan);
  Picoseconds slowdown{};
  for (const Excess& excess : excesses_of(step, timeline, rank)) {
    spent[excess.part] -= excess.time;
    slowdown += excess.time;
  }
  Breakdown breakdown;
  for (std::size_t i = 0; i < breakdown_parts.size(); ++i) breakdown.emplace_back(breakdown_parts[i].name, spent[i]);
  breakdown.emplace_back(slowdown_name, slowdown);
  breakdown.emplace_back(bubble_name, spent[breakdown_parts.size()]);
  return breakdown;
}

Picoseconds idle_time(const BuiltStep& step, const Timeline& timeline, int rank) {
  for (const auto& [name, time] : break_down(step, timeline, rank)) {
    if (name == bubble_name) return time;
  }
  return {};
}

int critical_rank(const BuiltStep& step, const Timeline& timeline) {
  std::vector<Picoseconds> busy(static_cast<std::size_t>(step.ranks));
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const StreamId stream = step.graph.tasks[task].stream;
    if (holds_kernels(kind_of(stream)))
      busy[static_cast<std::size_t>(rank_of(stream))] += timeline.end[task] - timeline.start[task];
  }
  return static_cast<int>(std::max_element(busy.begin(), busy.end()) - busy.begin());
}

}  // namespace mfusim
