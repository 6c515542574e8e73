// SPDX-License-Identifier: Apache-2.0
#include "hardware/split_study.hpp"

#include "hardware/catalog.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/measured_grids.hpp"
#include "hardware/points.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

namespace mfusim {

std::string to_string(PointKind kind) {
  switch (kind) {
    case PointKind::Gemm:
      return "gemm";
    case PointKind::Attention:
      return "attention";
    case PointKind::Collective:
      return "collective";
  }
  throw std::logic_error("unhandled PointKind");
}

namespace {

/// log(measured / law) of one row, and where it stands in its grid.
template <class Point>
struct Fitted {
  std::function<double(const Point&)> log_ratio;
  FitResiduals residuals;
};

std::array<double, 3> coordinates(const GemmPoint& point) {
  return grid_coordinates(point.shape);
}
std::array<double, 3> coordinates(const AttentionPoint& point) {
  return grid_coordinates(point.shape);
}
std::array<double, 3> coordinates(const CollectivePoint& point) {
  return grid_coordinates(point.shape);
}

double scale_of(const SourceScales& sources, const std::string& source) {
  const auto found = sources.scale.find(source);
  return found == sources.scale.end() ? 1.0 : found->second;
}

Fitted<GemmPoint> fit(const Gpu& gpu, const std::vector<GemmPoint>& points) {
  const GemmFit result = fit_gemm(gpu, points);
  return {[result, sms = gpu.streaming_multiprocessors](const GemmPoint& point) {
            const Seconds law = gemm_law_time(result.law, point.shape, result.law.ceiling, sms);
            return std::log(point.time / law / scale_of(result.sources, point.origin.source));
          },
          result.residuals};
}

Fitted<AttentionPoint> fit(const Gpu& gpu, const std::vector<AttentionPoint>& points) {
  const AttentionFit result = fit_attention(gpu, points);
  return {[result, sms = gpu.streaming_multiprocessors](const AttentionPoint& point) {
            AttentionShape shape = point.shape;
            Seconds time{};
            if (point.directions != AttentionDirections::Backward) {
              time += attention_law_time(result.forward, shape, result.forward.ceiling, sms);
            }
            shape.direction = Direction::Backward;
            if (point.directions != AttentionDirections::Forward) {
              time += attention_law_time(result.backward, shape, result.backward.ceiling, sms);
            }
            return std::log(point.time / time / scale_of(result.sources, point.origin.source));
          },
          result.residuals};
}

Fitted<CollectivePoint> fit(const Gpu& gpu, const std::vector<CollectivePoint>& points) {
  const bool in_switch = points.front().shape.kind == Collective::AllReduce && gpu.model->switch_reduction.has_value();
  const NodeCollectiveFit result = fit_node_collective(gpu, points, in_switch ? SwitchReduction::AllGpus : SwitchReduction::None);
  GpuModel model;
  model.node_collective[static_cast<std::size_t>(points.front().shape.kind)] =
      NodeCollectiveModel{.law = result.law, .provenance = Provenance::Fitted, .message = {}, .grid = nullptr};
  model.switch_reduction = result.switch_reduction;
  return {[model](const CollectivePoint& point) { return std::log(point.time / node_law_time(model, point.shape)); },
          result.residuals};
}

/// Rows of one fit: one GPU, one kernel or one kind of collective.
template <class Point>
struct Family {
  std::string gpu;
  std::vector<Point> points;
};

/// Test errors of the families of one GPU are put together: the reader asks about a GPU.
struct Errors {
  std::vector<double> law, grid;
};

template <class Point>
int grid_family(const Point&) {
  return 0;
}
int grid_family(const AttentionPoint& point) {
  return static_cast<int>(point.directions);
}

template <class Point>
Errors errors_of(const Fitted<Point>& fitted, const std::vector<Point>& train, const std::vector<Point>& test) {
  std::map<int, std::vector<ResidualGrid::Sample>> samples;
  for (const Point& point : train) samples[grid_family(point)].push_back({coordinates(point), fitted.log_ratio(point)});
  std::map<int, ResidualGrid> grids;
  for (const auto& [family, values] : samples) grids.emplace(family, ResidualGrid(values));
  Errors errors;
  for (const Point& point : test) {
    const double residual = fitted.log_ratio(point);
    const auto grid = grids.find(grid_family(point));
    const double correction = grid == grids.end() ? 0 : grid->second.at(coordinates(point)).log_ratio;
    errors.law.push_back(-residual);
    errors.grid.push_back(correction - residual);
  }
  return errors;
}

void take_out_median(std::vector<double>& values) {
  const double median = percentile(values, 0.5);
  for (double& value : values) value -= median;
}

template <class Point>
constexpr std::size_t enough = 20;
template <>
constexpr std::size_t enough<CollectivePoint> = 30;

using Results = std::map<std::pair<std::string, std::string>, std::pair<Errors, FitResiduals>>;

template <class Point>
void study_shapes(const std::vector<Family<Point>>& families, Results& results) {
  for (const Family<Point>& family : families) {
    std::vector<Point> train;
    std::vector<Point> test;
    for (const Point& point : family.points) (is_test_row(point) ? test : train).push_back(point);
    if (train.size() < enough<Point> || test.empty()) continue;
    const Fitted<Point> fitted = fit(load_gpu(family.gpu), train);
    const Errors errors = errors_of(fitted, train, test);
    auto& [all, residuals] = results[{family.gpu, ""}];
    all.law.insert(all.law.end(), errors.law.begin(), errors.law.end());
    all.grid.insert(all.grid.end(), errors.grid.begin(), errors.grid.end());
    residuals = fitted.residuals;
  }
}

constexpr std::size_t fewest_of_a_source = 10;

template <class Point>
void study_sources(const std::vector<Family<Point>>& families, PointKind kind, std::vector<SplitResult>& results) {
  for (const Family<Point>& family : families) {
    std::set<std::string> sources;
    for (const Point& point : family.points) sources.insert(point.origin.source);
    for (const std::string& source : sources) {
      std::vector<Point> train;
      std::vector<Point> test;
      for (const Point& point : family.points) (point.origin.source == source ? test : train).push_back(point);
      if (train.size() < enough<Point> || test.size() < fewest_of_a_source) continue;
      const Fitted<Point> fitted = fit(load_gpu(family.gpu), train);
      Errors errors = errors_of(fitted, train, test);
      const double bias = std::exp(percentile(errors.grid, 0.5)) - 1;
      take_out_median(errors.law);
      take_out_median(errors.grid);
      results.push_back({kind, family.gpu, source, fitted.residuals, summary_of(errors.law), summary_of(errors.grid), bias});
    }
  }
}

template <class Point>
std::vector<Point> shipped(const char* file) {
  std::vector<LeftOut> left_out;
  return std::get<std::vector<Point>>(read_points(shipped_points(file), file, left_out));
}

/// Divides rows by GPU and `part`, in the order of the catalog; rows of unknown GPUs and those that `use` refuses are dropped.
template <class Point, class Use, class Part>
std::vector<Family<Point>> families_of(const char* file, Use use, Part part) {
  const std::vector<Point> points = shipped<Point>(file);
  std::vector<Family<Point>> families;
  for (const std::string& gpu : gpu_names()) {
    const GpuNames names = names_of_gpu(gpu);
    std::map<int, std::vector<Point>> parts;
    for (const Point& point : points) {
      if (use(point) && is_called(names, point.origin.gpu)) parts[part(point)].push_back(point);
    }
    for (auto& [key, rows] : parts) families.push_back({gpu, std::move(rows)});
  }
  return families;
}

std::vector<Family<GemmPoint>> gemm_families() {
  return families_of<GemmPoint>(
      "gemm.csv",
      [](const GemmPoint& point) { return size_of(point.shape.dtype) == Bytes(2) && point.shape.pass == GemmPass::Forward; },
      [](const GemmPoint&) { return 0; });
}

std::vector<Family<AttentionPoint>> attention_families() {
  return families_of<AttentionPoint>(
      "attention.csv", [](const AttentionPoint& point) { return point.pure() && point.shape.kernel != AttentionKernel::Unfused; },
      [](const AttentionPoint& point) { return static_cast<int>(point.shape.kernel); });
}

std::vector<Family<CollectivePoint>> collective_families() {
  auto families = families_of<CollectivePoint>(
      "collective.csv", [](const CollectivePoint& point) { return point.regular(); },
      [](const CollectivePoint& point) { return static_cast<int>(point.shape.kind); });
  std::erase_if(families, [](const Family<CollectivePoint>& family) {
    return load_gpu(family.gpu).nvlink_per_direction.value() <= 0;  // hosts without links differ too much to be one law
  });
  return families;
}

/// Collectives are fitted to one source; the others only test it.
std::vector<Family<CollectivePoint>> of_one_source(std::vector<Family<CollectivePoint>> families) {
  for (Family<CollectivePoint>& family : families) {
    const std::string source = largest_node_source(family.points);
    std::erase_if(family.points, [&](const CollectivePoint& point) { return point.origin.source != source; });
  }
  return families;
}

template <class Point>
void append_shapes(const std::vector<Family<Point>>& families, PointKind kind, std::vector<SplitResult>& all) {
  Results results;
  study_shapes(families, results);
  for (const auto& [key, result] : results) {
    all.push_back({kind, key.first, "", result.second, summary_of(result.first.law), summary_of(result.first.grid), 0});
  }
}

}  // namespace

std::vector<SplitResult> split_by_shape() {
  std::vector<SplitResult> results;
  append_shapes(gemm_families(), PointKind::Gemm, results);
  append_shapes(attention_families(), PointKind::Attention, results);
  append_shapes(of_one_source(collective_families()), PointKind::Collective, results);
  return results;
}

std::vector<SplitResult> split_by_source() {
  std::vector<SplitResult> results;
  study_sources(gemm_families(), PointKind::Gemm, results);
  study_sources(attention_families(), PointKind::Attention, results);
  study_sources(collective_families(), PointKind::Collective, results);
  return results;
}

}  // namespace mfusim
