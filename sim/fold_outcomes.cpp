// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcomes.hpp"

#include <algorithm>

namespace mfusim {

const OutcomeNode& Outcomes::of(const CutNode* under_way, std::uint32_t kind, std::int64_t host_lag) {
  const std::uint32_t situation = under_way == nullptr ? 0 : under_way->situation;
  std::deque<OutcomeNode>& known = known_[kind];
  const auto is_it = [&](const OutcomeNode& node) { return node.situation == situation && node.host_lag == host_lag; };
  const auto at = std::find_if(known.rbegin(), known.rend(), is_it);
  if (at != known.rend()) return *at;
  known.push_back({situation, host_lag, engine_.run(plan_.kinds[kind], situations_[situation], host_lag), {}});
  simulated_tasks_ += known.back().outcome.tasks.size();
  return known.back();
}

const CutNode& Outcomes::cut_of(const OutcomeNode& node, std::int64_t offset, std::uint32_t streams) {
  const auto is_it = [&](const CutNode& one) { return one.offset == offset && one.streams == streams; };
  const auto at = std::find_if(node.cuts.rbegin(), node.cuts.rend(), is_it);
  if (at != node.cuts.rend()) return *at;
  Cut made = cut(node.outcome, offset, streams);
  node.cuts.push_back({offset, streams, situations_.number_of(std::move(made.situation)), std::move(made.tasks)});
  return node.cuts.back();
}

}  // namespace mfusim
