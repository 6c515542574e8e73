// SPDX-License-Identifier: Apache-2.0
#include "hardware/fit_support.hpp"

#include <algorithm>

namespace mfusim {

namespace {

std::string most_frequent(const std::vector<std::string>& words) {
  std::map<std::string, int> counts;
  for (const std::string& word : words) ++counts[word];
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->first;
}

}  // namespace

SourceIndex index_sources(const std::vector<std::string>& source_of_point, const std::string& reference) {
  SourceIndex index{.reference = reference.empty() ? most_frequent(source_of_point) : reference, .others = {}, .of_point = {}};
  for (const std::string& source : source_of_point) {
    if (source == index.reference) {
      index.of_point.push_back(-1);
      continue;
    }
    auto found = std::find(index.others.begin(), index.others.end(), source);
    if (found == index.others.end()) found = index.others.insert(index.others.end(), source);
    index.of_point.push_back(static_cast<int>(found - index.others.begin()));
  }
  return index;
}

SourceScales scales_of(const SourceIndex& sources, const std::vector<double>& parameters, std::size_t first) {
  SourceScales scales{.reference = sources.reference, .scale = {{sources.reference, 1.0}}};
  for (std::size_t i = 0; i < sources.others.size(); ++i) scales.scale[sources.others[i]] = std::exp(parameters[first + i]);
  return scales;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

FitResiduals summary_of(const std::vector<double>& log_residuals) {
  std::vector<double> errors;
  errors.reserve(log_residuals.size());
  for (const double r : log_residuals) errors.push_back(std::abs(std::exp(r) - 1));
  return {.points = static_cast<int>(errors.size()), .median = percentile(errors, 0.5), .p90 = percentile(errors, 0.9)};
}

}  // namespace mfusim
