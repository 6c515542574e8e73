// SPDX-License-Identifier: Apache-2.0
#include "report/grids.hpp"

#include <cmath>

namespace mfusim {
namespace {

Cell whole(const std::optional<Count>& count) {
  return count ? Cell(count->value()) : Cell();
}

void add_flops_rows(Grid& grid, const FlopsPart& part, const std::string& indent, int deeper) {
  grid.rows.push_back({indent + part.name, part.repeat.value(), part.parameters.value(), part.forward.total().value(),
                       part.backward.total().value(), part.saved_bytes.value(), part.moved_bytes.value()});
  if (deeper == 0) return;
  for (const FlopsPart& inner : part.parts) add_flops_rows(grid, inner, indent + "  ", deeper - 1);
}

}  // namespace

Grid flops_grid(const FlopsReport& report, FlopsDetail detail) {
  Grid grid{{{"part", ""},
             {"repeat", "times"},
             {"parameters", "parameters"},
             {"forward_operations", "forward"},
             {"backward_operations", "backward"},
             {"saved_bytes", "kept bytes"},
             {"moved_bytes", "moved bytes"}},
            {}};
  for (const FlopsPart& tower : report.towers) add_flops_rows(grid, tower, "", static_cast<int>(detail));
  grid.rows.push_back({"model", std::int64_t{1}, report.parameters.value(), report.forward.total().value(),
                       report.backward.total().value(), report.saved_bytes.value(), report.moved_bytes.value()});
  return grid;
}

Grid models_grid(const std::vector<ModelRow>& rows) {
  Grid grid{{{"model", "model"},
             {"parameters", "parameters"},
             {"vision_parameters", "vision"},
             {"text_parameters", "text"},
             {"forward_flops", "forward FLOPs"},
             {"vision_to_text", "V:T", 3},
             {"licence", "licence"},
             {"source", "source"}},
            {}};
  for (const ModelRow& row : rows) {
    grid.rows.push_back({row.name, row.parameters.value(), whole(row.vision_parameters), whole(row.text_parameters),
                         row.forward.value(), row.vision_to_text ? Cell(*row.vision_to_text) : Cell(), row.licence, row.source});
  }
  return grid;
}

Grid parameter_study_grid(const ParameterStudy& study) {
  Grid grid{{{"model", "model"},
             {"parameters", "parameters"},
             {"table_parameters", "in tables"},
             {"forward_flops", "forward FLOPs"},
             {"flops_per_parameter", "FLOPs/parameter"},
             {"flops_per_token_parameter", "FLOPs/(token x parameter)"}},
            {}};
  for (const ParameterPoint& point : study.points) {
    grid.rows.push_back({point.model, point.parameters.value(), point.table_parameters.value(), point.forward.value(),
                         point.forward.as_double() / point.parameters.as_double(),
                         point.forward.as_double() / point.token_weighted.as_double()});
  }
  return grid;
}

Grid figures_grid(const std::vector<Figure>& figures) {
  Grid grid{{{"figure", "figure"}, {"value", "value"}, {"source", "source"}}, {}};
  for (const Figure& figure : figures) grid.rows.push_back({figure.path, figure.value, figure.source});
  return grid;
}

Grid points_grid(const PointsReport& report) {
  Grid grid{{{"line", "line"},
             {"gpu", "GPU"},
             {"what", "what"},
             {"predicted_s", "predicted s"},
             {"measured_s", "measured s"},
             {"error_percent", "error %", 3},
             {"provenance", "stands on"},
             {"source", "source"}},
            {}};
  for (const PointRow& row : report.rows) {
    grid.rows.push_back({std::int64_t{row.line}, row.gpu, row.what, row.predicted.count(), row.measured.count(),
                         row.error_percent, to_string(row.provenance), row.source});
  }
  return grid;
}

Grid points_summary_grid(const std::vector<PointsSummary>& summaries) {
  Grid grid{{{"gpu", "GPU"},
             {"source", "source"},
             {"rows", "rows"},
             {"known_rows", "looked up"},
             {"median_percent", "median %", 3},
             {"p90_percent", "p90 %", 3},
             {"worst_percent", "worst %", 3},
             {"bias_percent", "bias %", 3}},
            {}};
  for (const PointsSummary& summary : summaries) {
    grid.rows.push_back({summary.gpu, summary.source.empty() ? std::string("all") : summary.source, std::int64_t{summary.rows},
                         std::int64_t{summary.known_rows}, summary.median, summary.p90, summary.worst, summary.bias});
  }
  return grid;
}

Grid answer_grid(const HardwareAnswer& answer) {
  Grid grid{{{"question", "question"},
             {"time_s", "time s"},
             {"low_s", "low s"},
             {"high_s", "high s"},
             {"benchmark_s", "benchmark s"},
             {"flops_per_s", "FLOP/s"},
             {"bus_bytes_per_s", "bus B/s"},
             {"provenance", "stands on"},
             {"outside_measured_region", "region"}},
            {}};
  grid.rows.push_back(
      {answer.question, answer.time.time.count(), answer.low.count(), answer.high.count(), answer.benchmark.count(),
       answer.rate.value() > 0 ? Cell(answer.rate.value()) : Cell(),
       answer.bus_rate.value() > 0 ? Cell(answer.bus_rate.value()) : Cell(), to_string(answer.time.provenance),
       std::string(answer.time.outside_measured_region ? "outside what was measured" : "inside what was measured")});
  return grid;
}

Grid result_grid(const Result& result) {
  Grid grid{{{"name", "name"}, {"value", "value"}}, {}};
  const auto add = [&](const std::string& name, Cell value) { grid.rows.push_back({name, std::move(value)}); };
  add("scenario", result.scenario);
  add("model", result.model);
  add("gpu", result.gpu);
  add("gpus", std::int64_t{result.gpus});
  add("iteration_time_s", result.iteration_time.count());
  add("mfu", result.mfu);
  add("hfu", result.hfu);
  add("samples_per_s", result.samples_per_s);
  if (result.tokens_per_s) add("tokens_per_s", *result.tokens_per_s);
  add("range_low_s", result.range.low.count());
  add("range_high_s", result.range.high.count());
  for (const auto& [name, time] : result.breakdown) add("breakdown_s." + name, time.count());
  add("memory.peak_bytes", static_cast<std::int64_t>(std::llround(result.memory.peak.value())));
  add("memory.reserved_bytes", static_cast<std::int64_t>(std::llround(result.memory.reserved.value())));
  add("memory.allocated_bytes", static_cast<std::int64_t>(std::llround(result.memory.allocated.value())));
  add("memory.capacity_bytes", static_cast<std::int64_t>(std::llround(result.memory.capacity.value())));
  for (const auto& [name, bytes] : result.memory.parts) {
    add("memory.parts_bytes." + name, static_cast<std::int64_t>(std::llround(bytes.value())));
  }
  return grid;
}

}  // namespace mfusim
