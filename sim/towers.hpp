// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "sim/scenario.hpp"

#include <optional>

namespace mfusim {

constexpr std::size_t vision_tower_number = 0;
constexpr std::size_t text_tower_number = 1;

/// Reads the `towers` section into a scenario whose model, cluster, training and `parallel` section have been read: placement,
/// loss exchange, frozen towers and the towers' own plans, which start from the `parallel` section.
/// Throws InputError where a plan needs more GPUs than there are, does not divide, or asks for what is not modelled.
void read_towers(Reader& root, Scenario& scenario);

/// The job as the ranks of one tower see it: its GPUs, its plan, its micro-batch. Every part that knows nothing of towers
/// (gradient reduction, optimizer, memory, loading) works on a view. Where towers have no plans of their own, the job itself.
/// Assumption: images are what loading and decoding cost; GPUs that hold the text tower alone load nothing.
[[nodiscard]] Scenario tower_view(const Scenario& scenario, std::size_t tower);

/// Each tower has GPUs of its own, and so simulated ranks of its own.
[[nodiscard]] bool towers_apart(const Scenario& scenario);

/// Samples that the fullest data-parallel rank of a tower holds in a step.
[[nodiscard]] std::int64_t local_batch(const Scenario& scenario, std::size_t tower);

/// Samples whose loss one rank computes, by simulated rank (only the first where the towers are not apart). Where both towers
/// are cut by grids of their own, the ranks of the finer grid share the batch.
[[nodiscard]] std::int64_t loss_batch(const Scenario& scenario, std::size_t rank);

/// Forward passes of a tower that make up a step of the whole job: global batch / micro-batch. No whole number where the batch
/// does not divide: the fullest rank stands for all.
[[nodiscard]] double passes_of_tower(const Scenario& scenario, std::size_t tower);

/// A tower's plan on `gpus` GPUs with the cut of `plan`: as many replicas as fit, the batch dealt as evenly as whole samples
/// allow, each rank's share in one micro-batch (of the fullest rank). `gpus` is a multiple of plan.tensor x plan.pipeline.
[[nodiscard]] TowerPlan whole_batch_plan(const ParallelPlan& plan, int gpus, std::int64_t global_batch);

/// The same with each rank's share taken in `passes` passes or the next number above that deals it evenly: where ranks hold
/// equally many samples, one that divides the share; where they do not, the fullest pass of the fullest rank stands for all.
[[nodiscard]] TowerPlan plan_in_passes(const ParallelPlan& plan, int gpus, std::int64_t global_batch, std::int64_t passes);

/// Passes of at most `micro_batch` samples that take a share; none where as many passes, dealt as evenly as whole samples allow,
/// are smaller.
[[nodiscard]] std::optional<std::int64_t> passes_of_share(std::int64_t share, std::int64_t micro_batch);

/// Micro-batches of one rank of a tower in a step.
[[nodiscard]] std::int64_t micro_batches_of(const Scenario& scenario, std::size_t tower);

/// Several micro-batches keep their features alone until the loss, and each runs forward a second time before its backward pass;
/// with gpipe they keep all that backward needs, and do not.
[[nodiscard]] bool caches_features(const ParallelPlan& plan);

/// A tower runs as a pipeline.
[[nodiscard]] bool has_pipelined_tower(const Scenario& scenario);

/// What a simulated rank of a two-tower job stands for.
struct TowerRank {
  std::size_t tower = 0;  ///< Where the towers share their ranks, the first.
  int stage = 0;
};
/// The simulated ranks in their order: the stages of the vision tower, then those of the text tower, where they are apart;
/// otherwise the stages that hold both.
[[nodiscard]] std::vector<TowerRank> simulated_ranks(const Scenario& scenario);

/// What the tasks of a tower say as their chunk (StepInstance::chunk), and back. `chunk`: of the tower; `towers`: of the model,
/// one less than the kinds of chunks: the loss is one more.
[[nodiscard]] constexpr std::uint32_t task_chunk(std::uint32_t chunk, std::uint32_t tower, std::uint32_t towers) {
  return chunk * (towers + 1) + tower;
}
[[nodiscard]] constexpr std::uint32_t tower_of_task(std::uint32_t task_chunk, std::uint32_t towers) {
  return task_chunk % (towers + 1);
}

}  // namespace mfusim
