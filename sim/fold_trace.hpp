// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_log.hpp"
#include "sim/fold_plan.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace mfusim {

/// How a pipeline's step went when it was folded, for steps that go the same at first: that reduce their gradients otherwise,
/// say.
struct FoldTrace {
  std::shared_ptr<const PipelineWiring> wiring;
  FoldPlan plan;
  FoldLog log;  ///< Of the whole step.
  /// Items at the heads of its ranks, and when they end.
  std::vector<std::pair<std::uint32_t, std::int64_t>> head_ends;
};

/// What a rank has in common with a trace: its groups up to `until`, and nothing is under way when the group `from` starts.
/// `from` < `until`, or both are 0: it has nothing in common.
struct CommonGroups {
  std::uint32_t from = 0;
  std::uint32_t until = 0;
};

/// By rank, what a step of the same wiring has in common with a trace; its groups are of the same kinds (FoldKinds). Empty:
/// nothing.
///
/// What a group does depends on earlier ones alone. So both steps are the same up to the first moment at which, in the trace, a
/// group starts that the other step does not have, or that may wait for something else.
[[nodiscard]] std::vector<CommonGroups> common_groups(const FoldTrace& trace, const FoldPlan& plan);

/// The last traces, one a wiring.
class FoldTraces {
 public:
  /// Null: there is none.
  [[nodiscard]] const FoldTrace* of(const PipelineWiring& wiring) const;
  void keep(FoldTrace trace);
  void forget() { traces_.clear(); }

 private:
  static constexpr std::size_t most_traces = 2;  ///< Sends that block and sends that do not are of two wirings.
  std::vector<FoldTrace> traces_;                ///< The latest last.
};

}  // namespace mfusim
