// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_advice.hpp"

#include "sim/build_step.hpp"
#include "sim/memory.hpp"
#include "sim/placement.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace mfusim {
namespace {

constexpr int highest_stage = 3;  // of ZeRO

struct Change {
  std::vector<std::pair<std::string, std::string>> settings;  ///< Keys of the scenario and their new values.
  Scenario scenario;
};

void add_recomputation(const Scenario& scenario, std::vector<Change>& changes) {
  for (const Recompute more : {Recompute::Selective, Recompute::Full}) {
    if (more <= scenario.parallel.recompute) continue;
    Change change{{{"parallel.recompute", to_string(more)}}, scenario};
    change.scenario.parallel.recompute = more;
    changes.push_back(std::move(change));
  }
}

/// Half the micro-batch runs twice as often, under a contrastive loss over cached features, which parameters that come and go do
/// not have.
void add_half_micro_batch(const Scenario& scenario, std::vector<Change>& changes) {
  const bool cannot = is_contrastive(scenario.model) && shards_parameters(scenario.parallel);
  if (scenario.training.micro_batch % 2 != 0 || cannot) return;
  Change change{{{"training.micro_batch", std::to_string(scenario.training.micro_batch / 2)}}, scenario};
  change.scenario.training.micro_batch /= 2;
  change.scenario.parallel.micro_batches *= 2;
  changes.push_back(std::move(change));
}

bool splits_tokens(const Scenario& scenario, int tensor) {
  return scenario.training.sequence_length.value_or(1) % tensor == 0;
}

/// Half the replicas, each with twice the micro-batches. What is sharded over all of them then is over half as many.
void halve_replicas(ParallelPlan& plan) {
  const bool over_all = plan.shard_group == gradient_ranks(plan);
  plan.data /= 2;
  plan.micro_batches *= 2;
  if (over_all) plan.shard_group = gradient_ranks(plan);
}

/// With sequence parallelism comes the overlap of tensor exchanges that waited for it.
void split_tokens(Change& change) {
  Scenario& scenario = change.scenario;
  scenario.parallel.sequence = true;
  scenario.techniques.tp_overlap = scenario.techniques.tp_overlap || scenario.tensor_overlap_waits;
  change.settings.emplace_back("parallel.sequence", "true");
}

/// Twice the tensor ranks, in half the replicas.
void add_tensor_ranks(const Scenario& scenario, std::vector<Change>& changes) {
  const int tensor = 2 * scenario.parallel.tensor;
  const std::vector<SplitSize> sizes = tensor_split_sizes(scenario.model);
  const bool divides = std::all_of(sizes.begin(), sizes.end(), [&](const SplitSize& size) { return size.value % tensor == 0; });
  if (scenario.cluster.gpus_per_node % tensor != 0 || scenario.parallel.data % 2 != 0 || !divides ||
      is_contrastive(scenario.model))
    return;
  Change change{{{"parallel.tensor", std::to_string(tensor)}}, scenario};
  ParallelPlan& plan = change.scenario.parallel;
  plan.tensor = tensor;
  halve_replicas(plan);
  change.settings.emplace_back("parallel.data", std::to_string(plan.data));
  if (tensor == 2) split_tokens(change);
  if ((plan.sequence && !splits_tokens(scenario, tensor)) || gradient_ranks(plan) % plan.shard_group != 0) return;
  changes.push_back(std::move(change));
}

void add_sequence_parallelism(const Scenario& scenario, std::vector<Change>& changes) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.sequence || plan.tensor == 1 || is_contrastive(scenario.model) || !splits_tokens(scenario, plan.tensor)) return;
  Change change{{}, scenario};
  split_tokens(change);
  changes.push_back(std::move(change));
}

/// The highest stage that a plan can have. Stages above 1 shard what a pipeline accumulates into over its micro-batches: without
/// a pipeline only. Sharded parameters of two towers come and go in one order, once a step.
int highest_zero(const Scenario& scenario, const ParallelPlan& plan) {
  if (plan.pipeline > 1) return 1;
  const bool one_order = scenario.placement == TowerPlacement::Colocated || scenario.placement == TowerPlacement::Disjoint;
  const bool towers = is_contrastive(scenario.model);
  return towers && (!one_order || plan.micro_batches > 1) ? highest_stage - 1 : highest_stage;
}

void add_zero_stage(const Scenario& scenario, std::vector<Change>& changes) {
  const int most = highest_zero(scenario, scenario.parallel);
  if (scenario.parallel.zero >= most || scenario.parallel.data == 1) return;
  Change change{{{"parallel.zero", std::to_string(scenario.parallel.zero + 1)}}, scenario};
  ++change.scenario.parallel.zero;
  changes.push_back(std::move(change));
}

