// SPDX-License-Identifier: Apache-2.0
#include "sim/fullest_moment.hpp"

#include <algorithm>
#include <optional>

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

}  // namespace

FullestMoment fullest_moment(const ShortOrder& order, const std::vector<ChunkActivations>& by_chunk) {
  std::optional<ActivationMoment> fullest;
  Bytes with_held;
  walk_activations(order.slots, by_chunk, [&](const ActivationMoment& moment) {
    if (!fullest || fullest->all() < moment.all()) fullest = moment;
    with_held = std::max(with_held, moment.all() + moment.held_back);
  });
  return {.moment = *fullest,
          .at = order.in_step(fullest->slot),
          .held_back = with_held - fullest->all(),
          .passes_in_flight = most_in_flight(order.slots)};
}

FullestMoment fullest_moment(const ParallelPlan& plan, int stage, const std::vector<ChunkActivations>& by_chunk) {
  if (plan.schedule == PipelineSchedule::GPipe) return fullest_of_gpipe(plan, by_chunk.front());
  return fullest_moment(short_order(plan, stage), by_chunk);
}

}  // namespace mfusim
