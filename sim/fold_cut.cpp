// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcome.hpp"

#include <algorithm>

namespace mfusim {
namespace {

Unfinished progress_at(const Outcome& outcome, std::uint32_t task, std::int64_t offset) {
  Unfinished one{.task = outcome.task(task)};
  if (one.task.passes()) {
    const bool started = outcome.ends[task] - one.task.duration < offset;
    if (started) one.progress = Unfinished::Progress::Passes;
    if (started) one.since = outcome.ends[task] - offset;
    return one;
  }
  for (const Outcome::Change& change : outcome.changes) {
    if (change.task != task || change.time >= offset) continue;
    one.progress = Unfinished::Progress::Runs;
    one.left = change.left;
    one.rate = change.rate;
    one.since = change.time - offset;
  }
  return one;
}

/// Whether a later one of `tasks` needs the end of the one at `at`.
bool is_needed(const Outcome& outcome, std::span<const std::uint32_t> tasks, std::size_t at) {
  for (std::size_t later = at + 1; later < tasks.size(); ++later) {
    const FoldTask& task = outcome.task(tasks[later]);
    if (task.stream == outcome.task(tasks[at]).stream) return true;
    for (std::uint32_t wait = task.first_wait; wait < task.last_wait; ++wait) {
      if (outcome.awaited(tasks[later], wait) == tasks[at]) return true;
    }
  }
  return false;
}

/// Puts down what a task that has not started waits for, by position in `tasks`.
void take_waits(const Outcome& outcome, std::span<const std::uint32_t> tasks, std::uint32_t number, Unfinished& one,
                std::pmr::vector<std::uint32_t>& waits) {
  const std::uint32_t first = one.task.first_wait;
  const std::uint32_t last = one.task.last_wait;
  one.task.first_wait = static_cast<std::uint32_t>(waits.size());
  if (one.progress == Unfinished::Progress::Waits) {
    for (std::uint32_t wait = first; wait < last; ++wait) {
      const auto at = std::find(tasks.begin(), tasks.end(), outcome.awaited(number, wait));
      if (at != tasks.end()) waits.push_back(static_cast<std::uint32_t>(at - tasks.begin()));
    }
  }
  one.task.last_wait = static_cast<std::uint32_t>(waits.size());
}

}  // namespace

void cut(const Outcome& outcome, std::int64_t offset, std::uint32_t streams, Cut& made) {
  made.left_out.clear();
  made.situation.tasks.clear();
  made.situation.waits.clear();
  std::vector<std::uint32_t>& alive = made.tasks;
  alive.clear();
  for (const std::uint32_t task : outcome.tail) {
    if (outcome.ends[task] > offset) alive.push_back(task);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < alive.size(); ++i) {
    Unfinished one = progress_at(outcome, alive[i], offset);
    const bool leaves = one.progress == Unfinished::Progress::Passes && (streams & bit_of(one.task.stream)) == 0;
    if (leaves && !is_needed(outcome, alive, i)) {
      made.left_out.push_back(alive[i]);
      continue;
    }
    take_waits(outcome, std::span(alive).first(kept), alive[i], one, made.situation.waits);
    made.situation.tasks.push_back(one);
    alive[kept++] = alive[i];
  }
  alive.resize(kept);
}

}  // namespace mfusim
