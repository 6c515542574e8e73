// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_plan.hpp"
#include "sim/fold_situation.hpp"
#include "sim/rate_table.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <optional>
#include <span>
#include <vector>

namespace mfusim {

/// How a group goes in a situation if nothing follows it, on a clock that starts with it. Its tasks are numbered: the
/// unfinished ones of the situation, then those of the kind.
struct Outcome {
  explicit Outcome(std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : ends(memory), before(memory), before_waits(memory), tail(memory), changes(memory), pauses(memory) {}

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
    std::uint32_t changes = 0;                                ///< Of an outcome's: so many come no later.
    std::uint32_t last_alike = 0;                             ///< Of an outcome's: the same is under way up to this pause of it.
  };

  const FoldKind* kind = nullptr;
  std::int64_t kernels_end = 0;         ///< From here on other groups may start.
  std::int64_t end = 0;                 ///< Of all tasks.
  std::pmr::vector<std::int64_t> ends;  ///< By number.
  std::pmr::vector<FoldTask> before;    ///< Unfinished ones of the situation.
  std::pmr::vector<std::uint32_t> before_waits;
  std::pmr::vector<std::uint32_t> tail;  ///< Tasks that end after the kernels.
  std::pmr::vector<Change> changes;      ///< Of `tail` and of the situation, in order of time.
  std::pmr::vector<Pause> pauses;        ///< In order of time; not those that were skipped. Empty: nothing is to be taken over.

  /// Keeps pauses for others to take over from.
  void keep(std::span<const Pause> of_run);
  [[nodiscard]] std::uint32_t unfinished() const { return static_cast<std::uint32_t>(before.size()); }
  [[nodiscard]] const FoldTask& task(std::uint32_t number) const {
    return number < unfinished() ? before[number] : kind->tasks[number - unfinished()];
  }
  /// The number of a task that another one waits for; `wait`: from its first_wait to its last_wait.
  [[nodiscard]] std::uint32_t awaited(std::uint32_t number, std::uint32_t wait) const {
    return number < unfinished() ? before_waits[wait] : kind->waits[wait] + unfinished();
  }
};

/// Simulates groups of one rank with the rules and the arithmetic of the event engine (sim/engine_events.hpp), to the bit.
class RankEngine {
 public:
  /// Outcomes live in `memory`.
  explicit RankEngine(const SharingModel& sharing, std::pmr::memory_resource* memory = std::pmr::get_default_resource())
      : memory_(memory), rates_(sharing) {}

  /// `kind` must outlive the outcome. `host_lag`: when the host may begin with the group's launches. `known`: outcomes of the
  /// same kind, or of another one of its pattern, in whatever situations; from a pause that one of them has too, what it did is
  /// taken over, later or earlier (sim/fold_pause.cpp).
  [[nodiscard]] Outcome run(const FoldKind& kind, const Situation& situation, std::int64_t host_lag,
                            std::span<const Outcome* const> known = {});
  /// Pauses of the last run.
  [[nodiscard]] std::span<const Outcome::Pause> pauses() const { return pauses_; }
  /// Tasks of the last run that were simulated, not taken over.
  [[nodiscard]] std::size_t simulated_tasks() const { return simulated_tasks_; }

 private:
  static constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  struct Progress {
    std::int64_t end = kNever;  ///< Of the head while it runs, at its present rate.
    std::int64_t since = 0;
    double left = 0;
    double rate = 1;
  };
  struct Stream : Progress {
    std::vector<std::uint32_t> tasks;  ///< Of the situation, then of the kind.
    std::uint32_t before = 0;          ///< So many of them are of the situation.
    std::uint32_t head = 0;
    std::uint32_t end_of_tasks = 0;
    std::uint32_t blocker = kNone;  ///< A task that the head waits for and that had not ended; kNone: not looked yet.
    std::int64_t free = 0;          ///< When its last task ended.
    std::int64_t start = kNever;    ///< Of the head, where it is known.
    bool running = false;

