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
  models_ = of_kind.models;
  for (const Outcome* other : models_of_pattern_[kinds_[kind].pattern]) {
    if (other->kind != &kinds_[kind]) models_.push_back(other);
  }
  OutcomeNode& made =
      nodes_.emplace_back(OutcomeNode{situation, host_lag, engine_.run(kinds_[kind], situations_[situation], host_lag, models_),
                                      decltype(OutcomeNode::cuts)(&memory_), nullptr});
  at->second = last = &made;
  simulated_tasks_ += engine_.simulated_tasks();
  kept_tasks_ += made.outcome.ends.size();
  if (!engine_.pauses().empty()) keep_as_model(made.outcome, of_kind);
  return made;
}

/// What was simulated for the most part tells others most; the first outcome of a kind, how its steps go.
void Outcomes::keep_as_model(Outcome& outcome, OfKind& of_kind) {
  const bool is_new = engine_.simulated_tasks() >= outcome.ends.size() / 2;
  std::vector<const Outcome*>& of_pattern = models_of_pattern_[outcome.kind->pattern];
  const bool tells_kind = of_kind.models.empty() || (is_new && of_kind.models.size() < most_models);
  const bool tells_pattern = is_new && of_pattern.size() < most_models;
  if (!tells_kind && !tells_pattern) return;
  outcome.keep(engine_.pauses());
  if (tells_kind) of_kind.models.push_back(&outcome);
  if (tells_pattern) of_pattern.push_back(&outcome);
}

const CutNode& Outcomes::cut_of(OutcomeNode& node, std::int64_t offset, std::uint32_t streams) {
  const auto is_it = [&](const CutNode& one) { return one.offset == offset && one.streams == streams; };
  if (node.last_cut != nullptr && is_it(*node.last_cut)) return *node.last_cut;
  const auto at = std::find_if(node.cuts.begin(), node.cuts.end(), is_it);
  if (at != node.cuts.end()) return *(node.last_cut = &*at);
  Cut made = cut(node.outcome, offset, streams);
  node.cuts.push_front({offset,
                        streams,
                        situations_.number_of(std::move(made.situation)),
                        {made.tasks.begin(), made.tasks.end(), &memory_},
                        {made.left_out.begin(), made.left_out.end(), &memory_}});
  return *(node.last_cut = &node.cuts.front());
}

}  // namespace mfusim
