// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_wiring.hpp"
#include "sim/segment.hpp"
#include "sim/task_graph.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mfusim {

/// Names of what a step consists of: items that were written down, by their place among them; and passes of a pipeline and what
/// they send, by the numbers that the passes have (PipelineWiring).
namespace step_items {
constexpr std::uint32_t pass_bit = 1U << 31U;
constexpr std::uint32_t sent_bit = 1U << 30U;
[[nodiscard]] constexpr std::uint32_t of_pass(std::uint32_t pass) {
  return pass_bit | pass;
}
[[nodiscard]] constexpr std::uint32_t of_sent(std::uint32_t pass) {
  return pass_bit | sent_bit | pass;
}
/// Whether a pass, or what it sends; the number of that pass.
[[nodiscard]] constexpr bool is_wired(std::uint32_t item) {
  return (item & pass_bit) != 0;
}
[[nodiscard]] constexpr bool is_sent(std::uint32_t item) {
  return (item & sent_bit) != 0;
}
[[nodiscard]] constexpr std::uint32_t pass_of(std::uint32_t item) {
  return item & (sent_bit - 1);
}
}  // namespace step_items

/// A task of a recorded step: the item that holds it, and its place there.
struct StepTask {
  std::uint32_t item = 0;
  std::uint32_t index = 0;
  auto operator<=>(const StepTask&) const = default;
};

/// A step as its builder wrote it down: the passes of a pipeline, if it has one, and behind them on each stream segments and
/// single steps in program order, with what they wait for; the tasks of a segment are not copied yet.
struct StepRecord {
  static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);
  static constexpr std::int32_t all_ranks = -1;

  struct Item {
    TaskId first = 0;              ///< Tasks of the items before it.
    std::uint32_t instance = 0;    ///< Of its tasks, packed.
    std::int32_t rank = 0;         ///< Or all_ranks.
    std::uint32_t segment = none;  ///< In `segments`; none: a single step.
    std::uint32_t row = none;      ///< Of a single step.
    std::uint32_t first_wait = 0;  ///< What it waits for: waits[first_wait .. last_wait).
    std::uint32_t last_wait = 0;
    std::uint32_t late_wait = none;  ///< The last of its waits that were added later, in `late_waits`.
  };
  struct LateWait {
    StepTask before;
    std::uint32_t previous = none;
  };

  /// Which passes of a rank repeat, by their place among its passes and segments.
  using Repetition = PipelineWiring::Repetition;

  /// What the passes of one kind on one stage do.
  struct StagePass {
    std::uint32_t segment = none;  ///< In `segments`; none: the stage has no such pass.
    std::uint32_t row = none;      ///< Of what it sends; none: it sends nothing.
    std::uint32_t chunk = 0;       ///< Of the whole model.
  };
  /// The passes of a pipeline: stage s on rank s.
  struct Passes {
    std::shared_ptr<const PipelineWiring> wiring;
    std::vector<StagePass> kinds;  ///< By stage and kind.
    [[nodiscard]] const StagePass& of_kind(std::size_t stage, std::uint32_t kind) const {
      return kinds[stage * wiring->kinds() + kind];
    }
  };
  /// What a pass waits for beside other passes.
  struct EntryWait {
    std::uint32_t pass = 0;
    StepTask before;
  };

  int ranks = 0;
  StepTable table;
  std::optional<Passes> passes;
  std::vector<EntryWait> entry_waits;
  std::vector<Item> items;
  std::vector<StepTask> waits;
  std::vector<LateWait> late_waits;
  std::vector<const Segment*> segments;
  std::vector<std::uint8_t> segments_outlive;  ///< By segment: whether it outlives the record.
  std::deque<Segment> own_segments;            ///< Those that do not.
  TaskId tasks = 0;                            ///< Of all items.
  std::vector<Repetition> repetitions;         ///< By rank; empty: none is known.
  std::int64_t periods_left_out = 0;           ///< Periods that the step has and that are not written down.

  /// Whether the segment of that number goes on when the record ends.
  [[nodiscard]] bool outlived_by(std::uint32_t segment) const { return segments_outlive[segment] != 0; }
  /// Makes room for so many items with two waits each.
  void reserve(std::size_t more) {
    items.reserve(items.size() + more);
    waits.reserve(waits.size() + 2 * more);
    late_waits.reserve(late_waits.size() + more);
  }
  /// Appends an item of `size` tasks that waits for `after`; gives its number.
  std::uint32_t append(Item item, std::size_t size, std::span<const StepTask> after) {
    item.first = tasks;
    item.first_wait = static_cast<std::uint32_t>(waits.size());
    for (const StepTask before : after) waits.push_back(before);
    item.last_wait = static_cast<std::uint32_t>(waits.size());
    tasks += static_cast<TaskId>(size);
    items.push_back(item);
    return static_cast<std::uint32_t>(items.size()) - 1;
  }
  [[nodiscard]] std::int32_t rank_of(std::uint32_t item) const {
    if (!step_items::is_wired(item)) return items[item].rank;
    return static_cast<std::int32_t>(passes->wiring->stage_of(step_items::pass_of(item)));
  }
  [[nodiscard]] std::span<const StepTask> waits_of(const Item& item) const {
    return std::span(waits).subspan(item.first_wait, item.last_wait - item.first_wait);
  }
  /// Calls `visit(task)` for each task that an item waits for until one gives false; gives whether none did.
  template <class Visit>
  [[nodiscard]] bool all_waits(const Item& item, Visit visit) const {
    for (std::uint32_t wait = item.first_wait; wait < item.last_wait; ++wait) {
      if (!visit(waits[wait])) return false;
    }
    for (std::uint32_t wait = item.late_wait; wait != none; wait = late_waits[wait].previous) {
      if (!visit(late_waits[wait].before)) return false;
    }
    return true;
  }
};

}  // namespace mfusim
