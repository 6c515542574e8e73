// SPDX-License-Identifier: Apache-2.0
#include "sim/sharded_recurrence.hpp"

#include "sim/clock_sum.hpp"
#include "sim/context_parallel.hpp"
#include "sim/engine.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr std::int64_t fewest = 8;   // micro-batches to simulate first: some for delays of the beginning to wear off
constexpr std::size_t compared = 4;  // in a row
constexpr std::size_t pairs = compared - 1;

class RecurrenceOfShards {
 public:
  RecurrenceOfShards(const TaskGraph& graph, const Timeline& timeline, const std::vector<TaskId>& first_tasks)
      : graph_(graph), first_(first_tasks), timeline_(timeline), micro_batches_(first_tasks.size() - 1) {}

  /// What one micro-batch more adds to the step.
  [[nodiscard]] std::optional<Picoseconds> period() {
    if (!is_repeated() || !shift(false, gpu_) || !shift(true, host_) || is_older_under_way()) return std::nullopt;
    if (host_ > gpu_ || (host_ < gpu_ && !host_is_ahead())) return std::nullopt;
    return Picoseconds(gpu_);
  }

 private:
  /// The first of the micro-batches that are compared.
  [[nodiscard]] std::size_t earliest() const { return micro_batches_ - 1 - compared; }
  [[nodiscard]] bool is_host(TaskId task) const { return kind_of(graph_.tasks[task].stream) == StreamKind::Host; }
  [[nodiscard]] std::int64_t start(TaskId task) const { return timeline_.start[task].count(); }
  [[nodiscard]] std::int64_t end(TaskId task) const { return timeline_.end[task].count(); }

  /// The same tasks in each micro-batch.
  [[nodiscard]] bool is_repeated() const {
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const TaskId before = first_[earliest() + pair];
      const TaskId after = first_[earliest() + pair + 1];
      const TaskId next = first_[earliest() + pair + 2];
      if (next - after != after - before) return false;
      for (TaskId i = 0; i < after - before; ++i) {
        if (graph_.tasks[before + i].label != graph_.tasks[after + i].label) return false;
      }
    }
    return true;
  }

  /// The time from each task of the host, or of the GPU, to the same one of the next micro-batch, where it is one time. Host
  /// tasks that there are none of take no time.
  [[nodiscard]] bool shift(bool host, std::int64_t& time) const {
    std::optional<std::int64_t> common;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const TaskId before = first_[earliest() + pair];
      const TaskId after = first_[earliest() + pair + 1];
      for (TaskId i = 0; i < after - before; ++i) {
        if (is_host(before + i) != host) continue;
        const std::int64_t later = start(after + i) - start(before + i);
        if (common.value_or(later) != later || end(after + i) - end(before + i) != later) return false;
        common = later;
      }
    }
    time = common.value_or(0);
    return host || common.has_value();
  }

  /// Whether a micro-batch before those compared still runs on the GPU when the second of these begins.
  [[nodiscard]] bool is_older_under_way() const {
    std::int64_t begin = timeline_.makespan.count();
    for (TaskId task = first_[earliest() + 1]; task < first_[earliest() + 2]; ++task) {
      if (!is_host(task)) begin = std::min(begin, start(task));
    }
    for (TaskId task = 0; task < first_[earliest()]; ++task) {
      if (!is_host(task) && end(task) > begin) return true;
    }
    return false;
  }

  /// Host tasks that wait for the GPU, and those behind them.
  [[nodiscard]] std::vector<bool> tasks_behind_gpu() const {
    std::vector<bool> behind(graph_.size());
    for (TaskId place = 0; place < graph_.size(); ++place) {
      const TaskId task = graph_.order.empty() ? place : graph_.order[place];
      for (const TaskId next : graph_.successors_of(task)) {
        if (is_host(next) && (!is_host(task) || behind[task])) behind[next] = true;
      }
    }
    return behind;
  }

  /// From the first micro-batch compared to the end of the step nothing starts because the host is just ready.
  [[nodiscard]] bool host_is_ahead() const {
    const std::vector<bool> behind_gpu = tasks_behind_gpu();
    std::int64_t last = 0;
    for (TaskId task = 0; task < graph_.size(); ++task) {
      const bool follows_host = is_host(task) && !behind_gpu[task];
      if (!follows_host) last = std::max(last, end(task));
      for (const TaskId next : graph_.successors_of(task)) {
        const bool matters = next >= first_[earliest()] && (!is_host(next) || behind_gpu[next]);
        if (follows_host && matters && start(next) <= end(task)) return false;
      }
    }
    return last == timeline_.makespan.count();
  }

  const TaskGraph& graph_;
  const std::vector<TaskId>& first_;
  const Timeline& timeline_;
  std::size_t micro_batches_;
  std::int64_t gpu_ = 0;
  std::int64_t host_ = 0;
};

}  // namespace

std::optional<Picoseconds> period_of_micro_batches(const TaskGraph& graph, const Timeline& timeline,
                                                   const std::vector<TaskId>& first_tasks) {
  if (first_tasks.size() < compared + 2) return std::nullopt;
  return RecurrenceOfShards(graph, timeline, first_tasks).period();
}

std::optional<Picoseconds> recurring_step_time(const Scenario& scenario, const Work<Count>& work) {
  if (scenario.variation) return std::nullopt;
  const Work<Count> share = context_share(work, scenario.parallel.context);
  const std::int64_t all = scenario.parallel.micro_batches;
  for (std::int64_t tried = fewest; tried <= all / 2; tried *= 2) {
    ShorterStep shorter = build_fully_sharded_step(scenario, share, tried);
    const BuiltStep step = std::move(shorter.step).build();
    const Timeline timeline = simulate(step.graph);
    const std::optional<Picoseconds> period = period_of_micro_batches(step.graph, timeline, shorter.first_tasks);
    if (!period) continue;
    std::int64_t more = 0;
    if (__builtin_mul_overflow(all - tried, period->count(), &more)) throw_clock_overflow(0);
    return Picoseconds(clock_sum(timeline.makespan.count(), more));
  }
  return std::nullopt;
}

}  // namespace mfusim