StageMemory fullest_stage(const Scenario& scenario) {
  const std::vector<StageMemory> stages = memory_of(scenario, micro_batch_work(scenario));
  return *std::max_element(stages.begin(), stages.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
}

/// A tower's plan with half the micro-batch, where its share can be dealt so.
std::optional<TowerPlan> with_half_micro_batch(const TowerPlan& plan, std::int64_t global_batch) {
  const std::int64_t share = whole_batch_plan(plan.parallel, plan.gpus, global_batch).micro_batch;
  const std::optional<std::int64_t> passes = passes_of_share(share, plan.micro_batch / 2);
  const bool even = global_batch % plan.parallel.data == 0;
  if (plan.micro_batch % 2 != 0 || !passes || (even && share % (plan.micro_batch / 2) != 0)) return std::nullopt;
  TowerPlan half = plan;
  half.micro_batch /= 2;
  half.parallel.micro_batches = *passes;
  return half;
}

/// Changes of the plan that a tower has for itself.
void add_tower_changes(const Scenario& scenario, std::size_t tower, std::vector<Change>& changes) {
  const TowerPlan& plan = scenario.tower_plans[tower];
  const std::string name = tower == vision_tower_number ? "towers.vision." : "towers.text.";
  const auto add = [&](const std::string& key, const std::string& value, const TowerPlan& changed) {
    Change change{{{name + key, value}}, scenario};
    change.scenario.tower_plans[tower] = changed;
    changes.push_back(std::move(change));
  };
  for (const Recompute more : {Recompute::Selective, Recompute::Full}) {
    if (more <= plan.parallel.recompute) continue;
    TowerPlan changed = plan;
    changed.parallel.recompute = more;
    add("parallel.recompute", to_string(more), changed);
  }
  const bool accumulates = towers_apart(scenario) && !shards_parameters(plan.parallel);
  const std::optional<TowerPlan> half = with_half_micro_batch(plan, scenario.training.global_batch);
  if (accumulates && half) add("micro_batch", std::to_string(half->micro_batch), *half);
  if (plan.parallel.zero >= highest_zero(scenario, plan.parallel) || plan.parallel.data == 1) return;
  TowerPlan changed = plan;
  ++changed.parallel.zero;
  add("parallel.zero", std::to_string(changed.parallel.zero), changed);
}

/// Of the tower on the fullest rank; of both where they share it.
void add_changes_of_towers(const Scenario& scenario, std::vector<Change>& changes) {
  if (!towers_apart(scenario)) {
    for (std::size_t tower = 0; tower < scenario.tower_plans.size(); ++tower) add_tower_changes(scenario, tower, changes);
    return;
  }
  const auto rank = static_cast<std::size_t>(fullest_stage(scenario).stage);
  add_tower_changes(scenario, simulated_ranks(scenario)[rank].tower, changes);
}

std::string in_words(const MemoryChange& change) {
  std::vector<std::string> words;
  for (const auto& [key, value] : change.settings) words.push_back(fmt::format("{}: {}", key, value));
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::vector<MemoryChange> memory_changes(const Scenario& scenario) {
  std::vector<Change> changes;
  if (!scenario.tower_plans.empty()) {
    add_changes_of_towers(scenario, changes);
  } else {
    add_recomputation(scenario, changes);
    add_half_micro_batch(scenario, changes);
    add_tensor_ranks(scenario, changes);
    add_sequence_parallelism(scenario, changes);
    add_zero_stage(scenario, changes);
  }
  std::vector<MemoryChange> outcomes;
  outcomes.reserve(changes.size());
  for (Change& change : changes) outcomes.push_back({std::move(change.settings), fullest_stage(change.scenario).total()});
  return outcomes;
}

std::string memory_advice(const Scenario& scenario) {
  const std::vector<MemoryChange> changes = memory_changes(scenario);
  const auto best =
      std::min_element(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.peak < b.peak; });
  const StageMemory now = fullest_stage(scenario);
  if (best == changes.end() || best->peak >= now.total()) return {};
  const bool fits = best->peak <= scenario.cluster.gpu.memory_capacity;
  return fmt::format("{} frees most: {:.1f} GB of {:.1f} GB on stage {}, {}", in_words(*best),
                     (now.total() - best->peak).value() / 1e9, now.total().value() / 1e9, now.stage,
                     fits ? "and then it fits" : "which is not enough by itself");
}

}  // namespace mfusim
