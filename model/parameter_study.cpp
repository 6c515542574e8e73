// SPDX-License-Identifier: Apache-2.0
#include "model/parameter_study.hpp"

#include "base/input_error.hpp"
#include "model/build_work.hpp"
#include "model/flops_report.hpp"
#include "model/parameters.hpp"
#include "model/read_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

bool is_table(const Operator<Count>& op) {
  if (std::holds_alternative<Embedding<Count>>(op.shape)) return true;
  const auto* elementwise = std::get_if<Elementwise<Count>>(&op.shape);
  return elementwise != nullptr && elementwise->kind == ElementwiseKind::Position;
}

/// Tokens of one sample that a tower's blocks work on.
Count tokens_of(const Tower<Count>& tower) {
  for (const LayerGroup<Count>& group : tower.groups) {
    for (const Operator<Count>& op : group.layer.operators) {
      if (const auto* attention = std::get_if<Attention<Count>>(&op.shape)) return attention->queries;
    }
  }
  return 1;
}

ParameterPoint point_of(const ModelSpec& model, const InputShape& input, Convention convention) {
  ParameterPoint point;
  point.model = model.name;
  point.forward = count_flops(model, input, convention).forward.total();
  for (const Tower<Count>& tower : build_work(model, input).towers) {
    Count tables = 0;
    Count all = 0;
    for (const LayerGroup<Count>& group : tower.groups) {
      for (const Operator<Count>& op : group.layer.operators) {
        const Count values = group.repeat * parameters(op);
        all += values;
        if (is_table(op)) tables += values;
      }
    }
    point.parameters += all;
    point.table_parameters += tables;
    point.token_weighted += tokens_of(tower) * (all - tables);
  }
  return point;
}

template <class Abscissa>
ProportionalFit fit(std::string name, const std::vector<ParameterPoint>& points, Abscissa abscissa) {
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  double sum_yy = 0;
  for (const ParameterPoint& point : points) {
    const double x = std::log(abscissa(point));
    const double y = std::log(point.forward.as_double());
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y, sum_yy += y * y;
  }
  const auto n = static_cast<double>(points.size());
  const double xx = sum_xx - sum_x * sum_x / n;
  const double xy = sum_xy - sum_x * sum_y / n;
  const double yy = sum_yy - sum_y * sum_y / n;
  ProportionalFit result{.abscissa = std::move(name), .factor = std::exp((sum_y - sum_x) / n)};
  result.exponent = xx > 0 ? xy / xx : 1;
  result.r_squared = xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 1;
  for (const ParameterPoint& point : points) {
    const double ratio = point.forward.as_double() / (result.factor * abscissa(point));
    result.worst_ratio = std::max({result.worst_ratio, ratio, 1 / ratio});
  }
  return result;
}

}  // namespace

ParameterStudy parameters_against_operations(const std::vector<std::string>& models, const InputShape& input,
                                             Convention convention) {
  ParameterStudy study;
  for (const std::string& name : models) {
    const ModelSpec model = load_model(name);
    try {
      study.points.push_back(point_of(model, input, convention));
    } catch (const InputError& error) {
      study.left_out.push_back(fmt::format("{}: {}", name, error.what()));
    }
  }
  if (study.points.size() < 2) throw InputError("--vs-parameters: fewer than two models can take this input shape");
  std::sort(study.points.begin(), study.points.end(), [](const ParameterPoint& a, const ParameterPoint& b) {
    return a.parameters != b.parameters ? a.parameters < b.parameters : a.model < b.model;
  });
  study.all = fit("parameters", study.points, [](const ParameterPoint& point) { return point.parameters.as_double(); });
  study.without_tables = fit("parameters without tables", study.points,
                             [](const ParameterPoint& point) { return (point.parameters - point.table_parameters).as_double(); });
  study.token_weighted = fit("tokens x parameters without tables", study.points,
                             [](const ParameterPoint& point) { return point.token_weighted.as_double(); });
  return study;
}

std::vector<std::string> contrastive_models() {
  std::vector<std::string> names;
  for (const std::string& name : model_names()) {
    if (is_contrastive(load_model(name))) names.push_back(name);
  }
  return names;
}

}  // namespace mfusim
