// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_outcome.hpp"

#include <forward_list>
#include <memory_resource>
#include <vector>

namespace mfusim {

/// A cut that was made before: the number of its situation, and its tasks.
struct CutNode {
  std::int64_t offset = 0;
  std::uint32_t streams = 0;
  std::uint32_t situation = 0;
  std::pmr::vector<std::uint32_t> tasks;
};

struct OutcomeNode {
  std::uint32_t situation = 0;
  std::int64_t host_lag = 0;
  Outcome outcome;
  std::pmr::forward_list<CutNode> cuts;
  CutNode* last_cut = nullptr;  ///< The one that was asked for last: mostly the next one too.
};

/// Outcomes of groups, each simulated when it is first asked for.
class Outcomes {
 public:
  Outcomes(const FoldPlan& plan, const SharingModel& sharing)
      : plan_(plan), engine_(sharing, &memory_), last_(plan.kinds.size(), nullptr), models_(plan.kinds.size()) {
    for (std::size_t kind = 0; kind < plan.kinds.size(); ++kind) known_.emplace_back(&memory_);
  }

  /// Of a kind after `under_way` (none: nothing is).
  [[nodiscard]] OutcomeNode& of(const CutNode* under_way, std::uint32_t kind, std::int64_t host_lag);
  [[nodiscard]] const CutNode& cut_of(OutcomeNode& node, std::int64_t offset, std::uint32_t streams);

  [[nodiscard]] std::size_t simulated_tasks() const { return simulated_tasks_; }

 private:
  static constexpr std::size_t most_models = 4;  ///< Of a kind: each one is tried at each pause.

  std::pmr::monotonic_buffer_resource memory_;  ///< Of outcomes and cuts: none goes before the last.
  const FoldPlan& plan_;
  RankEngine engine_;
  Situations situations_;
  std::vector<std::pmr::forward_list<OutcomeNode>> known_;  ///< By kind.
  std::vector<OutcomeNode*> last_;                          ///< By kind: the one that was asked for last.
  std::vector<std::vector<const Outcome*>> models_;         ///< By kind: outcomes that others follow where they can.
  std::size_t simulated_tasks_ = 0;
};

}  // namespace mfusim
