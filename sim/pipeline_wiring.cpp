// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_wiring.hpp"

#include "sim/passage_table.hpp"
#include "sim/stage_phases.hpp"
#include "sim/stage_turns.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim {

ParallelPlan plan_of(const WiringKey& key) {
  ParallelPlan plan;
  plan.schedule = key.schedule;
  plan.pipeline = static_cast<int>(key.stages);
  plan.virtual_stages = static_cast<int>(key.chunks);
  plan.micro_batches = key.micro_batches;
  plan.memory_limit = key.memory_limit;
  return plan;
}

namespace {

/// Slots that repeat and differ in nothing else: behind the first pass of each chunk, which waits for the step's beginning, and
/// between warm-up and flush, with which chunks end their gradients.
SlotRange alike_slots(const std::vector<Slot>& slots, const StagePhases& phases, const ParallelPlan& plan) {
  if (plan.micro_batches < std::int64_t{2} * plan.pipeline) return {};
  SlotRange range = repeating_slots(slots, pipeline_period(plan));
  for (std::size_t i = range.first; i < slots.size(); ++i) {
    if (slots[i].micro_batch == 0 && slots[i].kind == Slot::Kind::Forward) range.first = i + 1;
  }
  range.first = std::max(range.first, phases.first_backward() + 1);
  range.last = std::min(range.last, phases.last_forward() + 1);
  return range;
}

}  // namespace

/// Numbers the passes of all stages, then lets them wait for each other.
class Wirer {
 public:
  Wirer(PipelineWiring& wiring, const WiringKey& key, const std::vector<std::vector<Slot>>& orders)
      : wiring_(wiring),
        key_(key),
        plan_(plan_of(key)),
        orders_(orders),
        chunks_(static_cast<std::uint32_t>(key.stages * key.chunks)),
        forward_(chunks_, key.micro_batches),
        backward_(chunks_, key.micro_batches) {
    wiring_.chunks_ = static_cast<std::uint32_t>(key.chunks);
    wiring_.kinds_ = number_of(PassKind{.chunk = wiring_.chunks_});
    for (std::uint32_t chunk = 0; chunk < chunks_; ++chunk) stage_of_.push_back(stage_of_chunk(plan_, chunk));
  }

  void run() {
    number_passes();
    if (key_.exchanges_in_turn) wiring_.exchanges_.assign(wiring_.size(), PipelineWiring::none);
    wiring_.awaited_.assign(wiring_.size(), 0);
    wiring_.blocks_.assign(wiring_.size(), 0);
    wiring_.last_of_kind_.assign(orders_.size() * wiring_.kinds_, PipelineWiring::none);
    wiring_.first_forward_.assign(orders_.size() * wiring_.chunks_, PipelineWiring::none);
    wiring_.gradient_ends_.resize(orders_.size());
    for (stage_ = 0; stage_ < orders_.size(); ++stage_) wire_stage();
    wiring_.first_waits_.push_back(static_cast<std::uint32_t>(wiring_.waits_.size()));
    wiring_.turns_ = stage_turns(wiring_);
  }

 private:
  [[nodiscard]] std::uint32_t chunk_of(std::size_t stage, const Slot& slot) const {
    return model_chunk(plan_, static_cast<int>(stage), slot.chunk);
  }
  [[nodiscard]] bool does_nothing(std::size_t stage, const Slot& slot) const {
    return slot.kind == Slot::Kind::WeightGradient && !key_.no_weight_gradient.empty() &&
           key_.no_weight_gradient[chunk_of(stage, slot)];
  }

  void number_passes() {
    std::uint32_t number = 0;
    for (std::size_t stage = 0; stage < orders_.size(); ++stage) {
      wiring_.first_.push_back(number);
      for (const Slot& slot : orders_[stage]) {
        if (does_nothing(stage, slot)) continue;
        if (slot.kind != Slot::Kind::WeightGradient)
          (slot.kind == Slot::Kind::Forward ? forward_ : backward_)[{chunk_of(stage, slot), slot.micro_batch}] = number;
        ++number;
      }
      wiring_.stage_of_.resize(number, static_cast<std::uint32_t>(stage));
    }
    wiring_.first_.push_back(number);
    wiring_.kind_of_.reserve(number);
    wiring_.micro_batch_of_.reserve(number);
    wiring_.first_waits_.reserve(number + 1);
    wiring_.waits_.reserve(2 * std::size_t{number});
  }

