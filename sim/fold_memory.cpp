// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_memory.hpp"

namespace mfusim {

FoldMemory::FoldMemory(const Contention& contention)
    : classes_(contention), sharing_{.resources = resources_per_rank}, outcomes_(kinds_, sharing_) {}

void FoldMemory::forget_outcomes() {
  traces_.forget();
  kinds_ = FoldKinds();
  outcomes_.forget();
}

std::vector<UsageId> FoldMemory::usages_of(const StepTable& table) {
  while (of_shared_rows_.size() < table.shared_rows()) of_shared_rows_.push_back(classes_.of(table[of_shared_rows_.size()]));
  std::vector<UsageId> usages;
  usages.reserve(table.size());
  usages.assign(of_shared_rows_.begin(), of_shared_rows_.begin() + static_cast<std::ptrdiff_t>(table.shared_rows()));
  for (std::size_t row = table.shared_rows(); row < table.size(); ++row) usages.push_back(classes_.of(table[row]));
  const auto capacities = classes_.contention().capacities();
  for (std::size_t usage = sharing_.usages(); usage < classes_.usages().size(); ++usage)
    static_cast<void>(add_usage(sharing_, capacities, classes_.usages()[usage]));
  return usages;
}

}  // namespace mfusim
