// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_plan.hpp"
#include "sim/fold_situation.hpp"
#include "sim/rate_table.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
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
  /// A moment with kernels to come at which none of the group's tasks runs, and of the situation at most one task on a stream
  /// and what is queued behind it. What follows depends on this and on the work left under way, on nothing else.
  struct Pause {
    std::int64_t time = 0;
    std::array<std::uint32_t, streams_per_rank> ended{};      ///< How many of the group's tasks, by stream.
    std::array<std::uint32_t, streams_per_rank> under_way{};  ///< Of the situation, by stream: the task's number + 1; 0: none.
  };
  std::vector<FoldTask> tasks;
  std::vector<std::uint32_t> waits;
  std::uint32_t unfinished = 0;  ///< How many of `tasks` were in the situation.
  std::vector<std::int64_t> ends;
  std::int64_t kernels_end = 0;     ///< From here on other groups may start.
  std::int64_t end = 0;             ///< Of all tasks.
  std::vector<std::uint32_t> tail;  ///< Tasks that end after the kernels.
  std::vector<Change> changes;      ///< Of `tail` and of the situation, in order of time.
  std::vector<Pause> pauses;        ///< In order of time; not those that were skipped.
};

/// Simulates groups of one rank with the rules and the arithmetic of the event engine (sim/engine_events.hpp), to the bit.
class RankEngine {
 public:
  explicit RankEngine(const SharingModel& sharing) : rates_(sharing) {}

  /// `host_lag`: when the host may begin with the group's launches. `known`: outcomes of the same kind in whatever situations;
  /// from a pause that one of them has too, what it did is taken over, later or earlier (sim/fold_pause.cpp).
  [[nodiscard]] Outcome run(const FoldKind& kind, const Situation& situation, std::int64_t host_lag,
                            std::span<const Outcome* const> known = {});
  /// Tasks of the last run that were simulated, not taken over.
  [[nodiscard]] std::size_t simulated_tasks() const { return simulated_tasks_; }

 private:
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Progress {
    std::int64_t end = kNever;  ///< Of the head while it runs, at its present rate.
    std::int64_t since = 0;
    double left = 0;
    double rate = 1;
  };
  struct Stream : Progress {
    std::vector<std::uint32_t> queue;
    std::size_t head = 0;
    std::size_t unfinished = 0;   ///< How many of `queue` are of the situation.
    std::int64_t free = 0;        ///< When its last task ended.
    std::int64_t start = kNever;  ///< Of the head, where it is known.
    bool running = false;
  };

  void collect(const FoldKind& kind, const Situation& situation);
  void add(std::span<const FoldTask> tasks, std::span<const std::uint32_t> waits, std::uint32_t offset);
  void resume(const Situation& situation);
  void pass_and_wait();
  bool advance(Stream& stream);
  [[nodiscard]] std::int64_t start_of(const Stream& stream) const;
  [[nodiscard]] std::int64_t next_event() const;
  /// Whether a task ended.
  bool end_tasks(std::int64_t now);
  [[nodiscard]] bool pauses(std::int64_t now) const;
  [[nodiscard]] Outcome::Pause pause_at(std::int64_t now) const;
  [[nodiscard]] bool is_alike(const Outcome::Pause& mine, const Outcome& known, const Outcome::Pause& its) const;
  /// At a pause: goes on to where what is known does not help. Nothing: all is known.
  [[nodiscard]] std::optional<std::int64_t> skip(std::int64_t now, std::span<const Outcome* const> known);
  [[nodiscard]] std::int64_t jump(const Outcome& known, std::size_t from, std::int64_t delay);
  [[nodiscard]] bool carry(const Outcome& known, const Outcome::Pause& from, const Outcome::Pause& to, std::int64_t delay);
  [[nodiscard]] bool repeat_changes(Stream& stream, const Outcome& known, const Outcome::Pause& from, const Outcome::Pause& to,
                                    std::int64_t delay);
  void take_ends(const Outcome& known, std::int64_t until, std::int64_t delay);
  void follow(const Outcome& known, std::int64_t from, std::int64_t delay);
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
  std::size_t simulated_tasks_ = 0;
};

/// What is under way `offset` after the start of an outcome's group, when no kernel runs any more.
struct Cut {
  Situation situation;
  std::vector<std::uint32_t> tasks;  ///< Of the outcome, in the order of the situation.
};
/// Tasks that pass on streams outside `streams` are left out unless others wait for them: they touch nothing any more.
[[nodiscard]] Cut cut(const Outcome& outcome, std::int64_t offset, std::uint32_t streams);

}  // namespace mfusim
