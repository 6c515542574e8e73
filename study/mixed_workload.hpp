// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/workload.hpp"

#include <vector>

namespace mfusim {

/// Relative work of samples by size, and how widely it varies.
struct SampleWork {
  std::vector<double> images;  ///< FLOPs of one image in the vision tower, in the order of the distribution's sizes.
  std::vector<double> texts;
  double variation = 0;  ///< Coefficient of variation of a sample's work: image and text together.
};
[[nodiscard]] SampleWork sample_work(const Scenario& scenario, const InputDistribution& distribution);

/// split_workload where every iteration draws its batch from a distribution. A mixed batch: each tower takes from its GPUs the
/// time that its sizes take in batches of one size, by their shares; what is neither tower's (exchange, loss) likewise; the
/// slower tower is waited for. The plans are those with which a batch of the largest inputs fits. Candidates: the splits between
/// those at which neither tower waits for the other at the drawn batches with the lightest and the heaviest images against texts.
/// Assumption: the loader deals each size evenly, so the ranks of a tower are equally full.
[[nodiscard]] WorkloadReport split_mixed_workload(const Scenario& scenario, const Workload& workload, const SplitRules& rules);

}  // namespace mfusim