  void wire_stage() {
    const std::vector<Slot>& slots = orders_[stage_];
    const StagePhases phases(slots, static_cast<int>(key_.chunks));
    std::uint32_t blocking = PipelineWiring::none;  // a pass whose sending the next pass waits for
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const Slot& slot = slots[i];
      const auto number = static_cast<std::uint32_t>(wiring_.kind_of_.size());
      const bool nothing = does_nothing(stage_, slot);
      if (!nothing) {
        const bool in_turn = exchanges(slots, phases, i);
        add_pass(slot, in_turn);
        if (blocking != PipelineWiring::none) {
          add_wait(blocking, stage_, true);
          wiring_.blocks_[blocking] = 1;
        }
        add_producers(slot, number);
        if (in_turn) wiring_.exchanges_[number] = received_next(slots, i);
        const bool blocks = phases.steady(i) ? key_.blocks_in_steady_phase : key_.blocks_outside;
        blocking = blocks && sends(slot) ? number : PipelineWiring::none;
      }
      if (slot.kind != Slot::Kind::Forward && slot.kind != Slot::Kind::InputGradient)
        note_gradient_end(slot, nothing ? PipelineWiring::none : number, phases.last_slot_of(slot.chunk) == i);
    }
    wiring_.repetitions_.push_back(repetition(slots, phases));
  }

  void add_pass(const Slot& slot, bool in_turn) {
    const std::uint32_t kind = number_of(PassKind{slot.chunk, slot.kind, in_turn});
    const auto number = static_cast<std::uint32_t>(wiring_.kind_of_.size());
    wiring_.kind_of_.push_back(kind);
    wiring_.micro_batch_of_.push_back(slot.micro_batch);
    wiring_.first_waits_.push_back(static_cast<std::uint32_t>(wiring_.waits_.size()));
    wiring_.last_of_kind_[stage_ * wiring_.kinds_ + kind] = number;
    if (slot.kind == Slot::Kind::Forward && slot.micro_batch == 0)
      wiring_.first_forward_[stage_ * wiring_.chunks_ + slot.chunk] = number;
  }

  void add_wait(std::uint32_t pass, std::size_t stage, bool sent) {
    wiring_.waits_.push_back({pass, static_cast<std::uint32_t>(stage) & 0x7FFF'FFFFU, sent ? 1U : 0U});
    if (!sent) wiring_.awaited_[pass] = 1;
  }

  /// A pass of the neighbouring chunk: its end where it ran on this very stage, otherwise the arrival of what it sent. The last
  /// chunk's backward pass follows its own forward pass.
  void add_producers(const Slot& slot, std::uint32_t number) {
    if (slot.kind == Slot::Kind::WeightGradient) return;
    const std::uint32_t chunk = chunk_of(stage_, slot);
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (forward && chunk == 0) return;
    if (!forward && chunk + 1 == chunks_) return add_wait(forward_.at({chunk, slot.micro_batch}), stage_, false);
    const std::uint32_t neighbour = forward ? chunk - 1 : chunk + 1;
    const auto stage = static_cast<std::size_t>(stage_of_[neighbour]);
    const std::uint32_t before = (forward ? forward_ : backward_).at({neighbour, slot.micro_batch});
    if (stage == stage_ && before >= number) throw std::logic_error("a pass comes before what it needs");
    add_wait(before, stage, stage != stage_);
  }

  [[nodiscard]] bool sends(const Slot& slot) const {
    if (slot.kind == Slot::Kind::WeightGradient) return false;
    const std::uint32_t chunk = chunk_of(stage_, slot);
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (chunk == (forward ? chunks_ - 1 : 0)) return false;
    return static_cast<std::size_t>(stage_of_[forward ? chunk + 1 : chunk - 1]) != stage_;
  }

  /// Whether a slot sends gradients in turn with what the stage's next forward pass receives.
  [[nodiscard]] bool exchanges(const std::vector<Slot>& slots, const StagePhases& phases, std::size_t at) const {
    return key_.exchanges_in_turn && slots[at].kind != Slot::Kind::Forward && at < phases.last_forward() && sends(slots[at]);
  }
  [[nodiscard]] std::uint32_t received_next(const std::vector<Slot>& slots, std::size_t at) const {
    const auto next = std::find_if(slots.begin() + static_cast<std::ptrdiff_t>(at) + 1, slots.end(),
                                   [](const Slot& slot) { return slot.kind == Slot::Kind::Forward; });
    return forward_.at({chunk_of(stage_, *next) - 1, next->micro_batch});
  }

  void note_gradient_end(const Slot& slot, std::uint32_t pass, bool last_of_chunk) {
    if (!last_of_chunk && !key_.ends_each_micro_batch) return;
    const auto behind = static_cast<std::uint32_t>(wiring_.kind_of_.size());
    const bool is_last = behind == wiring_.first_[stage_ + 1];
    wiring_.gradient_ends_[stage_].push_back({.chunk = slot.chunk,
                                              .backward = backward_.at({chunk_of(stage_, slot), slot.micro_batch}),
                                              .pass = pass,
                                              .last_of_stage = behind - 1,
                                              .next_of_stage = is_last ? PipelineWiring::none : behind,
                                              .last_of_chunk = last_of_chunk});
  }

  /// Slots that do nothing are no passes.
  [[nodiscard]] PipelineWiring::Repetition repetition(const std::vector<Slot>& slots, const StagePhases& phases) const {
    const SlotRange alike = alike_slots(slots, phases, plan_);
    const std::size_t period = pipeline_period(plan_).slots;
    PipelineWiring::Repetition passes;
    for (std::size_t i = 0; i < alike.last; ++i) {
      if (does_nothing(stage_, slots[i])) continue;
      if (i < alike.first) ++passes.first;
      if (i >= alike.first && i < alike.first + period) ++passes.period;
      ++passes.last;
    }
    return passes;
  }

  PipelineWiring& wiring_;
  const WiringKey& key_;
  ParallelPlan plan_;
  const std::vector<std::vector<Slot>>& orders_;
  std::uint32_t chunks_;       ///< Of the model.
  std::vector<int> stage_of_;  ///< By chunk of the model.
  std::size_t stage_ = 0;
  PassageTable<std::uint32_t> forward_, backward_;  ///< Passes; backward: with the input gradients.
};

PipelineWiring::PipelineWiring(const WiringKey& key, const std::vector<std::vector<Slot>>& orders) {
  Wirer(*this, key, orders).run();
}

std::shared_ptr<const PipelineWiring> PipelineWirings::of(const WiringKey& key) {
  const auto at = known_.find(key);
  if (at != known_.end()) return at->second;
  auto made = std::make_shared<const PipelineWiring>(key, stage_schedules(plan_of(key), {}));
  if (passes_ + made->size() > most_passes) {
    known_.clear();
    passes_ = 0;
  }
  passes_ += made->size();
  return known_.emplace(key, std::move(made)).first->second;
}

}  // namespace mfusim
