// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/least_squares.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace mfusim {

namespace {

constexpr std::size_t one_law = 6;
constexpr std::size_t law_parameters = 2 * one_law;
constexpr std::size_t fewest_points = 15;
constexpr double prior_weight = 0.05;
constexpr double floor_prior_weight = 0.4;    // few points are small enough to see the floor
constexpr double points_of_full_weight = 40;  // a table of hundreds must not drown a curve of twenty

std::vector<double> usual_parameters(const Gpu& gpu) {
  const double peak = peak_of(gpu, DataType::Fp16).value();
  const double memory = std::log(0.75 * gpu.memory_bandwidth.value());
  return {std::log(0.75 * peak), std::log(10), std::log(60),  0, std::log(5e-6), memory,
          std::log(0.6 * peak),  std::log(10), std::log(100), 0, std::log(8e-6), memory};
}

AttentionLaw law_of(std::span<const double> p) {
  return {.ceiling = FlopsPerSecond(std::exp(p[0])),
          .head_dim_half = std::exp(p[1]),
          .keys_half = std::exp(p[2]),
          .wave_softness = logistic(p[3]),
          .floor = Seconds(std::exp(p[4])),
          .memory_bandwidth = BytesPerSecond(std::exp(p[5]))};
}

Seconds time_of(const AttentionPoint& point, const AttentionLaw& forward, const AttentionLaw& backward, int multiprocessors) {
  AttentionShape shape = point.shape;
  Seconds time{};
  if (point.directions != AttentionDirections::Backward) {
    shape.direction = Direction::Forward;
    time += attention_law_time(forward, shape, forward.ceiling, multiprocessors);
  }
  if (point.directions != AttentionDirections::Forward) {
    shape.direction = Direction::Backward;
    time += attention_law_time(backward, shape, backward.ceiling, multiprocessors);
  }
  return time;
}

std::vector<double> log_residuals(const Gpu& gpu, const std::vector<AttentionPoint>& points, const SourceIndex& sources,
                                  const std::vector<double>& p) {
  const AttentionLaw forward = law_of(std::span(p).subspan(0, one_law));
  const AttentionLaw backward = law_of(std::span(p).subspan(one_law, one_law));
  std::vector<double> residuals(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const int source = sources.of_point[i];
    const double scale = source < 0 ? 0 : p[law_parameters + static_cast<std::size_t>(source)];
    residuals[i] = std::log(time_of(points[i], forward, backward, gpu.streaming_multiprocessors) / points[i].time) + scale;
  }
  return residuals;
}

std::vector<double> weights_of(const std::vector<AttentionPoint>& points) {
  std::map<std::string, double> counts;
  const auto key = [](const AttentionPoint& point) {
    return point.origin.source + std::to_string(static_cast<int>(point.directions));
  };
  for (const AttentionPoint& point : points) counts[key(point)] += 1;
  std::vector<double> weights;
  weights.reserve(points.size());
  for (const AttentionPoint& point : points) {
    weights.push_back(std::min(1.0, std::sqrt(points_of_full_weight / counts[key(point)])));
  }
  return weights;
}

}  // namespace

AttentionFit fit_attention(const Gpu& gpu, const std::vector<AttentionPoint>& points, const std::string& reference) {
  if (points.size() < fewest_points) {
    throw InputError(gpu.name + ": expected at least 15 attention kernels to fit, got " + std::to_string(points.size()));
  }
  std::vector<std::string> origins;
  origins.reserve(points.size());
  for (const AttentionPoint& point : points) origins.push_back(point.origin.source);
  const SourceIndex sources = index_sources(origins, reference);
  const std::vector<double> weights = weights_of(points);
  std::vector<double> start = usual_parameters(gpu);
  start.resize(law_parameters + sources.others.size(), 0.0);
  const auto residuals = [&](const std::vector<double>& p, std::vector<double>& r) {
    const std::vector<double> of_points = log_residuals(gpu, points, sources, p);
    for (std::size_t i = 0; i < points.size(); ++i) r[i] = weights[i] * of_points[i];
    for (std::size_t i = 0; i < p.size(); ++i) {
      const bool is_floor = i < law_parameters && i % one_law == 4;
      r[points.size() + i] = (is_floor ? floor_prior_weight : prior_weight) * (p[i] - start[i]);
    }
  };
  const std::vector<double> best = least_squares(residuals, points.size() + start.size(), start);
  const bool has_backward = std::any_of(
      points.begin(), points.end(), [](const AttentionPoint& point) { return point.directions != AttentionDirections::Forward; });
  return {.forward = law_of(std::span(best).subspan(0, one_law)),
          .backward = law_of(std::span(best).subspan(one_law, one_law)),
          .has_backward = has_backward,
          .residuals = summary_of(log_residuals(gpu, points, sources, best)),
          .sources = scales_of(sources, best, law_parameters)};
}

}  // namespace mfusim
