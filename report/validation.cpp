// SPDX-License-Identifier: Apache-2.0
#include "report/validation.hpp"

#include "report/format.hpp"
#include "report/terminal_style.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

Cell seconds(const std::optional<Seconds>& time) {
  return time ? Cell(time->count()) : Cell();
}

Cell percent(const std::optional<double>& value) {
  return value ? Cell(*value) : Cell();
}

std::optional<double> mean_of(const std::optional<ErrorSummary>& summary) {
  return summary ? std::optional(summary->mean_absolute) : std::nullopt;
}

Grid families_grid(const ValidationReport& report) {
  Grid grid{{{"family", "family"},
             {"split", "split"},
             {"cases", "cases"},
             {"failed", "failed"},
             {"mean", "time %", 3},
             {"worst", "worst", 3},
             {"bias", "bias", 3},
             {"tau", "tau", 2},
             {"mfu", "MFU points", 2},
             {"memory", "memory %", 2},
             {"too_large", "too large"}},
            {}};
  for (const FamilySummary& family : report.families) {
    const std::optional<ErrorSummary>& time = family.time_percent;
    grid.rows.push_back({family.family, family.split, std::int64_t{family.cases}, std::int64_t{family.failed},
                         percent(mean_of(time)), percent(time ? std::optional(time->worst_absolute) : std::nullopt),
                         percent(time ? std::optional(time->bias) : std::nullopt), percent(family.tau),
                         percent(mean_of(family.mfu_points)), percent(mean_of(family.memory_percent)),
                         std::int64_t{family.too_large}});
  }
  return grid;
}

void write_splits(std::ostream& out, const ValidationReport& report) {
  for (const SplitSummary& split : report.splits) {
    out << fmt::format("\n{}: {} cases in {} families, {} failed\n", split.split, split.cases, split.families, split.failed);
    if (split.families == 0) continue;
    out << fmt::format(
        "  step time, each family counted once: mean absolute error {:.1f} %, bias {:+.1f} %, worst family {} ({:.1f} %)\n",
        split.mean_absolute_percent, split.bias_percent, split.worst_family, split.worst_family_percent);
    if (split.tau) out << fmt::format("  Kendall's tau within a family: {:.2f}\n", *split.tau);
    if (split.mfu_points) out << fmt::format("  MFU: mean absolute error {:.1f} points\n", *split.mfu_points);
    if (split.range_coverage)
      out << fmt::format("  inside the range made without their own family: {:.0f} % of the rows\n", 100 * *split.range_coverage);
    if (split.memory_percent) out << fmt::format("  memory: mean absolute error {:.1f} %\n", *split.memory_percent);
  }
}

void write_worst(std::ostream& out, const ValidationReport& report) {
  constexpr std::size_t shown_rows = 10;
  std::vector<const ValidationRow*> rows;
  for (const ValidationRow& row : report.rows) {
    if (time_error_percent(row)) rows.push_back(&row);
  }
  std::stable_sort(rows.begin(), rows.end(), [](const ValidationRow* a, const ValidationRow* b) {
    return std::abs(*time_error_percent(*a)) > std::abs(*time_error_percent(*b));
  });
  if (rows.size() > shown_rows) rows.resize(shown_rows);
  Grid grid{{{"id", "worst rows"}, {"predicted", "predicted s"}, {"measured", "measured s"}, {"error", "error %", 3}}, {}};
  for (const ValidationRow* row : rows) {
    grid.rows.push_back({row->id, seconds(row->predicted_time), seconds(row->measured_time), percent(time_error_percent(*row))});
  }
  out << '\n';
  write_table(out, grid);
}

/// The only run of a report: where its figures stand, and what was taken for what they leave open.
void write_one(std::ostream& out, const ValidationRow& row) {
  out << printable(row.id) << ", of " << printable(row.file) << "\n\n";
  const auto compared = [&](const char* name, const std::string& predicted, const std::string& measured, std::string error) {
    out << fmt::format("  {:<10} predicted {:>10}   measured {:>10}   {}\n", name, predicted, measured, error);
  };
  if (const auto error = time_error_percent(row))
    compared("step time", show_time(*row.predicted_time), show_time(*row.measured_time), fmt::format("{:+.1f} %", *error));
  if (const auto error = mfu_error_points(row))
    compared("MFU", show_percent(*row.predicted_mfu), show_percent(*row.measured_mfu), fmt::format("{:+.1f} points", *error));
  if (const auto error = hfu_error_points(row))
    compared("HFU", show_percent(*row.predicted_hfu), show_percent(*row.measured_hfu), fmt::format("{:+.1f} points", *error));
  if (const auto error = memory_error_percent(row))
    compared("memory", show_bytes(*row.predicted_memory), show_bytes(*row.measured_memory), fmt::format("{:+.1f} %", *error));
  out << '\n';
  const auto told = [&](const char* what, const std::string& words) {
    if (!words.empty()) write_wrapped(out, printable(fmt::format("{}: {}", what, words)), 2);
  };
  told("source", row.source);
  told("split", row.split + (row.tier.empty() ? "" : ", tier " + row.tier));
  told("the source does not say", row.unstated);
  told("assumed", row.assumed);
  told("did not run", row.failure);
}

/// Adds what there is; what was not measured has no key.
void add(json& object, const char* key, const std::optional<double>& value) {
  if (value) object[key] = *value;
}
void add(json& object, const char* key, const std::optional<Seconds>& value) {
  if (value) object[key] = value->count();
}
void add(json& object, const char* key, const std::optional<Bytes>& value) {
  if (value) object[key] = std::llround(value->value());
}
void add(json& object, const char* key, const std::optional<ErrorSummary>& value) {
  if (!value) return;
  object[key] = {{"rows", value->rows},
                 {"mean_absolute", value->mean_absolute},
                 {"worst_absolute", value->worst_absolute},
                 {"bias", value->bias}};
}

