// SPDX-License-Identifier: Apache-2.0
#include "hardware/measured_grids.hpp"

#include "hardware/collective.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/points.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

namespace mfusim {

namespace {

constexpr std::size_t fewest_samples = 8;
constexpr double another_mask = 1048576;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The header and the lines that begin with one of the names: a fifth of the file is parsed instead of all.
std::string lines_of(std::string_view text, const GpuNames& names) {
  std::string lines(text.substr(0, text.find('\n') + 1));
  for (std::size_t at = lines.size(); at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view line = text.substr(at, end - at);
    at = end;
    const std::string_view content = line.substr(line.starts_with('"') ? 1 : 0);
    const bool ours = std::any_of(names.begin(), names.end(), [&](const std::string& name) { return content.starts_with(name); });
    if (ours) lines += line;
  }
  return lines;
}

template <class Point>
std::vector<Point> points_of(const char* file, const GpuNames& names) {
  std::vector<LeftOut> left_out;
  auto points = std::get<std::vector<Point>>(read_points(lines_of(shipped_points(file), names), file, left_out));
  std::erase_if(points, [&](const Point& point) { return !is_called(names, point.origin.gpu); });
  return points;
}

GridPointer grid_of(const std::vector<ResidualGrid::Sample>& samples) {
  return samples.size() < fewest_samples ? nullptr : std::make_shared<const ResidualGrid>(samples);
}

Direction direction_of(AttentionDirections directions) {
  return directions == AttentionDirections::Backward ? Direction::Backward : Direction::Forward;
}

/// Each source on its own scale: its median residual is clocks and power, not shape.
std::vector<ResidualGrid::Sample> without_source_scale(
    const std::map<std::string, std::vector<ResidualGrid::Sample>>& by_source) {
  std::vector<ResidualGrid::Sample> all;
  for (const auto& [source, samples] : by_source) {
    std::vector<double> ratios;
    ratios.reserve(samples.size());
    for (const auto& sample : samples) ratios.push_back(sample.log_ratio);
    const double scale = percentile(ratios, 0.5);
    for (const auto& sample : samples) all.push_back({sample.at, sample.log_ratio - scale});
  }
  return all;
}

}  // namespace

std::string largest_node_source(const std::vector<CollectivePoint>& points) {
  std::vector<std::string> sources;
  for (const CollectivePoint& point : points) {
    if (point.regular()) sources.push_back(point.origin.source);
  }
  return sources.empty() ? "" : index_sources(sources, "").reference;
}

bool is_called(const GpuNames& names, const std::string& name) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& known) { return lower(known) == lower(name); });
}

std::array<double, 3> grid_coordinates(const GemmShape& shape) {
  return {static_cast<double>(shape.m), static_cast<double>(shape.n), static_cast<double>(shape.k)};
}

std::array<double, 3> grid_coordinates(const AttentionShape& shape) {
  return {static_cast<double>(shape.keys), static_cast<double>(shape.head_dim), shape.causal ? another_mask : 1.0};
}

std::array<double, 3> grid_coordinates(const CollectiveShape& shape) {
  const double ranks = static_cast<double>(shape.group.ranks);
  return {ranks * ranks, shape.message.value(), 1.0};
}

PredictedTime corrected_by(const GridPointer& grid, const PredictedTime& law, const std::array<double, 3>& shape,
                           Provenance exact) {
  if (!grid) return law;
  const ResidualGrid::Answer answer = grid->at(shape);
  if (!answer.inside) return law;
  const bool lent = law.provenance == Provenance::Assumed;
  return {.time = law.time * std::exp(answer.log_ratio),
          .provenance = lent           ? law.provenance
                        : answer.exact ? exact
                                       : Provenance::Interpolated,
          .outside_measured_region = law.outside_measured_region};
}

Seconds node_law_time(const GpuModel& model, const CollectiveShape& shape) {
  const bool copies_own_block = shape.kind != Collective::Broadcast && shape.kind != Collective::SendReceive;
  const Bytes own_block = copies_own_block ? shape.message / shape.group.ranks : Bytes(0);
  const NodeCollectiveLaw& law = model.node_collective[static_cast<std::size_t>(shape.kind)]->law;
  const Seconds ring = node_collective_law_time(law, ring_steps(shape), bytes_sent(shape), own_block);
  const auto& reduction = model.switch_reduction;
  if (shape.kind != Collective::AllReduce || !reduction || reduction->ranks != shape.group.ranks) return ring;
  return std::min(ring, reduction->base + bytes_sent(shape) / reduction->bandwidth);
}

std::vector<GemmPoint> shipped_gemm(const GpuNames& names) {
  return points_of<GemmPoint>("gemm.csv", names);
}

std::vector<AttentionPoint> shipped_attention(const GpuNames& names) {
  return points_of<AttentionPoint>("attention.csv", names);
}

std::vector<CollectivePoint> shipped_collectives(const GpuNames& names) {
  return points_of<CollectivePoint>("collective.csv", names);
}

GridPointer gemm_grid(const std::vector<GemmPoint>& points, const GemmModel& model, int multiprocessors) {
  std::vector<ResidualGrid::Sample> samples;
  for (const GemmPoint& point : points) {
    if (point.origin.source != model.reference || size_of(point.shape.dtype) != Bytes(2)) continue;
    const Seconds law = gemm_law_time(model.law, point.shape, model.law.ceiling, multiprocessors);
    samples.push_back({grid_coordinates(point.shape), std::log(point.time / law)});
  }
  return grid_of(samples);
}

GridPointer attention_grid(const std::vector<AttentionPoint>& points, AttentionKernel kernel, Direction direction,
                           const AttentionModel& model, int multiprocessors) {
  std::map<std::string, std::vector<ResidualGrid::Sample>> by_source;
  for (const AttentionPoint& point : points) {
    const bool ours = point.pure() && point.shape.kernel == kernel && point.directions != AttentionDirections::Both &&
                      direction_of(point.directions) == direction;
    if (!ours) continue;
    AttentionShape shape = point.shape;
    shape.direction = direction;
    const Seconds law = attention_law_time(model.law, shape, model.law.ceiling, multiprocessors);
    by_source[point.origin.source].push_back({grid_coordinates(shape), std::log(point.time / law)});
  }
  return grid_of(without_source_scale(by_source));
}

GridPointer collective_grid(const std::vector<CollectivePoint>& points, Collective kind, const GpuModel& model) {
  const std::string source = largest_node_source(points);
  std::vector<ResidualGrid::Sample> samples;
  for (const CollectivePoint& point : points) {
    if (!point.regular() || point.shape.kind != kind || point.origin.source != source) continue;
    samples.push_back({grid_coordinates(point.shape), std::log(point.time / node_law_time(model, point.shape))});
  }
  return grid_of(samples);
}

}  // namespace mfusim
