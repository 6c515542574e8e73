// SPDX-License-Identifier: Apache-2.0
#include "sim/memory_advice.hpp"

#include "sim/build_step.hpp"
#include "sim/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace mfusim {
namespace {

struct Change {
  std::string words;  ///< As a setting of the scenario.
  Scenario scenario;
};

void add_recomputation(const Scenario& scenario, std::vector<Change>& changes) {
  for (const Recompute more : {Recompute::Selective, Recompute::Full}) {
    if (more <= scenario.parallel.recompute) continue;
    Change change{"parallel.recompute: " + to_string(more), scenario};
    change.scenario.parallel.recompute = more;
    changes.push_back(std::move(change));
  }
}

/// Half the micro-batch runs twice as often; a contrastive loss cannot.
void add_half_micro_batch(const Scenario& scenario, std::vector<Change>& changes) {
  if (scenario.training.micro_batch % 2 != 0 || is_contrastive(scenario.model)) return;
  Change change{fmt::format("training.micro_batch: {}", scenario.training.micro_batch / 2), scenario};
  change.scenario.training.micro_batch /= 2;
  change.scenario.parallel.micro_batches *= 2;
  changes.push_back(std::move(change));
}

/// Twice the tensor ranks leave half the replicas, each with twice the micro-batches.
void add_tensor_ranks(const Scenario& scenario, std::vector<Change>& changes) {
  const int tensor = 2 * scenario.parallel.tensor;
  const std::vector<SplitSize> sizes = tensor_split_sizes(scenario.model);
  const bool divides = std::all_of(sizes.begin(), sizes.end(), [&](const SplitSize& size) { return size.value % tensor == 0; });
  if (scenario.cluster.gpus_per_node % tensor != 0 || scenario.parallel.data % 2 != 0 || !divides ||
      is_contrastive(scenario.model))
    return;
  Change change{fmt::format("parallel.tensor: {}", tensor), scenario};
  change.scenario.parallel.tensor = tensor;
  change.scenario.parallel.data /= 2;
  change.scenario.parallel.micro_batches *= 2;
  changes.push_back(std::move(change));
}

void add_sequence_parallelism(const Scenario& scenario, std::vector<Change>& changes) {
  const ParallelPlan& plan = scenario.parallel;
  const bool splits = scenario.training.sequence_length.value_or(1) % plan.tensor == 0;
  if (plan.sequence || plan.tensor == 1 || is_contrastive(scenario.model) || !splits) return;
  Change change{"parallel.sequence: true", scenario};
  change.scenario.parallel.sequence = true;
  changes.push_back(std::move(change));
}

/// Stages above 1 shard what a pipeline accumulates into over its micro-batches: without a pipeline only.
void add_zero_stage(const Scenario& scenario, std::vector<Change>& changes) {
  const int most = scenario.parallel.pipeline > 1 ? 1 : 3;
  if (scenario.parallel.zero >= most || scenario.parallel.data == 1) return;
  Change change{fmt::format("parallel.zero: {}", scenario.parallel.zero + 1), scenario};
  ++change.scenario.parallel.zero;
  changes.push_back(std::move(change));
}

StageMemory fullest_stage(const Scenario& scenario) {
  const std::vector<StageMemory> stages = memory_of(scenario, micro_batch_work(scenario));
  return *std::max_element(stages.begin(), stages.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
}

}  // namespace

std::string memory_advice(const Scenario& scenario) {
  std::vector<Change> changes;
  add_recomputation(scenario, changes);
  add_half_micro_batch(scenario, changes);
  add_tensor_ranks(scenario, changes);
  add_sequence_parallelism(scenario, changes);
  add_zero_stage(scenario, changes);
  const StageMemory now = fullest_stage(scenario);
  Bytes least = now.total();
  std::string words;
  for (const Change& change : changes) {
    const Bytes needed = fullest_stage(change.scenario).total();
    if (needed >= least) continue;
    least = needed;
    words = change.words;
  }
  if (words.empty()) return {};
  const bool fits = least <= scenario.cluster.gpu.memory_capacity;
  return fmt::format("{} frees most: {:.1f} GB of {:.1f} GB on stage {}, {}", words, (now.total() - least).value() / 1e9,
                     now.total().value() / 1e9, now.stage, fits ? "and then it fits" : "which is not enough by itself");
}

}  // namespace mfusim
