// SPDX-License-Identifier: Apache-2.0
#include "report/waterfall.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {

namespace {

bool is_small(const Result& result, Seconds time, double least_share) {
  return std::abs(time / result.iteration_time) < least_share;
}

}  // namespace

std::vector<std::pair<std::string, Seconds>> small_parts(const Result& result, double least_share) {
  std::vector<std::pair<std::string, Seconds>> small;
  for (const auto& part : result.waterfall) {
    if (part.second != Seconds{} && is_small(result, part.second, least_share)) small.push_back(part);
  }
  return small;
}

std::vector<WaterfallBar> waterfall_bars(const Result& result, double least_share) {
  std::vector<WaterfallBar> bars;
  Seconds at{};
  const auto add = [&](const std::string& key, Seconds time) {
    bars.push_back({.key = key, .from = at, .to = at + time, .share = time / result.iteration_time});
    at += time;
  };
  for (const auto& [key, time] : result.waterfall) {
    if (!is_small(result, time, least_share)) add(key, time);
  }
  const auto small = small_parts(result, least_share);
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
