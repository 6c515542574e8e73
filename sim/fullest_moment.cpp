// SPDX-License-Identifier: Apache-2.0
#include "sim/fullest_moment.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace mfusim {
namespace {

/// All forward passes and then all backward passes are, at the last micro-batch's, one pass of each that keeps what all keep.
FullestMoment fullest_of_gpipe(const ParallelPlan& plan, ChunkActivations one) {
  const auto micro_batches = static_cast<double>(plan.micro_batches);
  one.kept = micro_batches * one.kept;
  one.scores = micro_batches * one.scores;
  const ShortOrder last{.slots = {{Slot::Kind::Forward, 0, 0}, {Slot::Kind::Backward, 0, 0}},
                        .left_out = static_cast<std::uint32_t>(plan.micro_batches - 1)};
  FullestMoment fullest = fullest_moment(last, {one});
  fullest.passes_in_flight = plan.micro_batches;
  return fullest;
}

/// What a slot does to the bytes that are alive.
struct SlotBytes {
  Bytes before;  ///< Added when it starts.
  Bytes beside;  ///< There while it runs.
  Bytes held;    ///< Beside tensors while it runs.
  Bytes after;   ///< Added when it has ended; mostly less than nothing.
};

constexpr std::size_t slot_kinds = 4;

/// By chunk and kind of slot: what the walk makes of each alone.
std::vector<SlotBytes> bytes_of_slots(const std::vector<ChunkActivations>& by_chunk) {
  std::vector<SlotBytes> bytes(by_chunk.size() * slot_kinds);
  for (std::uint32_t chunk = 0; chunk < by_chunk.size(); ++chunk) {
    for (std::size_t kind = 0; kind < slot_kinds; ++kind) {
      const std::array slot{Slot{static_cast<Slot::Kind>(kind), 0, chunk}};
      walk_activations(slot, by_chunk, [&](const ActivationMoment& moment) {
        const Bytes before = moment.kept + moment.scores;
        bytes[chunk * slot_kinds + kind] = {before, moment.recomputed + moment.in_flight, moment.held_back,
                                            moment.after - before};
      });
    }
  }
  return bytes;
}

struct Fullest {
  std::size_t slot = 0;
  Bytes all;
  Bytes with_held;
};

/// The first of the fullest slots. Whole numbers of bytes add up to the same in any order.
Fullest fullest_slot(const std::vector<Slot>& slots, const std::vector<ChunkActivations>& by_chunk) {
  const std::vector<SlotBytes> bytes = bytes_of_slots(by_chunk);
  Fullest fullest;
  Bytes alive;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const SlotBytes& slot = bytes[slots[i].chunk * slot_kinds + static_cast<std::size_t>(slots[i].kind)];
    alive += slot.before;
    const Bytes all = alive + slot.beside;
    if (fullest.all < all) {
      fullest.all = all;
      fullest.slot = i;
    }
    fullest.with_held = std::max(fullest.with_held, all + slot.held);
    alive += slot.after;
  }
  return fullest;
}

}  // namespace

FullestMoment fullest_moment(const ShortOrder& order, const std::vector<ChunkActivations>& by_chunk) {
  const Fullest fullest = fullest_slot(order.slots, by_chunk);
  ActivationMoment moment;
  walk_activations(std::span(order.slots).first(fullest.slot + 1), by_chunk,
                   [&](const ActivationMoment& last) { moment = last; });
  return {.moment = moment,
          .at = order.in_step(fullest.slot),
          .held_back = fullest.with_held - fullest.all,
          .passes_in_flight = most_in_flight(order.slots)};
}

FullestMoment fullest_moment(const ParallelPlan& plan, int stage, const std::vector<ChunkActivations>& by_chunk) {
  if (plan.schedule == PipelineSchedule::GPipe) return fullest_of_gpipe(plan, by_chunk.front());
  return fullest_moment(short_order(plan, stage), by_chunk);
}

}  // namespace mfusim
