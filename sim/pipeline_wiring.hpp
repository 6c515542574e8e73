// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace mfusim {

/// All that decides which passes a pipeline runs and what they wait for. What they cost does not.
struct WiringKey {
  PipelineSchedule schedule = PipelineSchedule::OneForwardOneBackward;
  std::int64_t stages = 1;
  std::int64_t chunks = 1;  ///< Of each stage.
  std::int64_t micro_batches = 1;
  std::int64_t memory_limit = 0;
  bool blocks_in_steady_phase = false;     ///< The next pass of a stage waits for what the one before sends.
  bool blocks_outside = false;             ///< The same in warm-up and flush.
  bool exchanges_in_turn = false;          ///< Gradients are sent after the next activations were received.
  bool ends_each_micro_batch = false;      ///< Gradients are complete with each micro-batch, not only with the last.
  std::vector<bool> no_weight_gradient{};  ///< By chunk of the model: its weight-gradient slots do nothing. Empty: none.
  auto operator<=>(const WiringKey&) const = default;
};
/// A plan with what the key says of it, for the functions of sim/pipeline_schedule.hpp.
[[nodiscard]] ParallelPlan plan_of(const WiringKey& key);

/// The passes of a pipeline: those slots of each stage's order that do something, numbered stage by stage, with what each waits
/// for. A pass sends what it made to the stage of the neighbouring chunk where that is another stage.
class PipelineWiring {
 public:
  static constexpr std::uint32_t none = static_cast<std::uint32_t>(-1);

  struct Pass {
    std::uint32_t kind = 0;  ///< Of its stage: pass_kind().
    std::uint32_t micro_batch = 0;
  };
  /// The end of a pass, or the arrival of what it sent.
  struct Wait {
    std::uint32_t pass = 0;
    std::uint32_t stage : 31 = 0;  ///< Of that pass.
    std::uint32_t sent : 1 = 0;
  };
  /// A slot that completes gradients of a chunk.
  struct GradientEnd {
    std::uint32_t chunk = 0;             ///< Of the stage.
    std::uint32_t backward = none;       ///< The pass with the chunk's backward slot.
    std::uint32_t pass = none;           ///< The pass of the slot itself; none: it does nothing.
    std::uint32_t last_of_stage = none;  ///< The last pass up to the slot.
    std::uint32_t next_of_stage = none;  ///< The pass behind the slot.
    bool last_of_chunk = false;
  };
  /// Which passes of a stage repeat, counted from its first: each comes again `period` passes later, and waits for others in the
  /// same way. More micro-batches mean more of them, and change nothing else about the stage.
  struct Repetition {
    std::uint32_t first = 0;
    std::uint32_t last = 0;  ///< Behind the last one.
    std::uint32_t period = 0;
  };

  /// `orders`: the slots of each stage (stage_schedules).
  PipelineWiring(const WiringKey& key, const std::vector<std::vector<Slot>>& orders);

  [[nodiscard]] std::uint32_t stages() const { return static_cast<std::uint32_t>(first_.size()) - 1; }
  [[nodiscard]] std::uint32_t size() const { return first_.back(); }
  /// The number of a stage's first pass; of the stage behind the last one, of all.
  [[nodiscard]] std::uint32_t first(std::size_t stage) const { return first_[stage]; }
  [[nodiscard]] std::uint32_t stage_of(std::uint32_t pass) const { return stage_of_[pass]; }
  [[nodiscard]] Pass operator[](std::uint32_t pass) const { return {kind_of_[pass], micro_batch_of_[pass]}; }
  [[nodiscard]] std::uint32_t kind_of(std::uint32_t pass) const { return kind_of_[pass]; }
  [[nodiscard]] std::span<const Wait> waits_of(std::uint32_t pass) const {
    return std::span(waits_).subspan(first_waits_[pass], first_waits_[pass + 1] - first_waits_[pass]);
  }
  /// Fetches what will be asked about passes a little behind this one of its stage: a walk over all stages at once is in too many
  /// places for a processor to foresee. Inlined by force, as GCC 12 drops calls of a function that only prefetches.
  [[gnu::always_inline]] inline void prefetch_behind(std::uint32_t pass) const {
    constexpr std::size_t line = 64;  // bytes
    const std::size_t behind = pass + line / sizeof(std::uint32_t);
    __builtin_prefetch(waits_.data() + first_waits_[pass] + line / sizeof(Wait));
    __builtin_prefetch(first_waits_.data() + behind);
    __builtin_prefetch(kind_of_.data() + behind);
  }
  /// Whether another pass waits for the end of this one.
  [[nodiscard]] bool is_awaited(std::uint32_t pass) const { return awaited_[pass] != 0; }
  [[nodiscard]] const std::vector<std::uint8_t>& awaited() const { return awaited_; }
  /// Whether the next pass of its stage waits for what this one sends.
  [[nodiscard]] bool blocks(std::uint32_t pass) const { return blocks_[pass] != 0; }
  /// Of a pass that sends in turn: the pass that must have ended too; none: it does not.
  [[nodiscard]] std::uint32_t exchange_of(std::uint32_t pass) const { return exchanges_.empty() ? none : exchanges_[pass]; }
  [[nodiscard]] bool has_exchanges() const { return !exchanges_.empty(); }

