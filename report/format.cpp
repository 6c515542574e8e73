// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

namespace mfusim {
namespace {

template <std::size_t Size>
std::string scaled(double value, const std::array<std::pair<double, const char*>, Size>& units, int digits) {
  for (const auto& [factor, unit] : units) {
    if (std::abs(value) >= factor) return fmt::format("{:.{}f} {}", value / factor, digits, unit);
  }
  return fmt::format("{:.{}f} {}", value / units.back().first, digits, units.back().second);
}

}  // namespace

std::string show_time(Seconds time) {
  if (time.count() == 0) return "0 s";
  constexpr std::array<std::pair<double, const char*>, 4> units{{{1.0, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
  return scaled(time.count(), units, std::abs(time.count()) >= 1 ? 3 : 2);
}

std::string show_bytes(Bytes bytes) {
  if (bytes.value() == 0) return "0 B";
  constexpr std::array<std::pair<double, const char*>, 4> units{{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1.0, "B"}}};
  return scaled(bytes.value(), units, 2);
}

std::string show_flops(Flops flops) {
  constexpr std::array<std::pair<double, const char*>, 5> units{
      {{1e18, "EFLOP"}, {1e15, "PFLOP"}, {1e12, "TFLOP"}, {1e9, "GFLOP"}, {1e6, "MFLOP"}}};
  return scaled(flops.value(), units, 3);
}

std::string show_percent(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

std::string show_count(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t at = digits.size(); at > 3 && digits[at - 4] != '-';) {
    at -= 3;
    digits.insert(at, 1, ' ');
  }
  return digits;
}

std::string show_number(double number, int digits) {
  const double size = std::abs(number);
  constexpr double least = 1e-4;
  constexpr double most = 1e15;
  if (size == 0) return "0";
  if (!std::isfinite(number) || size < least || size >= most) return fmt::format("{:.{}g}", number, digits);
  const std::string rounded = fmt::format("{:.{}e}", size, digits - 1);  // rounding may add a digit: 9.996 -> 1.00e+01
  const int exponent = std::stoi(rounded.substr(rounded.find('e') + 1));
  const std::string text = fmt::format("{:.{}f}", number, std::max(0, digits - 1 - exponent));
  const std::size_t point = std::min(text.find('.'), text.size());
  const bool negative = text.front() == '-';
  return (negative ? "-" : "") + show_count(std::stoll(text.substr(negative ? 1 : 0, point))) + text.substr(point);
}

bool has_stages(const Result& result) {
  return result.parallel.pipeline > 1 || result.placement == "disjoint";
}

std::string show_stage(const Result& result, int stage) {
  if (!has_stages(result)) return "each GPU";
  int of_tower = stage;
  for (const Result::TowerShare& tower : result.towers) {
    if (result.placement != "disjoint" || !tower.parallel) break;
    const int stages = tower.parallel->pipeline;
    if (of_tower < stages) return tower.name + " tower" + (stages > 1 ? fmt::format(", stage {}", of_tower) : "");
    of_tower -= stages;
  }
  return fmt::format("pipeline stage {}", stage);
}

}  // namespace mfusim
