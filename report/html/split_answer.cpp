// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"
#include "report/split.hpp"

#include <fmt/format.h>

namespace mfusim::html {
namespace {

constexpr const char* split_source = "simulation of each placement and split";

std::vector<ColumnNote> point_notes() {
  return {{"plan", "", "Tensor group and recomputation, of the vision and of the text tower."},
          {"step_time_s", "s", "Simulated time of one training step."},
          {"mfu", "share", "Model FLOPs utilisation, against the data-sheet peak."},
          {"vision_idle", "share", "Share of the step in which the vision tower's GPUs do nothing."},
          {"text_idle", "share", "Share of the step in which the text tower's GPUs do nothing."},
          {"integer_loss", "share", "What whole GPUs cost against the exact proportion of the towers' FLOPs."},
          {"headroom_gb", "GB", "Memory left on the fullest GPU; negative: it does not fit."},
          {"colocated_s", "s", "Step time of both towers on every GPU."}};
}

Table table_of(const char* key, const char* title, Grid grid) {
  return {.key = key,
          .title = title,
          .caption = {},
          .grid = without_units(std::move(grid)),
          .notes = point_notes(),
          .source = split_source};
}

/// The splits with the baseline of every one beside them: a level line of the chart.
Grid curve_of(const SplitReport& report) {
  Grid grid = split_curve_grid(report);
  grid.columns.push_back({"colocated_s", "colocated s"});
  for (std::vector<Cell>& row : grid.rows) row.emplace_back(report.colocated.step_time.count());
  return grid;
}

Card card(const char* key, double value, const char* unit, std::string note, const char* label, const char* definition) {
  return {.key = key,
          .value = value,
          .unit = unit,
          .note = std::move(note),
          .meaning = {.label = label, .definition = definition, .source = split_source}};
}

Cards cards_of(const SplitReport& report) {
  const SplitPoint& best = report.best_disjoint;
  return {card("colocated_s", report.colocated.step_time.count(), "s", "both towers on every GPU", "colocated",
               "Step time where every GPU runs one tower after the other: the baseline."),
          card("best_disjoint_s", best.step_time.count(), "s",
               fmt::format("{} GPUs for vision, {} for text", best.vision_gpus, best.text_gpus), "best split",
               "Step time of the fastest split of the GPUs among all that were simulated."),
          card("work_ratio", report.work_ratio, "", fmt::format("exactly {:.3g} GPUs for text", report.ideal_text_gpus),
               "vision : text", "FLOPs of the vision tower over those of the text tower.")};
}

Section others_section(const SplitReport& report) {
  Section section{.key = "others", .title = "Other inputs, other numbers of GPUs", .lead = {}, .blocks = {}};
  Table sensitivity = table_of("sensitivity_table", "Other inputs", split_sensitivity_grid(report));
  sensitivity.notes.push_back({"kept_split_s", "s", "Step time where the scenario's best split is kept."});
  section.blocks.emplace_back(std::move(sensitivity));
  if (report.scales.empty()) return section;
  Table scales = table_of("scales_table", "Other numbers of GPUs, the same samples a GPU", split_scales_grid(report));
  scales.notes.push_back({"disjoint_s", "s", "Step time of the best split there."});
  section.blocks.emplace_back(std::move(scales));
  return section;
}

Section workload_section(const WorkloadReport& workload) {
  Grid grid{{{"policy", "policy"},
             {"total_h", "whole run"},
             {"reallocation_s", "of it reallocation"},
             {"reallocations", "reallocations"}},
            {}};
  for (const PolicyTime& one : workload.policies)
    grid.rows.push_back({one.policy, one.total.count() / 3600, one.reallocation.count(), std::int64_t{one.reallocations}});
  Table policies = table_of("workload_table", "The whole run by policy", std::move(grid));
  policies.notes = {{"total_h", "h", "Time of all iterations of the workload."},
                    {"reallocation_s", "s", "What moving GPUs between the towers takes of it."},
                    {"reallocations", "", "How often GPUs change their tower."}};
  return {.key = "workload", .title = "The changing workload", .lead = workload.answer, .blocks = {std::move(policies)}};
}

}  // namespace

Page split_page(const SplitReport& report, const WorkloadReport& workload, const std::string& version) {
  SplitStudy study;
  study.head = {.title = report.model + ": GPUs for two towers",
                .answer = report.recommendation,
                .subtitle = {{"scenario", report.scenario},
                             {"GPUs", fmt::format("{} x {}", report.gpus, report.gpu)},
                             {"batch", show_count(report.global_batch)},
                             {"splits simulated", fmt::format("{} of {}", report.curve.size(), report.admissible)}},
                .cards = cards_of(report),
                .warnings = {},
                .version = version};
  study.curve = table_of("curve_table", "Splits", curve_of(report));
  study.policies = {{"step_time_s", "split", "predicted"}, {"colocated_s", "colocated", "best"}};
  study.policy_table = table_of("placements_table", "The best of each placement", split_placements_grid(report));
  Page page = split_page(study);
  page.sections.insert(page.sections.end() - 1, others_section(report));
  if (!workload.phases.empty()) page.sections.insert(page.sections.end() - 1, workload_section(workload));
  return page;
}

}  // namespace mfusim::html
