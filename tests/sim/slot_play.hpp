// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace mfusim::tests {

/// Times of one chunk's passes, in any unit: forward, input gradients, weight gradients.
struct PassTimes {
  std::int64_t forward = 1, input = 1, weight = 1;
  [[nodiscard]] std::int64_t all() const { return forward + input + weight; }
  [[nodiscard]] std::int64_t of(Slot::Kind kind) const {
    switch (kind) {
      case Slot::Kind::Forward:
        return forward;
      case Slot::Kind::Backward:
        return input + weight;
      case Slot::Kind::InputGradient:
        return input;
      case Slot::Kind::WeightGradient:
        return weight;
    }
    return 0;
  }
};

/// What a schedule comes to where passes cost only their times and messages nothing.
struct Play {
  std::int64_t makespan = 0;
  std::int64_t longest_span = 0;  ///< Of a stage, from its first pass to its last.
};

/// Plays the slots of all stages against each other by the rules of a pipeline and nothing else: an oracle apart from the engine.
/// Nothing where some slot never gets to run.
inline std::optional<Play> play(const ParallelPlan& plan, const PassTimes& times, const std::vector<std::vector<Slot>>& slots) {
  using Pass = std::tuple<Slot::Kind, std::uint32_t, std::uint32_t>;  // kind, chunk of the model, micro-batch
  const auto last_chunk = static_cast<std::uint32_t>(plan.pipeline * plan.virtual_stages) - 1;
  std::map<Pass, std::int64_t> end;
  std::vector<std::size_t> next(slots.size());
  std::vector<std::int64_t> now(slots.size()), first(slots.size(), -1);
  const auto needs = [&](Slot::Kind kind, std::uint32_t chunk, std::uint32_t micro_batch) -> std::optional<Pass> {
    if (kind == Slot::Kind::WeightGradient) return Pass{Slot::Kind::InputGradient, chunk, micro_batch};
    if (kind != Slot::Kind::Forward)
      return chunk == last_chunk ? Pass{Slot::Kind::Forward, chunk, micro_batch} : Pass{kind, chunk + 1, micro_batch};
    if (chunk == 0) return std::nullopt;
    return Pass{kind, chunk - 1, micro_batch};
  };
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t stage = 0; stage < slots.size(); ++stage) {
      for (; next[stage] < slots[stage].size(); ++next[stage], moved = true) {
        const Slot& slot = slots[stage][next[stage]];
        const std::uint32_t chunk = model_chunk(plan, static_cast<int>(stage), slot.chunk);
        const std::optional<Pass> before = needs(slot.kind, chunk, slot.micro_batch);
        if (before && !end.contains(*before)) break;
        const std::int64_t start = std::max(now[stage], before ? end[*before] : 0);
        if (first[stage] < 0) first[stage] = start;
        now[stage] = start + times.of(slot.kind);
        end[{slot.kind, chunk, slot.micro_batch}] = now[stage];
      }
    }
  }
  Play played;
  for (std::size_t stage = 0; stage < slots.size(); ++stage) {
    if (next[stage] < slots[stage].size()) return std::nullopt;
    played.makespan = std::max(played.makespan, now[stage]);
    played.longest_span = std::max(played.longest_span, now[stage] - first[stage]);
  }
  return played;
}

/// Of the schedule's own slots.
inline std::optional<Play> play(const ParallelPlan& plan, const PassTimes& times) {
  return play(plan, times, stage_schedules(plan, {}));
}

}  // namespace mfusim::tests
