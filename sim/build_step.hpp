// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

namespace mfusim {

/// The work of one micro-batch of one data-parallel rank, before tensor parallelism cuts it.
[[nodiscard]] Work<Count> micro_batch_work(const Scenario& scenario);

/// One training step as a task graph. Ranks that cannot differ are one: the ranks of a tensor group, and data-parallel
/// replicas. So a job has as many simulated ranks as pipeline stages; where ranks vary, as many for each class of replicas
/// that differ (sim/variation.hpp).
[[nodiscard]] BuiltStep build_step(const Scenario& scenario, const Work<Count>& work);

/// The two kinds of step behind build_step.
[[nodiscard]] BuiltStep build_pipeline_step(const Scenario& scenario, const Work<Count>& work);
[[nodiscard]] BuiltStep build_contrastive_step(const Scenario& scenario, const Work<Count>& work);

/// Ends a rank's step: gradient reductions -> copies of gradients -> gradient norm over the whole job -> optimizer (while the
/// host launches its kernels) -> gather of the new weights.
struct RankUpdate {
  int rank = 0;
  double parameters = 0;          ///< Trainable ones of the rank.
  double tensors = 0;             ///< That hold them.
  std::vector<TaskId> gradients;  ///< What its update waits for.
};
void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks);

}  // namespace mfusim
