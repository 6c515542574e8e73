// SPDX-License-Identifier: Apache-2.0
#include "report/sweep_export.hpp"

#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

std::vector<GridColumn> columns_of(const SweepSpace& space) {
  std::vector<GridColumn> columns{{"configuration", ""}, {"status", ""}, {"reason", ""}};
  for (const SweepAxis& axis : space.axes) columns.push_back({axis.path, ""});
  for (const char* key : {"iteration_time_s",
                          "mfu",
                          "samples_per_s",
                          "peak_bytes",
                          "capacity_bytes",
                          "gpus",
                          "gpu",
                          "global_batch",
                          "tensor",
                          "sequence",
                          "pipeline",
                          "virtual_stages",
                          "schedule",
                          "data",
                          "zero",
                          "shard_group",
                          "context",
                          "context_exchange",
                          "recompute",
                          "micro_batch",
                          "micro_batches",
                          "cost_per_million_samples"})
    columns.push_back({key, ""});
  return columns;
}

void add_results(const RankedRow& ranked, std::vector<Cell>& cells) {
  const SweepRow& row = ranked.row;
  const bool simulated = row.status == RowStatus::Fits;
  cells.push_back(simulated ? Cell(to_seconds(row.iteration_time).count()) : Cell());
  cells.push_back(simulated ? Cell(row.mfu) : Cell());
  cells.push_back(simulated ? Cell(samples_per_s(row)) : Cell());
  cells.emplace_back(std::int64_t{std::llround(row.peak.value())});
  cells.emplace_back(std::int64_t{std::llround(row.capacity.value())});
  cells.emplace_back(std::int64_t{row.gpus});
  cells.emplace_back(row.gpu);
  cells.emplace_back(row.global_batch);
}

void add_plan(const Result::Plan& plan, std::vector<Cell>& cells) {
  for (Cell cell : std::vector<Cell>{std::int64_t{plan.tensor}, std::int64_t{plan.sequence ? 1 : 0}, std::int64_t{plan.pipeline},
                                     std::int64_t{plan.virtual_stages}, plan.schedule, std::int64_t{plan.data},
                                     std::int64_t{plan.zero}, std::int64_t{plan.shard_group}, std::int64_t{plan.context},
                                     plan.context_exchange, plan.recompute, plan.micro_batch, plan.micro_batches})
    cells.push_back(std::move(cell));
}

}  // namespace

SweepExport::SweepExport(std::ostream& out, ExportFormat format, const SweepSpace& space)
    : out_(out), format_(format), space_(space), grid_{columns_of(space), {}} {
  if (format_ == ExportFormat::Csv) write_csv(out_, grid_);
}

void SweepExport::add(const SweepRow& row) {
  const RankedRow all = ranked(space_, row);
  std::vector<Cell> cells{row.index, to_string(row.status), row.reason.empty() ? Cell() : Cell(row.reason)};
  for (const std::string& value : all.values) cells.emplace_back(value);
  if (row.status != RowStatus::Invalid) {
    add_results(all, cells);
    add_plan(row.plan, cells);
    cells.push_back(all.cost && row.status == RowStatus::Fits ? Cell(*all.cost) : Cell());
  }
  cells.resize(grid_.columns.size());
  grid_.rows.clear();
  grid_.rows.push_back(std::move(cells));
  switch (format_) {
    case ExportFormat::Csv:
      return write_csv_rows(out_, grid_);
    case ExportFormat::JsonLines:
      return write_json_lines(out_, grid_);
  }
}

}  // namespace mfusim
