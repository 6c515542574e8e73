// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/least_squares.hpp"

#include <array>
#include <span>

namespace mfusim {

namespace {

constexpr std::size_t law_parameters = 10;
constexpr std::size_t fewest_points = 20;
constexpr double prior_weight = 0.02;  // weak: pins only what the points leave free

/// What is usual where the points do not say: 0.85 of the peak and of the memory, k0 100, half-soft waves, 3 us.
std::vector<double> usual_parameters(const Gpu& gpu, DataType type) {
  const double peak = peak_of(gpu, type).value();
  return {std::log(0.85 * peak), std::log(100), 0, 0.05, 0.25, 0.35, 0.5, std::log(0.8 * gpu.memory_bandwidth.value()),
          std::log(3e-6),        std::log(3.0)};
}

/// Smaller tiles are never faster: efficiencies are running products of values below 1.
GemmLaw law_of(std::span<const double> p) {
  GemmLaw law{.ceiling = FlopsPerSecond(std::exp(p[0])),
              .k_half = std::exp(p[1]),
              .wave_softness = logistic(p[2]),
              .tile_efficiency = {1, 1, 1, 1, 1},
              .memory_bandwidth = BytesPerSecond(std::exp(p[7])),
              .floor = Seconds(std::exp(p[8])),
              .sharpness = 1 + std::exp(p[9])};
  for (std::size_t i = 1; i < tile_classes; ++i) law.tile_efficiency[i] = std::exp(-std::abs(p[2 + i]));
  return law;
}

std::vector<double> log_residuals(const Gpu& gpu, const std::vector<GemmPoint>& points, const SourceIndex& sources,
                                  const std::vector<double>& p) {
  const GemmLaw law = law_of(p);
  std::vector<double> residuals(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Seconds time = gemm_law_time(law, points[i].shape, law.ceiling, gpu.streaming_multiprocessors);
    const int source = sources.of_point[i];
    const double scale = source < 0 ? 0 : p[law_parameters + static_cast<std::size_t>(source)];
    residuals[i] = std::log(time / points[i].time) + scale;
  }
  return residuals;
}

}  // namespace

GemmFit fit_gemm(const Gpu& gpu, const std::vector<GemmPoint>& points, const std::string& reference) {
  if (points.size() < fewest_points) {
    throw InputError(gpu.name + ": expected at least 20 matrix multiplies to fit, got " + std::to_string(points.size()));
  }
  std::vector<std::string> origins;
  origins.reserve(points.size());
  for (const GemmPoint& point : points) origins.push_back(point.origin.source);
  const SourceIndex sources = index_sources(origins, reference);
  std::vector<double> start = usual_parameters(gpu, points.front().shape.dtype);
  start.resize(law_parameters + sources.others.size(), 0.0);
  const auto residuals = [&](const std::vector<double>& p, std::vector<double>& r) {
    const std::vector<double> of_points = log_residuals(gpu, points, sources, p);
    std::copy(of_points.begin(), of_points.end(), r.begin());
    for (std::size_t i = 0; i < p.size(); ++i) r[points.size() + i] = prior_weight * (p[i] - start[i]);
  };
  const std::vector<double> best = least_squares(residuals, points.size() + start.size(), start);
  return {.law = law_of(best),
          .residuals = summary_of(log_residuals(gpu, points, sources, best)),
          .sources = scales_of(sources, best, law_parameters)};
}

}  // namespace mfusim
