// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include "base/number.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

namespace mfusim {
namespace {

struct Split {
  double number;
  std::string_view unit;
};

/// "450 GB/s" -> 450 and "GB/s"; the space is optional.
std::optional<Split> split_number(std::string_view text) {
  std::size_t end = text.find_first_not_of("0123456789.+-");
  if (end == std::string_view::npos) return std::nullopt;
  // "1e3 s", "1e-3 s": the e belongs to the number where digits follow it
  if (text[end] == 'e' || text[end] == 'E') {
    const std::size_t digits = text.find_first_not_of("+-", end + 1);
    if (digits != std::string_view::npos && text[digits] >= '0' && text[digits] <= '9') {
      end = text.find_first_not_of("0123456789", digits);
      if (end == std::string_view::npos) return std::nullopt;
    }
  }
  const std::optional<double> number = parse_number(text.substr(0, end));
  if (!number || *number < 0) return std::nullopt;
  const std::size_t unit = text.find_first_not_of(' ', end);
  if (unit == std::string_view::npos) return std::nullopt;
  return Split{*number, text.substr(unit)};
}

std::optional<double> prefix_factor(std::string_view prefix) {
  constexpr std::array<std::pair<std::string_view, double>, 11> prefixes{{{"", 1.0},
                                                                          {"k", 1e3},
                                                                          {"K", 1e3},
                                                                          {"M", 1e6},
                                                                          {"G", 1e9},
                                                                          {"T", 1e12},
                                                                          {"P", 1e15},
                                                                          {"Ki", 1024.0},
                                                                          {"Mi", 1048576.0},
                                                                          {"Gi", 1073741824.0},
                                                                          {"Ti", 1099511627776.0}}};
  for (const auto& [name, factor] : prefixes) {
    if (name == prefix) return factor;
  }
  return std::nullopt;
}

/// The factor of `unit` where it is a prefix followed by `base`.
std::optional<double> factor_over(std::string_view unit, std::string_view base) {
  if (unit.size() < base.size() || unit.substr(unit.size() - base.size()) != base) return std::nullopt;
  return prefix_factor(unit.substr(0, unit.size() - base.size()));
}

std::optional<double> byte_factor(std::string_view unit) {
  if (const auto bytes = factor_over(unit, "B")) return bytes;
  if (const auto bits = factor_over(unit, "b")) return *bits / 8;
  return std::nullopt;
}

std::optional<std::string_view> without_per_second(std::string_view unit) {
  if (unit.size() < 2 || unit.substr(unit.size() - 2) != "/s") return std::nullopt;
  return unit.substr(0, unit.size() - 2);
}

template <class Q>
std::optional<Q> scaled(const Split& split, std::optional<double> factor) {
  if (!factor || !std::isfinite(split.number * *factor)) return std::nullopt;
  return Q(split.number * *factor);
}

}  // namespace

template <>
std::optional<Bytes> parse_quantity<Bytes>(std::string_view text) {
  constexpr Bytes most(1e18);  // sums of a few stay whole numbers of 64 bits
  const auto split = split_number(text);
  const std::optional<Bytes> bytes = split ? scaled<Bytes>(*split, byte_factor(split->unit)) : std::nullopt;
  return bytes && *bytes <= most ? bytes : std::nullopt;
}

template <>
std::optional<BytesPerSecond> parse_quantity<BytesPerSecond>(std::string_view text) {
  const auto split = split_number(text);
  const auto unit = split ? without_per_second(split->unit) : std::nullopt;
  return unit ? scaled<BytesPerSecond>(*split, byte_factor(*unit)) : std::nullopt;
}

template <>
std::optional<FlopsPerSecond> parse_quantity<FlopsPerSecond>(std::string_view text) {
  const auto split = split_number(text);
  const auto unit = split ? without_per_second(split->unit) : std::nullopt;
  return unit ? scaled<FlopsPerSecond>(*split, factor_over(*unit, "FLOP")) : std::nullopt;
}

template <>
std::optional<SamplesPerSecond> parse_quantity<SamplesPerSecond>(std::string_view text) {
  const auto split = split_number(text);
  const auto unit = split ? without_per_second(split->unit) : std::nullopt;
  return unit ? scaled<SamplesPerSecond>(*split, factor_over(*unit, "samples")) : std::nullopt;
}

template <>
std::optional<Seconds> parse_quantity<Seconds>(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units{
      {{"s", 1.0}, {"ms", 1e-3}, {"us", 1e-6}, {"ns", 1e-9}, {"min", 60.0}, {"h", 3600.0}, {"d", 86400.0}, {"days", 86400.0}}};
  const auto split = split_number(text);
  if (!split) return std::nullopt;
  for (const auto& [name, factor] : units) {
    if (name != split->unit) continue;
    constexpr double days_of_the_clock = 106;  // to_ticks (base/quantity.hpp)
    if (split->number * factor > days_of_the_clock * 86400) return std::nullopt;
    return scaled<Seconds>(*split, factor);
  }
  return std::nullopt;
}

template <>
std::string quantity_rule<Bytes>() {
  return "expected a size with its unit, as '80 GB' or '512 MiB', of at most 1 EB";
}
template <>
std::string quantity_rule<BytesPerSecond>() {
  return "expected a rate with its unit, as '450 GB/s' or '200 Gb/s'";
}
template <>
std::string quantity_rule<FlopsPerSecond>() {
  return "expected a rate with its unit, as '312 TFLOP/s'";
}
template <>
std::string quantity_rule<SamplesPerSecond>() {
  return "expected a rate with its unit, as '20000 samples/s'";
}
template <>
std::string quantity_rule<Seconds>() {
  return "expected a time with its unit, as '14.83 s' or '20 us', of at most 106 days";
}

}  // namespace mfusim