json run_kind_json(const RunKind& kind) {
  return {{"objective", kind.objective}, {"generation", kind.generation}, {"reach", kind.reach}, {"plan", kind.plan}};
}

json row_json(const ValidationRow& row) {
  json object{{"id", row.id}, {"file", row.file}, {"family", row.family}, {"split", row.split}};
  if (!row.tier.empty()) object["tier"] = row.tier;
  add(object, "predicted", row.predicted_time);
  add(object, "measured", row.measured_time);
  add(object, "error_percent", time_error_percent(row));
  add(object, "predicted_mfu", row.predicted_mfu);
  add(object, "measured_mfu", row.measured_mfu);
  add(object, "mfu_error_points", mfu_error_points(row));
  add(object, "predicted_hfu", row.predicted_hfu);
  add(object, "measured_hfu", row.measured_hfu);
  add(object, "hfu_error_points", hfu_error_points(row));
  add(object, "predicted_memory_bytes", row.predicted_memory);
  add(object, "measured_memory_bytes", row.measured_memory);
  add(object, "memory_error_percent", memory_error_percent(row));
  if (row.predicted_memory) object["fits"] = row.fits;
  if (!row.kind.objective.empty()) object["situation"] = run_kind_json(row.kind);
  if (row.inside_range) object["inside_range"] = *row.inside_range;
  if (!row.source.empty()) object["source"] = row.source;
  if (!row.unstated.empty()) object["unstated"] = row.unstated;
  if (!row.assumed.empty()) object["assumed"] = row.assumed;
  if (!row.failure.empty()) object["failure"] = row.failure;
  return object;
}

json family_json(const FamilySummary& family) {
  json object{{"family", family.family},
              {"split", family.split},
              {"cases", family.cases},
              {"failed", family.failed},
              {"too_large", family.too_large}};
  add(object, "time_error_percent", family.time_percent);
  add(object, "kendall_tau", family.tau);
  add(object, "mfu_error_points", family.mfu_points);
  add(object, "hfu_error_points", family.hfu_points);
  add(object, "memory_error_percent", family.memory_percent);
  return object;
}

json split_json(const SplitSummary& split) {
  json object{{"split", split.split}, {"families", split.families}, {"cases", split.cases}, {"failed", split.failed}};
  if (split.families > 0) {
    object["mean_absolute_percent"] = split.mean_absolute_percent;
    object["bias_percent"] = split.bias_percent;
    object["worst_family"] = split.worst_family;
    object["worst_family_percent"] = split.worst_family_percent;
  }
  add(object, "kendall_tau", split.tau);
  add(object, "mfu_points", split.mfu_points);
  add(object, "memory_percent", split.memory_percent);
  add(object, "range_coverage", split.range_coverage);
  return object;
}

}  // namespace

void write_table(std::ostream& out, const ValidationReport& report) {
  if (report.rows.size() == 1) return write_one(out, report.rows.front());
  write_table(out, families_grid(report));
  write_wrapped(out, "time, MFU, memory: mean absolute errors; bias: mean error; too large: memory predicted above the GPU's");
  write_splits(out, report);
  write_worst(out, report);
  for (const ValidationRow& row : report.rows) {
    if (!row.failure.empty()) write_wrapped(out, printable(fmt::format("{} did not run: {}", row.id, row.failure)), 2);
  }
}

void write_json(std::ostream& out, const ValidationReport& report) {
  json rows = json::array();
  json families = json::array();
  json splits = json::array();
  for (const ValidationRow& row : report.rows) rows.push_back(row_json(row));
  for (const FamilySummary& family : report.families) families.push_back(family_json(family));
  for (const SplitSummary& split : report.splits) splits.push_back(split_json(split));
  const json document{{"units", {{"predicted", "s"}, {"measured", "s"}}},
                      {"rows", std::move(rows)},
                      {"families", std::move(families)},
                      {"splits", std::move(splits)}};
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

Grid validation_grid(const ValidationReport& report) {
  Grid grid{{{"id", "id"},
             {"family", "family"},
             {"split", "split"},
             {"tier", "tier"},
             {"predicted_s", "predicted s"},
             {"measured_s", "measured s"},
             {"error_percent", "error %", 3},
             {"predicted_mfu", "MFU"},
             {"measured_mfu", "measured MFU"},
             {"predicted_hfu", "HFU"},
             {"measured_hfu", "measured HFU"},
             {"predicted_memory_bytes", "memory B"},
             {"measured_memory_bytes", "measured memory B"},
             {"failure", "failure"},
             {"source", "source"},
             {"unstated", "unstated"},
             {"assumed", "assumed"}},
            {}};
  const auto bytes = [](const std::optional<Bytes>& value) {
    return value ? Cell(std::int64_t{std::llround(value->value())}) : Cell();
  };
  for (const ValidationRow& row : report.rows) {
    grid.rows.push_back({row.id, row.family, row.split, row.tier, seconds(row.predicted_time), seconds(row.measured_time),
                         percent(time_error_percent(row)), percent(row.predicted_mfu), percent(row.measured_mfu),
                         percent(row.predicted_hfu), percent(row.measured_hfu), bytes(row.predicted_memory),
                         bytes(row.measured_memory), row.failure, row.source, row.unstated, row.assumed});
  }
  return grid;
}

}  // namespace mfusim