  /// The stages roughly in the order in which their passes start: each one has a turn for each of its passes (stage_turns).
  [[nodiscard]] const std::vector<std::uint32_t>& turns() const { return turns_; }

  /// Kinds of passes of one stage are fewer than this.
  [[nodiscard]] std::uint32_t kinds() const { return kinds_; }
  /// The last pass of a kind on a stage; none: there is none.
  [[nodiscard]] std::uint32_t last_of_kind(std::size_t stage, std::uint32_t kind) const {
    return last_of_kind_[stage * kinds_ + kind];
  }

  /// A stage's first forward pass of a chunk.
  [[nodiscard]] std::uint32_t first_forward(std::size_t stage, std::uint32_t chunk) const {
    return first_forward_[stage * chunks_ + chunk];
  }
  [[nodiscard]] const std::vector<GradientEnd>& gradient_ends(std::size_t stage) const { return gradient_ends_[stage]; }
  [[nodiscard]] const std::vector<Repetition>& repetitions() const { return repetitions_; }

 private:
  friend class Wirer;

  std::uint32_t chunks_ = 1;
  std::uint32_t kinds_ = 0;
  std::vector<std::uint32_t> first_;     ///< By stage, and one more.
  std::vector<std::uint32_t> stage_of_;  ///< By pass.
  std::vector<std::uint32_t> kind_of_, micro_batch_of_;
  std::vector<std::uint32_t> first_waits_;  ///< One more than there are passes.
  std::vector<Wait> waits_;
  std::vector<std::uint8_t> awaited_, blocks_;
  std::vector<std::uint32_t> exchanges_;  ///< By pass; empty: none is in turn.
  std::vector<std::uint32_t> turns_;
  std::vector<std::uint32_t> last_of_kind_;
  std::vector<std::uint32_t> first_forward_;
  std::vector<std::vector<GradientEnd>> gradient_ends_;
  std::vector<Repetition> repetitions_;
};

/// What a pass of a stage is, whichever its micro-batch.
struct PassKind {
  std::uint32_t chunk = 0;  ///< Of the stage.
  Slot::Kind slot = Slot::Kind::Forward;
  bool in_turn = false;  ///< What it sends goes in turn with what its stage receives next.
};
[[nodiscard]] constexpr std::uint32_t number_of(const PassKind& kind) {
  return (kind.chunk * 4 + static_cast<std::uint32_t>(kind.slot)) * 2 + (kind.in_turn ? 1 : 0);
}
[[nodiscard]] constexpr PassKind pass_kind(std::uint32_t number) {
  return {number / 8, static_cast<Slot::Kind>(number / 2 % 4), number % 2 == 1};
}

/// Wirings by their keys, for steps that are alike in this. For one thread.
class PipelineWirings {
 public:
  /// Of a schedule that is not made to measure.
  [[nodiscard]] std::shared_ptr<const PipelineWiring> of(const WiringKey& key);

 private:
  static constexpr std::size_t most_passes = 1'000'000;  ///< About 30 MB.

  std::map<WiringKey, std::shared_ptr<const PipelineWiring>> known_;
  std::size_t passes_ = 0;  ///< Of all of them.
};

}  // namespace mfusim
