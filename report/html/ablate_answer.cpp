// SPDX-License-Identifier: Apache-2.0
#include "report/ablation.hpp"
#include "report/format.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/study_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim::html {
namespace {

constexpr const char* ablation_source = "simulation of the scenario with each step on top of those before it";

std::vector<ColumnNote> step_notes() {
  return {{"iteration_time_s", "s", "Simulated time of one training step."},
          {"mfu", "share", "Model FLOPs utilisation, against the data-sheet peak."},
          {"published_mfu", "share", "What the source of the step reports."},
          {"error_points", "", "Predicted - published MFU, in points of MFU."},
          {"gain_points", "", "MFU against the row before, in points."},
          {"published_gain_points", "", "The same of the published figures."},
          {"share_percent", "%", "Share of the gain of all steps."},
          {"published_share_percent", "%", "The same of the published figures."},
          {"moved", "", "What changed most on the critical rank."}};
}

Cards cards_of(const AblationReport& report) {
  const Result& first = report.rows.front().result;
  const Result& last = report.rows.back().result;
  return {{"mfu", last.mfu, "share", "before: " + show_percent(first.mfu), meaning_of("mfu")},
          {"samples_per_s", last.samples_per_s, "samples/s", fmt::format("before: {:.4g}", first.samples_per_s),
           meaning_of("samples_per_s")}};
}

std::vector<std::string> warnings_of(const AblationReport& report) {
  std::vector<std::string> lines;
  for (const AblationRow& row : report.rows) {
    if (!row.result.memory.fits) lines.push_back(row.name + ": does not fit into a GPU's memory");
  }
  for (const std::string& reason : report.left_out) lines.push_back("left out: " + reason);
  return lines;
}

}  // namespace

Page ablate_page(const AblationReport& report) {
  const Result& first = report.rows.front().result;
  const auto published = [](const AblationRow& row) { return row.published && row.published->mfu; };
  AblateStudy study;
  study.head = {
      .title = report.scenario + ": one technique after another",
      .answer = ablation_sentence(report),
      .subtitle = {{"model", first.model}, {"GPUs", fmt::format("{} x {}", first.gpus, first.gpu)}, {"software", first.stack}},
      .cards = cards_of(report),
      .warnings = warnings_of(report),
      .version = first.version};
  study.table = {.key = "ablation_table",
                 .title = "Techniques",
                 .caption = {},
                 .grid = without_units(ablation_grid(report)),
                 .notes = step_notes(),
                 .source = ablation_source};
  study.label_columns = {"step"};
  study.axis = {.title = "MFU", .unit = "share"};
  study.predicted_column = "mfu";
  if (std::any_of(report.rows.begin(), report.rows.end(), published)) study.published_column = "published_mfu";
  return ablate_page(study);
}

}  // namespace mfusim::html
