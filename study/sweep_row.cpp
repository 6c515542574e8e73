// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_row.hpp"

#include <stdexcept>

namespace mfusim {

const std::vector<std::pair<std::string, RowStatus>>& row_status_names() {
  static const std::vector<std::pair<std::string, RowStatus>> names{{"fits", RowStatus::Fits},
                                                                    {"too_large", RowStatus::TooLarge},
                                                                    {"pruned", RowStatus::Pruned},
                                                                    {"invalid", RowStatus::Invalid}};
  return names;
}

std::string to_string(RowStatus status) {
  for (const auto& [name, value] : row_status_names()) {
    if (value == status) return name;
  }
  throw std::logic_error("a row status without a name");
}

double samples_per_s(const SweepRow& row) {
  return static_cast<double>(row.global_batch) / to_seconds(row.iteration_time).count();
}

bool is_tight(const SweepRow& row) {
  return row.status == RowStatus::Fits && is_tight(row.peak, row.capacity);
}

}  // namespace mfusim
