// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <vector>

namespace mfusim {

/// How many ranks stand in the place of each simulated one.
struct RankCopies {
  int tensor = 1;
  int data = 1;
  friend bool operator==(const RankCopies&, const RankCopies&) = default;
};

/// The step with a rank for each copy, in the numbering of sim/placement.hpp: copy (data d, tensor t) of simulated rank s is
/// rank (s x data + d) x tensor + t. Each has streams and resources of its own and does what its original does. A step that a
/// group does together (Step::scope) becomes one task on the streams and resources of the group's ranks: of all tensor copies
/// of its data copy, of all data copies of its tensor copy, or of all ranks. Order holds between copies with the same d and t.
/// Throws std::logic_error where there is less than one copy.
[[nodiscard]] BuiltStep copy_ranks(const BuiltStep& step, RankCopies copies);
/// The same with as many copies of each simulated rank as it says; where two ranks differ in them, a task that waits for one of
/// the other rank waits for all its copies.
[[nodiscard]] BuiltStep copy_ranks(const BuiltStep& step, const std::vector<RankCopies>& copies);

/// The step with every rank of the job on its own: what folding saves, and the proof that it is exact: each copy starts and
/// ends at the very picosecond of its original. For small jobs: throws std::logic_error beyond `most_unfolded_ranks`.
[[nodiscard]] BuiltStep unfold(const BuiltStep& step, const Scenario& scenario);
constexpr int most_unfolded_ranks = 256;

}  // namespace mfusim
