// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcomes.hpp"

#include <algorithm>

namespace mfusim {

OutcomeNode& Outcomes::of(const CutNode* under_way, std::uint32_t kind, std::int64_t host_lag) {
  const std::uint32_t situation = under_way == nullptr ? 0 : under_way->situation;
  OfKind& of_kind = of_kind_[kind];
  OutcomeNode*& last = of_kind.last_asked;
  if (last != nullptr && last->situation == situation && last->host_lag == host_lag) return *last;
  const auto [at, fresh] = known_.try_emplace({kind, situation, host_lag}, nullptr);
  if (!fresh) return *(last = at->second);
  OutcomeNode& made = nodes_.emplace_back(OutcomeNode{situation, host_lag,
                                                      engine_.run(kinds_[kind], situations_[situation], host_lag, of_kind.models),
                                                      decltype(OutcomeNode::cuts)(&memory_), nullptr});
  at->second = last = &made;
  simulated_tasks_ += engine_.simulated_tasks();
  kept_tasks_ += made.outcome.ends.size();
  const bool is_new = engine_.simulated_tasks() >= made.outcome.ends.size() / 2;
  if (is_new && !engine_.pauses().empty() && of_kind.models.size() < most_models) {
    made.outcome.pauses.assign(engine_.pauses().begin(), engine_.pauses().end());
    of_kind.models.push_back(&made.outcome);
  }
  return made;
}

const CutNode& Outcomes::cut_of(OutcomeNode& node, std::int64_t offset, std::uint32_t streams) {
  const auto is_it = [&](const CutNode& one) { return one.offset == offset && one.streams == streams; };
  if (node.last_cut != nullptr && is_it(*node.last_cut)) return *node.last_cut;
  const auto at = std::find_if(node.cuts.begin(), node.cuts.end(), is_it);
  if (at != node.cuts.end()) return *(node.last_cut = &*at);
  Cut made = cut(node.outcome, offset, streams);
  node.cuts.push_front(
      {offset, streams, situations_.number_of(std::move(made.situation)), {made.tasks.begin(), made.tasks.end(), &memory_}});
  return *(node.last_cut = &node.cuts.front());
}

}  // namespace mfusim
