// SPDX-License-Identifier: Apache-2.0
#include "sim/rate_table.hpp"

namespace mfusim {

RateTable::Rates RateTable::solve(const Running& running) {
  Rates rates{};
  if (!solver_ || solved_usages_ != sharing_.usages()) solver_.emplace(sharing_);
  solved_usages_ = sharing_.usages();
  for (const UsageId usage : running) {
    if (usage != 0) solver_->start(usage);
  }
  static_cast<void>(solver_->update());
  for (std::size_t stream = 0; stream < running.size(); ++stream) {
    if (running[stream] != 0) rates[stream] = solver_->rate(running[stream]);
  }
  for (const UsageId usage : running) {
    if (usage != 0) solver_->end(usage);
  }
  static_cast<void>(solver_->update());
  return rates;
}

}  // namespace mfusim
