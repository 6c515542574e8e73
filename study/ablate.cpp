// SPDX-License-Identifier: Apache-2.0
#include "study/ablate.hpp"

#include "base/document.hpp"
#include "study/predict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

/// A read question and the text behind the parts of it that only the text can tell apart.
struct Question {
  Scenario scenario;
  std::string rest;
};

bool same_question(const Question& a, const Question& b) {
  return a.scenario.techniques == b.scenario.techniques && a.scenario.stack == b.scenario.stack &&
         a.scenario.training == b.scenario.training && a.scenario.parallel == b.scenario.parallel &&
         a.scenario.data == b.scenario.data && a.rest == b.rest;
}

Question read_question(const ScenarioDocument& document) {
  Question question{read_scenario(document.root, document.folder, document.name), {}};
  for (const char* key : {"model", "cluster", "towers", "variation"}) {
    if (const Node* node = document.root.find(key)) question.rest += fmt::format("{}: {}", key, to_yaml(*node));
  }
  return question;
}

[[noreturn]] void fail_step(const AblationStep& step, const std::string& rule) {
  const std::string key = fmt::format("ablation step '{}'", shown(step.name));
  if (step.where.file == nullptr) throw InputError(fmt::format("{}: {}", key, rule));
  throw InputError(step.where, key, rule);
}

Result predicted(const AblationStep& step, const Scenario& scenario) {
  try {
    return predict(scenario);
  } catch (const InputError& error) {
    fail_step(step, error.what());
  }
}

/// The document with the step's settings in it, read and found to differ from what stood before.
Question stepped(ScenarioDocument& document, const AblationStep& step, const Question& before) {
  try {
    for (const auto& [key, value] : step.settings) set_value(document.root, key, value);
    Question question = read_question(document);
    if (!same_question(question, before)) return question;
  } catch (const InputError& error) {
    fail_step(step, fmt::format("cannot be combined with what stands: {}", error.what()));
  }
  fail_step(step, "changes nothing: what it sets stands so already");
}

/// Published seconds from a published MFU are no measurement of their own: each is compared where it is given.
void compare(AblationRow& row) {
  if (!row.published) return;
  if (row.published->mfu) row.error_points = 100 * (row.result.mfu - *row.published->mfu);
  if (row.published->iteration_time)
    row.time_error_percent = 100 * (row.result.iteration_time / *row.published->iteration_time - 1);
}

std::optional<double> published_mfu(const AblationRow& row) {
  return row.published ? row.published->mfu : std::nullopt;
}

/// Gains against the row before, and their shares of the whole gain.
void add_gains(std::vector<AblationRow>& rows) {
  const double whole = 100 * (rows.back().result.mfu - rows.front().result.mfu);
  const std::optional<double> first = published_mfu(rows.front());
  const std::optional<double> last = published_mfu(rows.back());
  for (std::size_t i = 1; i < rows.size(); ++i) {
    AblationRow& row = rows[i];
    row.gain_points = 100 * (row.result.mfu - rows[i - 1].result.mfu);
    if (whole != 0) row.share = row.gain_points / whole;
    const std::optional<double> before = published_mfu(rows[i - 1]);
    const std::optional<double> after = published_mfu(row);
    if (!before || !after) continue;
    row.published_gain_points = 100 * (*after - *before);
    if (first && last && *first != *last) row.published_share = (*after - *before) / (*last - *first);
  }
}

std::vector<std::string> words_of(const Settings& settings) {
  std::vector<std::string> words;
  words.reserve(settings.size());
  for (const auto& [key, value] : settings) words.push_back(fmt::format("{}: {}", key, value));
  return words;
}

}  // namespace

std::vector<MovedPart> moved_parts(const Result& before, const Result& after) {
  const double samples_before = before.samples_per_s * before.iteration_time.count();
  const double samples_after = after.samples_per_s * after.iteration_time.count();
  std::vector<MovedPart> parts;
  double all = 0;
  for (std::size_t i = 0; i < after.breakdown.size(); ++i) {
    const auto& [name, time] = after.breakdown[i];
    parts.push_back({name, before.breakdown[i].second * (samples_after / samples_before), time});
    all += std::abs((parts.back().after - parts.back().before).count());
  }
  const auto change = [](const MovedPart& part) { return std::abs((part.after - part.before).count()); };
  std::stable_sort(parts.begin(), parts.end(), [&](const MovedPart& a, const MovedPart& b) { return change(a) > change(b); });
  constexpr double told_enough = 0.9;
  constexpr double worth_telling = 0.05;
  double told = 0;
  std::size_t kept = 0;
  while (kept < parts.size() && told < told_enough * all && change(parts[kept]) >= worth_telling * all)
    told += change(parts[kept++]);
  parts.resize(kept);
  return parts;
}

AblationReport ablate(const Ablation& ablation) {
  ScenarioDocument document = ablation.baseline;
  Question question = read_question(document);
  AblationReport report{.scenario = document.name, .rows = {}, .left_out = ablation.left_out};
  AblationRow baseline;
  baseline.name = ablation.baseline_name;
  baseline.result = predict(question.scenario);
  baseline.published = ablation.baseline_published;
  compare(baseline);
  report.rows.push_back(std::move(baseline));
  for (const AblationStep& step : ablation.steps) {
    question = stepped(document, step, question);
    AblationRow row;
    row.name = step.name;
    row.changes = words_of(step.settings);
    row.result = predicted(step, question.scenario);
    row.published = step.published;
    row.moved = moved_parts(report.rows.back().result, row.result);
    compare(row);
    report.rows.push_back(std::move(row));
  }
  add_gains(report.rows);
  return report;
}

}  // namespace mfusim
