// SPDX-License-Identifier: Apache-2.0
#include "hardware/validate_points.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "hardware/catalog.hpp"
#include "hardware/fit_support.hpp"
#include "hardware/measured_grids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace mfusim {

namespace {

/// GPUs by the names that measurements give them, loaded when first asked for.
class Shelf {
 public:
  Shelf() {
    for (const std::string& name : gpu_names()) names_[name] = names_of_gpu(name);
  }

  /// Throws InputError with the nearest known name.
  const Gpu& find(const std::string& written) {
    for (const auto& [name, others] : names_) {
      if (is_called(others, written)) return load(name);
    }
    std::vector<std::string> known;
    for (const auto& [name, others] : names_) known.insert(known.end(), others.begin(), others.end());
    throw InputError(fmt::format("unknown GPU '{}'{}", shown(written), suggestion(written, known)));
  }

 private:
  const Gpu& load(const std::string& name) {
    auto found = loaded_.find(name);
    if (found == loaded_.end()) {
      found = loaded_.emplace(name, load_gpu(name)).first;
      found->second.ceiling = Ceiling::Kernel;
    }
    return found->second;
  }
  std::map<std::string, GpuNames> names_;
  std::map<std::string, Gpu> loaded_;
};

struct Prediction {
  std::string gpu;
  std::string what;
  PredictedTime time;
};

Prediction predict(Shelf& shelf, const GemmPoint& point) {
  const Gpu& gpu = shelf.find(point.origin.gpu);
  const GemmShape& shape = point.shape;
  return {gpu.name, fmt::format("gemm {} x {} x {} {}", shape.m, shape.n, shape.k, to_string(shape.dtype)),
          gemm_time(gpu, shape)};
}

Prediction predict(Shelf& shelf, const AttentionPoint& point) {
  if (!point.modelled) throw InputError("kernel '" + shown(point.implementation) + "' is not modelled");
  const Gpu& gpu = shelf.find(point.origin.gpu);
  AttentionShape shape = point.shape;
  PredictedTime total{.time = Seconds(0), .provenance = Provenance::Measured};
  for (const Direction direction : {Direction::Forward, Direction::Backward}) {
    const bool forward = direction == Direction::Forward;
    if (point.directions == (forward ? AttentionDirections::Backward : AttentionDirections::Forward)) continue;
    shape.direction = direction;
    const PredictedTime one = attention_time(gpu, shape);
    total.time += one.time;
    total.provenance = std::max(total.provenance, one.provenance);
    total.outside_measured_region = total.outside_measured_region || one.outside_measured_region;
  }
  return {gpu.name,
          fmt::format("attention {} b{} s{} h{} d{}{}", to_string(shape.kernel), shape.batch, shape.keys, shape.heads,
                      shape.head_dim, shape.causal ? " causal" : ""),
          total};
}

Network network_of(const CollectivePoint& point) {
  for (const std::string& name : network_names()) {
    for (const std::string& other : names_of_network(name)) {
      if (point.system.find(other) == std::string::npos) continue;
      Network network = load_network(name);
      network.efficiency = network.benchmark_efficiency;
      network.send_receive_efficiency = std::max(network.send_receive_efficiency, network.benchmark_efficiency * 0.7);
      return network;
    }
  }
  throw InputError("no known network in '" + shown(point.system) + "'");
}

Prediction predict(Shelf& shelf, const CollectivePoint& point) {
  Cluster cluster{.gpu = shelf.find(point.origin.gpu), .gpus = point.shape.group.ranks, .gpus_per_node = 8, .network = {}};
  if (point.nodes > 1) {
    cluster.network = network_of(point);
    cluster.gpus_per_node = point.shape.group.ranks_per_node;
  }
  return {cluster.gpu.name,
          fmt::format("{} {:.0f} B, {} ranks on {} nodes", to_string(point.shape.kind), point.shape.message.value(),
                      point.shape.group.ranks, point.nodes),
          collective_time(cluster, point.shape)};
}

/// A measured shape whose time comes back to the last digits.
bool is_known(const PredictedTime& predicted, Seconds measured) {
  return predicted.provenance == Provenance::Measured && std::abs(predicted.time / measured - 1) < 1e-5;
}

template <class Point>
void predict_all(const std::vector<Point>& points, PointsReport& report) {
  Shelf shelf;
  for (const Point& point : points) {
    try {
      const Prediction prediction = predict(shelf, point);
      report.rows.push_back({.line = point.origin.line,
                             .gpu = prediction.gpu,
                             .what = prediction.what,
                             .source = point.origin.source,
                             .predicted = prediction.time.time,
                             .measured = point.time,
                             .error_percent = 100 * (prediction.time.time / point.time - 1),
                             .provenance = prediction.time.provenance,
                             .outside_measured_region = prediction.time.outside_measured_region,
                             .known = is_known(prediction.time, point.time)});
    } catch (const InputError& error) {
      report.left_out.push_back({point.origin.line, error.what()});
    }
  }
}

std::vector<double> absolute(const std::vector<double>& values) {
  std::vector<double> result;
  result.reserve(values.size());
  for (const double value : values) result.push_back(std::abs(value));
  return result;
}

struct PointErrors {
  int known = 0;
  std::vector<double> raw;        ///< Signed, in percent.
  std::vector<double> own_scale;  ///< With the median ratio of their source taken out.
};

PointsSummary summary_of(const std::string& gpu, const std::string& source, const PointErrors& errors) {
  const std::vector<double> raw = absolute(errors.raw);
  const std::vector<double> own = absolute(errors.own_scale);
  return {.gpu = gpu,
          .source = source,
          .rows = static_cast<int>(raw.size()),
          .known_rows = errors.known,
          .median = percentile(raw, 0.5),
          .p90 = percentile(raw, 0.9),
          .worst = percentile(raw, 1.0),
          .bias = percentile(errors.raw, 0.5),
          .own_scale_median = percentile(own, 0.5),
          .own_scale_p90 = percentile(own, 0.9)};
}

void summarize(PointsReport& report) {
  std::map<std::string, std::map<std::string, PointErrors>> groups;
  for (const PointRow& row : report.rows) {
    PointErrors& errors = groups[row.gpu][row.source];
    if (row.known) {
      ++errors.known;
    } else {
      errors.raw.push_back(row.error_percent);
    }
  }
  for (auto& [gpu, sources] : groups) {
    PointErrors all;
    for (auto& [source, errors] : sources) {
      const double scale = 1 + percentile(errors.raw, 0.5) / 100;
      for (const double error : errors.raw) errors.own_scale.push_back(100 * ((1 + error / 100) / scale - 1));
      report.by_source.push_back(summary_of(gpu, source, errors));
      all.known += errors.known;
      all.raw.insert(all.raw.end(), errors.raw.begin(), errors.raw.end());
      all.own_scale.insert(all.own_scale.end(), errors.own_scale.begin(), errors.own_scale.end());
    }
    report.by_gpu.push_back(summary_of(gpu, "", all));
  }
}

}  // namespace

PointsReport validate_points(std::string_view text, const std::string& file) {
  PointsReport report;
  const PointsFile points = read_points(text, file, report.left_out);
  std::visit([&](const auto& rows) { predict_all(rows, report); }, points);
  if (report.rows.empty()) {
    const std::string first = report.left_out.empty() ? "it has none" : report.left_out.front().reason;
    throw InputError(fmt::format("{}: no row can be predicted: {}", file, first));
  }
  std::stable_sort(report.left_out.begin(), report.left_out.end(),
                   [](const LeftOut& a, const LeftOut& b) { return a.line < b.line; });
  summarize(report);
  return report;
}

}  // namespace mfusim
