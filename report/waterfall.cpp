// SPDX-License-Identifier: Apache-2.0
#include "report/waterfall.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {

std::vector<WaterfallBar> waterfall_bars(const Result& result, double least_share) {
  std::vector<WaterfallBar> bars;
  Seconds at{};
  std::vector<std::pair<std::string, Seconds>> small;
  const auto add = [&](const std::string& key, Seconds time) {
    bars.push_back({.key = key, .from = at, .to = at + time, .share = time / result.iteration_time});
    at += time;
  };
  for (const auto& part : result.waterfall) {
    if (std::abs(part.second / result.iteration_time) >= least_share) {
      add(part.first, part.second);
    } else if (part.second != Seconds{}) {
      small.push_back(part);
    }
  }
  if (small.size() == 1) add(small.front().first, small.front().second);
  if (small.size() > 1) {
    Seconds sum{};
    for (const auto& part : small) sum += part.second;
    add("smaller_parts", sum);
  }
  bars.push_back({.key = "step", .from = Seconds{}, .to = result.iteration_time, .share = 1});
  return bars;
}

const std::pair<std::string, Seconds>* largest_loss(const Result& result) {
  const std::pair<std::string, Seconds>* largest = nullptr;
  for (const auto& part : result.waterfall) {
    if (part.first != "ideal_at_peak" && part.second > (largest == nullptr ? Seconds{} : largest->second)) largest = &part;
  }
  return largest;
}

}  // namespace mfusim