    [[nodiscard]] bool is_done() const { return head == end_of_tasks; }
    void go_to(std::uint32_t task) {
      head = task;
      start = kNever;
      blocker = kNone;
    }
  };

  void collect(const FoldKind& kind, const Situation& situation);
  void resume(const Situation& situation);
  void pass_and_wait();
  bool advance(Stream& stream);
  [[nodiscard]] std::int64_t start_of(Stream& stream, std::uint32_t number) const;
  [[nodiscard]] std::int64_t next_event() const;
  /// Whether a task ended.
  bool end_tasks(std::int64_t now);
  [[nodiscard]] bool is_pause(std::int64_t now) const;
  [[nodiscard]] Outcome::Pause pause_at(std::int64_t now) const;
  [[nodiscard]] bool is_alike(const Outcome::Pause& mine, const Outcome& known, const Outcome::Pause& its) const;
  /// At a pause: goes on to where what is known does not help. Nothing: all is known.
  [[nodiscard]] std::optional<std::int64_t> skip(std::int64_t now, std::span<const Outcome* const> known);
  [[nodiscard]] std::size_t alike_pauses(const Outcome& known) const;
  [[nodiscard]] std::int64_t jump(const Outcome& known, std::size_t from, std::size_t end, std::int64_t delay);
  [[nodiscard]] std::size_t carry_all(const Outcome& known, std::size_t from, std::size_t last, std::int64_t delay);
  [[nodiscard]] std::size_t carry(Stream& stream, const Outcome& known, std::size_t from, std::size_t last, std::int64_t delay);
  void take_ends(const Outcome& known, const Stream& stream, std::size_t until, std::int64_t delay);
  void follow(const Outcome& known, std::int64_t from, std::int64_t delay);
  void start_tasks(std::int64_t now);
  void apply_rates(std::int64_t now);
  void apply_rate(Stream& stream, std::int64_t now, double rate) {
    if (stream.rate != rate) change_rate(stream, now, rate);
  }
  [[nodiscard]] double rate_alone(const Stream& stream);
  void set_rate(Stream& stream, std::int64_t now, double rate);
  void change_rate(Stream& stream, std::int64_t now, double rate);
  void note(const Stream& stream);
  [[nodiscard]] UsageId& running_on(const Stream& stream) {
    return running_[static_cast<std::size_t>(&stream - streams_.data())];
  }
  [[nodiscard]] static std::uint32_t head_of(const Stream& stream) { return stream.tasks[stream.head]; }
  void finish();

  static constexpr double kNoRate = -1;
  static constexpr std::size_t kUnasked = static_cast<std::size_t>(-1);

  std::pmr::memory_resource* memory_;
  RateTable rates_;
  std::vector<double> rates_alone_;  ///< By usage, of what runs alone; kNoRate: not yet known.
  std::array<Stream, streams_per_rank> streams_;
  std::vector<Stream*> used_;  ///< Those with tasks, in their order.
  RateTable::Running running_{};
  Outcome outcome_{memory_};
  std::vector<Outcome::Change> changes_;  ///< Of all that communicates.
  std::vector<Outcome::Pause> pauses_;
  std::vector<std::size_t> alike_pauses_;  ///< By known outcome: how many tell how this run goes; kUnasked: not yet asked for.
  std::array<Progress, streams_per_rank> carried_from_{};  ///< For carry_all().
  std::size_t running_streams_ = 0;
  std::size_t simulated_tasks_ = 0;
};

/// What is under way `offset` after the start of an outcome's group, when no kernel runs any more.
struct Cut {
  Situation situation;
  std::vector<std::uint32_t> tasks;     ///< Of the outcome, in the order of the situation.
  std::vector<std::uint32_t> left_out;  ///< Tasks under way that touch nothing any more.
};
/// Tasks that pass on streams outside `streams` are left out unless others wait for them: they touch nothing any more. What
/// `made` holds is overwritten.
void cut(const Outcome& outcome, std::int64_t offset, std::uint32_t streams, Cut& made);

}  // namespace mfusim
