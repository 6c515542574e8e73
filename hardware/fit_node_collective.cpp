// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/least_squares.hpp"

#include <algorithm>
#include <span>

namespace mfusim {

namespace {

constexpr std::size_t fewest_points = 8;
constexpr double prior_weight = 0.02;
constexpr int switch_ranks = 8;

/// Start values: latencies as in NVIDIA/nccl src/graph/tuning.cc, rates as shares of the links.
std::vector<double> usual_parameters(const Gpu& gpu) {
  const double link = gpu.nvlink_per_direction.value() > 0 ? gpu.nvlink_per_direction.value() : gpu.pcie_per_direction.value();
  return {std::log(6e-6),       std::log(1e-6), std::log(20e-6), std::log(2e-6),      std::log(0.75 * link),
          std::log(1.5 * link), -0.8,           std::log(50e-6), std::log(1.0 * link)};
}

NodeCollectiveLaw law_of(std::span<const double> p) {
  return {.base = Seconds(std::exp(p[0])),
          .step = Seconds(std::exp(p[1])),
          .eager_share = logistic(p[6]),
          .bulk_base = Seconds(std::exp(p[2])),
          .bulk_step = Seconds(std::exp(p[3])),
          .bandwidth = BytesPerSecond(std::exp(p[4])),
          .copy_bandwidth = BytesPerSecond(std::exp(p[5]))};
}

Seconds time_of(const CollectivePoint& point, std::span<const double> p, SwitchReduction reduction) {
  const CollectiveShape& shape = point.shape;
  const Bytes own_block = shape.message / shape.group.ranks;
  const Seconds ring = node_collective_law_time(law_of(p), ring_steps(shape), bytes_sent(shape), own_block);
  const bool in_switch = reduction == SwitchReduction::AllGpus && shape.group.ranks == switch_ranks;
  if (!in_switch) return ring;
  return std::min(ring, Seconds(std::exp(p[7]) + bytes_sent(shape).value() / std::exp(p[8])));
}

}  // namespace

NodeCollectiveFit fit_node_collective(const Gpu& gpu, const std::vector<CollectivePoint>& points, SwitchReduction reduction) {
  if (points.size() < fewest_points) {
    throw InputError(gpu.name + ": expected at least 8 collectives of a kind to fit, got " + std::to_string(points.size()));
  }
  const std::vector<double> start = usual_parameters(gpu);
  const auto residuals = [&](const std::vector<double>& p, std::vector<double>& r) {
    for (std::size_t i = 0; i < points.size(); ++i) r[i] = std::log(time_of(points[i], p, reduction) / points[i].time);
    for (std::size_t i = 0; i < p.size(); ++i) r[points.size() + i] = prior_weight * (p[i] - start[i]);
  };
  const std::vector<double> best = least_squares(residuals, points.size() + start.size(), start, {.scale = 0.1});
  std::vector<double> all(points.size() + start.size());
  residuals(best, all);
  all.resize(points.size());
  NodeCollectiveFit fit{.law = law_of(best), .switch_reduction = std::nullopt, .residuals = summary_of(all)};
  if (reduction == SwitchReduction::AllGpus) {
    fit.switch_reduction = SwitchReductionModel{.ranks = switch_ranks,
                                                .base = Seconds(std::exp(best[7])),
                                                .bandwidth = BytesPerSecond(std::exp(best[8])),
                                                .provenance = Provenance::Fitted};
  }
  return fit;
}

}  // namespace mfusim
