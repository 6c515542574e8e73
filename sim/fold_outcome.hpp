// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_plan.hpp"
#include "sim/fold_situation.hpp"
#include "sim/rate_table.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace mfusim {

/// How a group goes in a situation if nothing follows it, on a clock that starts with it. Its tasks are numbered: the
/// unfinished ones of the situation, then those of the pattern, then the steps.
struct Outcome {
  /// The progress of a task that outlives the kernels, from `time` on.
  struct Change {
    std::uint32_t task = 0;
    std::int64_t time = 0;
    double left = 0;
    double rate = 1;
  };
  std::vector<FoldTask> tasks;
  std::vector<std::uint32_t> waits;
  std::uint32_t unfinished = 0;  ///< How many of `tasks` were in the situation.
  std::vector<std::int64_t> ends;
  std::int64_t kernels_end = 0;     ///< From here on other groups may start.
  std::int64_t end = 0;             ///< Of all tasks.
  std::vector<std::uint32_t> tail;  ///< Tasks that end after the kernels.
  std::vector<Change> changes;      ///< Of `tail`, in order of time.
};

/// Simulates groups of one rank with the rules and the arithmetic of the event engine (sim/engine_events.hpp), to the bit.
class RankEngine {
 public:
  explicit RankEngine(const SharingModel& sharing) : rates_(sharing) {}

  /// `host_lag`: when the host may begin with the group's launches.
  [[nodiscard]] Outcome run(const FoldKind& kind, const Situation& situation, std::int64_t host_lag);

 private:
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Stream {
    std::vector<std::uint32_t> queue;
    std::size_t head = 0;
    std::int64_t free = 0;        ///< When its last task ended.
    std::int64_t start = kNever;  ///< Of the head, where it is known.
    std::int64_t end = kNever;    ///< Of the head while it runs, at its present rate.
    std::int64_t since = 0;
    double left = 0;
    double rate = 1;
    bool running = false;
  };

  void collect(const FoldKind& kind, const Situation& situation);
  void add(const FoldTask& task, std::span<const std::uint32_t> waits, std::uint32_t offset);
  void resume(const Situation& situation);
  void pass_and_wait();
  bool advance(Stream& stream);
  [[nodiscard]] std::int64_t start_of(const Stream& stream) const;
  [[nodiscard]] std::int64_t next_event() const;
  void end_tasks(std::int64_t now);
  void start_tasks(std::int64_t now);
  void apply_rates(std::int64_t now);
  void apply_rate(Stream& stream, std::int64_t now, double rate);
  [[nodiscard]] double rate_alone(const Stream& stream);
  void set_rate(Stream& stream, std::int64_t now, double rate);
  void change_rate(Stream& stream, std::int64_t now, double rate);
  void note(const Stream& stream);
  [[nodiscard]] UsageId& running_on(const Stream& stream) {
    return running_[static_cast<std::size_t>(&stream - streams_.data())];
  }
  [[nodiscard]] const FoldTask& head_of(const Stream& stream) const { return outcome_.tasks[stream.queue[stream.head]]; }
  void finish();

  static constexpr double kNoRate = -1;

  RateTable rates_;
  std::vector<double> rates_alone_;  ///< By usage, of what runs alone; kNoRate: not yet known.
  std::array<Stream, streams_per_rank> streams_;
  std::vector<Stream*> used_;  ///< Those with tasks, in their order.
  RateTable::Running running_{};
  Outcome outcome_;
};

/// What is under way `offset` after the start of an outcome's group, when no kernel runs any more.
struct Cut {
  Situation situation;
  std::vector<std::uint32_t> tasks;  ///< Of the outcome, in the order of the situation.
};
/// Tasks that pass on streams outside `streams` are left out unless others wait for them: they touch nothing any more.
[[nodiscard]] Cut cut(const Outcome& outcome, std::int64_t offset, std::uint32_t streams);

}  // namespace mfusim
