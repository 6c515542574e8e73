// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_memory.hpp"

namespace mfusim {

FoldMemory::FoldMemory(const Contention& contention)
    : classes_(contention), sharing_{.resources = resources_per_rank}, outcomes_(kinds_, sharing_) {}

std::vector<UsageId> FoldMemory::usages_of(const StepTable& table) {
  std::vector<UsageId> usages = classes_.of(table);
  const auto capacities = classes_.contention().capacities();
  for (std::size_t usage = sharing_.usages(); usage < classes_.usages().size(); ++usage)
    static_cast<void>(add_usage(sharing_, capacities, classes_.usages()[usage]));
  return usages;
}

}  // namespace mfusim
