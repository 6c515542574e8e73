// SPDX-License-Identifier: Apache-2.0
#include "study/input_distribution.hpp"

#include "base/number.hpp"
#include "model/input_shape.hpp"
#include "sim/check_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

constexpr double largest_rounding = 1e-6;  // of a sum of shares that are written in decimals

std::int64_t read_size(Reader& kind, const std::string& key) {
  const std::optional<std::int64_t> size = parse_integer(key);
  if (!size || *size < 1) kind.fail(key, fmt::format("expected a positive integer as a size, got '{}'", shown(key)));
  return checked_size(kind, key, *size);
}

std::vector<SizeShare> read_sizes(Reader kind) {
  std::vector<SizeShare> sizes;
  double sum = 0;
  for (const Node::Member& member : kind.node().members) {
    const SizeShare one{.size = read_size(kind, member.key), .share = kind.fraction(member.key)};
    if (one.share <= 0) kind.fail(member.key, fmt::format("expected a share above 0, got {}", one.share));
    sum += one.share;
    sizes.push_back(one);
  }
  if (std::abs(sum - 1) > largest_rounding) {
    const std::string key = sizes.empty() ? "" : std::to_string(sizes.front().size);
    kind.fail(key, fmt::format("expected shares that sum to 1, got a sum of {:.9g}", sum));
  }
  for (SizeShare& one : sizes) one.share /= sum;
  std::sort(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.size < b.size; });
  return sizes;
}

void check_sizes(const Reader& reader, const InputDistribution& distribution, const Scenario& scenario) {
  const auto check = [&](const char* key, std::int64_t image_size, std::int64_t text_length) {
    InputShape shape;
    shape.image_size = image_size;
    shape.text_length = text_length;
    try {
      check_input(scenario.model, shape);
    } catch (const InputError& error) {
      reader.fail(key, error.what());
    }
  };
  for (const SizeShare& image : distribution.images) check("image_size", image.size, *scenario.training.sequence_length);
  for (const SizeShare& text : distribution.texts) check("text_length", *scenario.training.image_size, text.size);
}

}  // namespace

InputDistribution read_distribution(Reader reader, const Scenario& scenario) {
  InputDistribution distribution;
  distribution.iterations = checked_size(reader, "iterations", reader.positive_int("iterations"));
  distribution.images = {{*scenario.training.image_size, 1}};
  distribution.texts = {{*scenario.training.sequence_length, 1}};
  if (reader.has("image_size")) distribution.images = read_sizes(reader.child("image_size"));
  if (reader.has("text_length")) distribution.texts = read_sizes(reader.child("text_length"));
  distribution.seed = reader.non_negative_int("seed", 1);
  reader.reject_unknown_keys();
  check_sizes(reader, distribution, scenario);
  return distribution;
}

BatchShares expected_shares(const InputDistribution& distribution) {
  const auto shares = [](const std::vector<SizeShare>& sizes) {
    std::vector<double> of_size;
    of_size.reserve(sizes.size());
    for (const SizeShare& one : sizes) of_size.push_back(one.share);
    return of_size;
  };
  return {.images = shares(distribution.images), .texts = shares(distribution.texts)};
}

BatchDraws::BatchDraws(const InputDistribution& distribution, std::int64_t global_batch)
    : distribution_(distribution), batch_(global_batch), random_(static_cast<std::uint64_t>(distribution.seed)) {}

BatchShares BatchDraws::next() {
  BatchShares shares;
  shares.images = draw(distribution_.images);
  shares.texts = draw(distribution_.texts);
  return shares;
}

/// One size after another takes its part of the samples that are left; the last takes the rest.
std::vector<double> BatchDraws::draw(const std::vector<SizeShare>& sizes) {
  std::vector<double> shares;
  shares.reserve(sizes.size());
  std::int64_t left = batch_;
  double share_left = 1;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    const std::int64_t drawn = binomial(left, std::min(1.0, sizes[i].share / share_left), uniform());
    shares.push_back(static_cast<double>(drawn) / static_cast<double>(batch_));
    left -= drawn;
    share_left -= sizes[i].share;
  }
  shares.push_back(static_cast<double>(left) / static_cast<double>(batch_));
  return shares;
}

/// The upper 53 bits: the generator is defined to the bit by the C++ standard, its distributions are not.
double BatchDraws::uniform() {
  return static_cast<double>(random_() >> 11U) * 0x1p-53;
}

std::int64_t binomial(std::int64_t trials, double p, double uniform) {
  if (p <= 0 || trials == 0) return 0;
  if (p >= 1) return trials;
  const auto n = static_cast<double>(trials);
  const auto mode = std::min(trials, static_cast<std::int64_t>((n + 1) * p));
  const auto m = static_cast<double>(mode);
  const double peak =
      std::exp(std::lgamma(n + 1) - std::lgamma(m + 1) - std::lgamma(n - m + 1) + m * std::log(p) + (n - m) * std::log1p(-p));
  const double odds = p / (1 - p);
  double rest = uniform - peak;
  double above = peak;
  double below = peak;
  std::int64_t up = mode;
  std::int64_t down = mode;
  if (rest < 0) return mode;
  while (up < trials || down > 0) {
    if (up < trials) {
      above *= static_cast<double>(trials - up) / static_cast<double>(up + 1) * odds;
      ++up;
      rest -= above;
      if (rest < 0) return up;
    }
    if (down > 0) {
      below *= static_cast<double>(down) / (static_cast<double>(trials - down + 1) * odds);
      --down;
      rest -= below;
      if (rest < 0) return down;
    }
    if (above + below == 0) break;  // beyond the last bit of a double
  }
  return mode;  // only rounding comes here: the probabilities sum to 1
}

}  // namespace mfusim
