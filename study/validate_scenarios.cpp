// SPDX-License-Identifier: Apache-2.0
#include "study/validate_scenarios.hpp"

#include "base/count.hpp"
#include "sim/build_step.hpp"
#include "sim/evaluate.hpp"
#include "sim/residuals.hpp"
#include "sim/step_flops.hpp"
#include "study/published_measurement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

namespace mfusim {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const fs::path extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".yml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_measured(const CaseDocument& document) {
  return document.document.find("measured") != nullptr;
}

void add_cases(std::vector<CaseDocument>& cases, const fs::path& file, bool must_be_measured) {
  for (CaseDocument& document : read_case_file(file)) {
    if (is_measured(document)) {
      cases.push_back(std::move(document));
    } else if (must_be_measured || document.is_case) {
      throw InputError(document.where, document.is_case ? "cases." + document.id + ".measured" : "measured",
                       "missing: nothing to hold the prediction against");
    }
  }
}

Bytes figure_of(const Evaluation& evaluation, MemoryFigure figure) {
  switch (figure) {
    case MemoryFigure::Allocated:
      return evaluation.allocated_memory;
    case MemoryFigure::Reserved:
      return evaluation.reserved_memory;
    case MemoryFigure::Device:
      return evaluation.peak_memory;
  }
  throw std::logic_error("unhandled MemoryFigure");
}

/// HFU, as Result::hfu.
double hardware_utilisation(const Scenario& scenario, const Evaluation& evaluation) {
  const Flops repeated = repeated_flops(scenario, micro_batch_work(scenario));
  return utilisation(scenario, evaluation.model_flops + repeated, evaluation.iteration_time);
}

/// Fills what was measured, then what is predicted.
void run_case(ValidationRow& row, const CaseDocument& document, const Settings& settings) {
  const Scenario scenario = read_case(document, settings);
  const PublishedMeasurement measured = read_published_measurement(document, scenario);
  row.family = measured.family;
  row.split = measured.split;
  row.tier = measured.tier;
  row.source = measured.source;
  row.unstated = measured.unstated;
  row.assumed = measured.assumed;
  row.measured_time = measured.iteration_time;
  row.measured_mfu = measured.mfu;
  row.measured_hfu = measured.hfu;
  row.measured_memory = measured.memory;
  const Evaluation predicted = evaluate(scenario);
  row.predicted_time = predicted.iteration_time;
  row.predicted_mfu = predicted.mfu;
  row.predicted_memory = figure_of(predicted, measured.memory_figure);
  row.fits = predicted.fits();
  if (row.measured_hfu) row.predicted_hfu = hardware_utilisation(scenario, predicted);
  row.kind = run_kind_of(scenario);
  if (!row.measured_time) return;
  const ResidualRange range = shipped_residuals().range_without(row.kind, row.family);
  const double ratio = *row.measured_time / predicted.iteration_time;
  row.inside_range = range.low <= ratio && ratio <= range.high;
}

/// A row that fails before its measurement is read still belongs to a family.
std::string word_at(const CaseDocument& document, std::string_view key, const std::string& fallback) {
  const Node* measured = document.document.find("measured");
  const Node* value = measured != nullptr && measured->kind == Node::Kind::Mapping ? measured->find(key) : nullptr;
  return value != nullptr && value->kind == Node::Kind::Scalar ? value->text : fallback;
}

}  // namespace

std::vector<CaseDocument> find_measured_cases(const std::vector<fs::path>& paths) {
  std::vector<CaseDocument> cases;
  for (const fs::path& path : paths) {
    if (fs::is_directory(path)) {
      for (const fs::path& file : yaml_files(path)) add_cases(cases, file, false);
    } else {
      add_cases(cases, path, true);
    }
  }
  if (cases.empty()) throw InputError("validate: no scenario with a measured block in what was named");
  return cases;
}

ValidationRow validate_case(const CaseDocument& document, const Settings& settings) {
  ValidationRow row;
  row.id = document.id;
  row.file = document.file.string();
  row.family = word_at(document, "family", document.file.stem().string());
  row.split = word_at(document, "split", "none");
  try {
    run_case(row, document, settings);
  } catch (const InputError& error) {
    row.failure = error.what();
  } catch (const CountOverflow& error) {
    row.failure = fmt::format("the numbers of this model are too large: {}", error.what());
  }
  return row;
}

ValidationReport validate_cases(const std::vector<CaseDocument>& cases, const Settings& settings,
                                const std::function<void(std::size_t)>& progress) {
  std::vector<ValidationRow> rows(cases.size());
  std::atomic<std::size_t> next = 0;
  std::size_t done = 0;
  std::mutex told;
  const auto work = [&] {
    for (std::size_t i = next++; i < cases.size(); i = next++) {
      rows[i] = validate_case(cases[i], settings);
      const std::scoped_lock lock(told);
      ++done;
      if (progress) progress(done);
    }
  };
  const std::size_t workers = std::min<std::size_t>(cases.size(), std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::future<void>> running;
  for (std::size_t i = 0; i < workers; ++i) running.push_back(std::async(std::launch::async, work));
  for (std::future<void>& worker : running) worker.get();  // throws what a worker threw
  return summarize_rows(std::move(rows));
}

}  // namespace mfusim
