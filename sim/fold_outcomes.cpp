// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcomes.hpp"

#include <algorithm>

namespace mfusim {

OutcomeNode& Outcomes::of(const CutNode* under_way, std::uint32_t kind, std::int64_t host_lag) {
  const std::uint32_t situation = under_way == nullptr ? 0 : under_way->situation;
  const auto is_it = [&](const OutcomeNode& node) { return node.situation == situation && node.host_lag == host_lag; };
  OutcomeNode*& last = last_[kind];
  if (last != nullptr && is_it(*last)) return *last;
  std::pmr::forward_list<OutcomeNode>& known = known_[kind];
  const auto at = std::find_if(known.begin(), known.end(), is_it);
  if (at != known.end()) return *(last = &*at);
  std::vector<const Outcome*>& models = models_[kind];
  OutcomeNode& made = known.emplace_front(OutcomeNode{situation, host_lag,
                                                      engine_.run(plan_.kinds[kind], situations_[situation], host_lag, models),
                                                      decltype(OutcomeNode::cuts)(&memory_), nullptr});
  simulated_tasks_ += engine_.simulated_tasks();
  const bool is_new = engine_.simulated_tasks() >= made.outcome.ends.size() / 2;
  if (is_new && !engine_.pauses().empty() && models.size() < most_models) {
    made.outcome.pauses.assign(engine_.pauses().begin(), engine_.pauses().end());
    models.push_back(&made.outcome);
  }
  return *(last = &made);
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
