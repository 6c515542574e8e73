// SPDX-License-Identifier: Apache-2.0
#include "study/split_rules.hpp"

#include "base/reader.hpp"
#include "sim/placement.hpp"
#include "sim/scenario_document.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

bool admissible(const Scenario& scenario, const SplitRules& rules, int gpus) {
  const int tensor = scenario.parallel.tensor;
  const int unit = rules.nodes == SplitRules::Nodes::Whole ? scenario.node_gpus : tensor;
  const std::int64_t batch = scenario.training.global_batch;
  const bool divides = rules.batch == SplitRules::Batch::Uneven || batch % (gpus / tensor) == 0;
  return gpus % unit == 0 && gpus / tensor <= batch && divides;
}

}  // namespace

std::vector<int> splits_within(const Scenario& scenario, const SplitRules& rules) {
  std::vector<int> vision_gpus;
  for (int vision = 1; vision < scenario.cluster.gpus; ++vision) {
    if (vision % scenario.parallel.tensor != 0 || (scenario.cluster.gpus - vision) % scenario.parallel.tensor != 0) continue;
    if (admissible(scenario, rules, vision) && admissible(scenario, rules, scenario.cluster.gpus - vision))
      vision_gpus.push_back(vision);
  }
  return vision_gpus;
}

std::optional<SplitFault> split_fault(const Scenario& scenario, const SplitRules& rules) {
  if (!is_contrastive(scenario.model) || scenario.model.caption)
    return SplitFault{"", "model", fmt::format("a split needs two towers and nothing else, {} has not", scenario.model.name)};
  if (scenario.variation) return SplitFault{"", "variation", "ranks that vary are modelled for colocated towers only"};
  if (scenario.parallel.pipeline > 1) {
    return SplitFault{
        "parallel", "pipeline",
        fmt::format("a split takes each rank's share of the batch in one pass, where a pipeline only waits: expected 1, "
                    "got {}",
                    scenario.parallel.pipeline)};
  }
  if (scenario.parallel.zero > 0 && scenario.parallel.shard_group < gradient_ranks(scenario.parallel)) {
    return SplitFault{
        "parallel", "shard_group",
        fmt::format("a split shards over all ranks of a tower: expected no shard_group, got {}", scenario.parallel.shard_group)};
  }
  if (!splits_within(scenario, rules).empty()) return std::nullopt;
  const int gpus = scenario.cluster.gpus;
  const bool whole = rules.nodes == SplitRules::Nodes::Whole;
  const int smallest = whole ? scenario.node_gpus : scenario.parallel.tensor;
  if (gpus < 2 * smallest) {
    return SplitFault{"cluster", "gpus",
                      fmt::format("two towers need at least {} GPUs ({} each: {}), got {}", 2 * smallest, smallest,
                                  whole ? "whole nodes" : "a tensor group", gpus)};
  }
  return SplitFault{"training", "global_batch",
                    fmt::format("no admissible split of {} GPUs divides {}", gpus, scenario.training.global_batch)};
}

void check_split(const std::filesystem::path& path, const Settings& settings, const Scenario& scenario, const SplitRules& rules) {
  const std::optional<SplitFault> fault = split_fault(scenario, rules);
  if (!fault) return;
  const ScenarioDocument document = load_scenario_document(path, settings);
  Reader root(document.root, "", nullptr);
  if (fault->section.empty()) root.fail(fault->key, fault->rule);
  root.child(fault->section).fail(fault->key, fault->rule);
}

}  // namespace mfusim
