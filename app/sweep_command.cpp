// SPDX-License-Identifier: Apache-2.0
#include "app/commands.hpp"
#include "app/progress_line.hpp"
#include "app/scenario_argument.hpp"
#include "base/input_error.hpp"
#include "base/number.hpp"
#include "report/atomic_file.hpp"
#include "report/html/study_answers.hpp"
#include "report/html/write_page.hpp"
#include "report/sweep.hpp"
#include "report/sweep_export.hpp"
#include "sim/scenario_document.hpp"
#include "study/explain_best.hpp"
#include "study/row_filter.hpp"
#include "study/sweep_mpi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>

namespace mfusim::app {
namespace {

struct SweepCommand {
  CommonOptions common;
  std::string scenario;
  std::string report;
  std::string store;
  bool resume = false;
  bool exhaustive = false;
  std::vector<std::string> merge;
  std::string write_best;
  bool launch = false;
  std::string export_file;
  std::string shard;
  std::string where;
  std::optional<std::int64_t> jobs;
  std::int64_t top = 10;
  std::optional<std::int64_t> limit;
};

/// "2/8": the second of eight.
Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::optional<std::int64_t> number = parse_integer(text.substr(0, slash));
  const std::optional<std::int64_t> of = parse_integer(std::string_view(text).substr(std::min(slash + 1, text.size())));
  constexpr std::int64_t most = 100'000;
  if (!number || !of || *number < 1 || *number > *of || *of > most)
    throw InputError(fmt::format("--shard: expected I/N with 1 <= I <= N, as 3/8, got '{}'", shown(text)));
  return {*number, *of};
}

std::int64_t at_least_one(const char* option, std::int64_t value) {
  if (value < 1) throw InputError(fmt::format("{}: expected a positive integer, got '{}'", option, value));
  return value;
}

/// A chart needs more rows than a table that people read; each makes pruning weaker.
constexpr std::size_t rows_of_a_page = 1000;

SweepOptions sweep_options(const SweepCommand& command) {
  SweepOptions options;
  const auto processors = static_cast<std::int64_t>(std::max(1U, std::thread::hardware_concurrency()));
  constexpr std::int64_t most_jobs = 1024;
  options.jobs = static_cast<int>(std::min(command.jobs ? at_least_one("--jobs", *command.jobs) : processors, most_jobs));
  options.top = static_cast<std::size_t>(at_least_one("--top", command.top));
  if (!command.report.empty()) options.top = std::max(options.top, rows_of_a_page);
  if (command.limit) options.extent.limit = at_least_one("--limit", *command.limit);
  options.extent.shard = parse_shard(command.shard);
  options.where = command.where;
  // a store keeps a result for every configuration: later questions may ask for others than the best of this one
  options.pruning = command.store.empty() && !command.exhaustive ? Pruning::On : Pruning::Off;
  return options;
}

ExportFormat export_format(const std::string& file) {
  if (file.ends_with(".csv")) return ExportFormat::Csv;
  if (file.ends_with(".jsonl")) return ExportFormat::JsonLines;
  throw InputError(fmt::format("--export: expected a name that ends in .csv or .jsonl, got '{}'", shown(file)));
}

void check_combination(const SweepCommand& command) {
  if (!command.export_file.empty()) static_cast<void>(export_format(command.export_file));
  if (command.store.empty() && !command.export_file.empty())
    throw InputError("--export: needs --store FILE, which keeps the rows");
  if (command.launch && command.common.format == Format::Csv)
    throw InputError("--launch: has no place in CSV: use --format table or json");
  if (command.store.empty() && command.resume) throw InputError("--resume: needs --store FILE, the store to go on with");
  if (command.store.empty() && !command.merge.empty())
    throw InputError("--merge: needs --store FILE, the store that takes the others in");
  if (command.store.empty() && !command.shard.empty()) throw InputError("--shard: needs --store FILE, which keeps the part");
}

std::unique_ptr<SweepStore> open_store(const SweepCommand& command, const SweepSpace& space) {
  if (command.store.empty()) return nullptr;
  // a full quota raises a signal whose default is to end the process; ignored, the write fails and the store says so
  std::signal(SIGXFSZ, SIG_IGN);
  for (const std::string& other : command.merge) SweepStore::check_mergeable(other);
  auto store =
      std::make_unique<SweepStore>(command.store, space, command.resume ? SweepStore::Opening::Resume : SweepStore::Opening::New);
  for (const std::string& other : command.merge) store->merge(other);
  return store;
}

void write_best(const SweepCommand& command, const SweepSpace& space, const SweepAnswer& answer) {
  if (command.write_best.empty()) return;
  if (answer.best.empty()) throw InputError("--write-best: no configuration fits");
  const SweepRow& best = answer.best.front().row;
  write_file(command.write_best, [&](std::ostream& out) {
    out << fmt::format("# Configuration {} of {}, the best by {}: {:.6g} s a step, MFU {:.4f}.\n", best.index, space.name,
                       to_string(space.objective), to_seconds(best.iteration_time).count(), best.mfu);
    out << to_yaml(configuration_document(space, best.index));
  });
}

/// All rows of the store that meet --where.
void export_rows(const SweepCommand& command, const SweepSpace& space, const SweepStore* store) {
  if (command.export_file.empty() || store == nullptr) return;
  std::optional<RowFilter> filter;
  if (!command.where.empty()) filter.emplace(space, command.where);
  write_file(command.export_file, [&](std::ostream& out) {
    SweepExport rows(out, export_format(command.export_file), space);
    store->for_each_row([&](const SweepRow& row) {
      if (!filter || filter->keeps(row)) rows.add(row);
    });
  });
}

void deliver_sweep(const SweepCommand& command, const SweepSpace& space, const SweepAnswer& answer) {
  write_best(command, space, answer);
  switch (command.common.format) {
    case Format::Table:
      return deliver(command.common, [&](std::ostream& out) { write_table(out, answer); });
    case Format::Json:
      return deliver(command.common, [&](std::ostream& out) { write_json(out, answer); });
    case Format::Csv:
      return deliver(command.common, sweep_grid(answer));
  }
}

/// A page draws step time against memory, so its sweep keeps the front of the two where the scenario asks for none.
void keep_front_of_page(const SweepCommand& command, SweepSpace& space) {
  if (!command.report.empty() && space.front.empty()) space.front = {Objective::StepTime, Objective::MemoryHeadroom};
}

/// Writes the page, and gives the answer without what only the page needs.
SweepAnswer write_report(const SweepCommand& command, const std::vector<Objective>& asked_front, SweepAnswer answer) {
  if (command.report.empty()) return answer;
  write_file(command.report, [&](std::ostream& out) { html::write_page(out, html::sweep_page(answer)); });
  answer.best.resize(std::min(answer.best.size(), static_cast<std::size_t>(command.top)));
  answer.front_objectives = asked_front;
  if (asked_front.empty()) answer.front.clear();
  if (!command.launch) {
    answer.launch.clear();
    answer.no_launch.clear();
  }
  return answer;
}

void sweep_on(const MpiJob& job, const SweepCommand& command) {
  check_scenario_argument(command.scenario);
  check_combination(command);
  if (!command.report.empty()) html::check_charts();
  if (job.rank() == 0)
    check_files({command.report, command.write_best, command.export_file, command.common.output}, {command.scenario});
  const SweepOptions options = sweep_options(command);
  const Node document = load_scenario_document(command.scenario, parse_settings(command.common.sets)).root;
  SweepSpace space = read_sweep_space(document, command.scenario, command.limit ? Limited::Yes : Limited::No);
  const std::vector<Objective> asked_front = space.front;
  keep_front_of_page(command, space);
  const std::unique_ptr<SweepStore> store = job.rank() == 0 ? open_store(command, space) : nullptr;
  std::optional<SweepAnswer> answer =
      run_sweep(job, space, options, store.get(), progress_line(command.common, "configurations"));
  if (!answer) return;
  explain_best(space, command.launch || !command.report.empty() ? Launch::Yes : Launch::No, *answer);
  export_rows(command, space, store.get());
  deliver_sweep(command, space, write_report(command, asked_front, *answer));
}

void sweep(const SweepCommand& command) {
  const MpiJob job;
  if (job.ranks() == 1) return sweep_on(job, command);
  try {
    sweep_on(job, command);
  } catch (const InputError& error) {
    std::cerr << error.what() << '\n' << std::flush;
    constexpr int wrong_input = 2;
    MpiJob::abort(wrong_input);
  }
}

}  // namespace

void add_sweep_command(CLI::App& app) {
  const auto options = std::make_shared<SweepCommand>();
  CLI::App* command =
      app.add_subcommand("sweep", "The best configurations of a space, found exhaustively (the scenario's `sweep:` block)");
  command->add_option("scenario", options->scenario, "Scenario file (YAML), with a sweep block or a plan that is open in part")
      ->required()
      ->option_text("SCENARIO");
  command->add_option("--top", options->top, "Best configurations of the answer (default 10)")->option_text("N");
  command
      ->add_option("--where", options->where,
                   "Answer from rows that meet a condition, as 'tensor == 8 and mfu > 0.4' or 'status == invalid'")
      ->option_text("CONDITION");
  command->add_flag("--exhaustive", options->exhaustive,
                    "Simulate also what a lower bound shows to be behind the best (always so with --store)");
  command->add_option("--jobs,-j", options->jobs, "Threads (default: as many as processors)")->option_text("N");
  command->add_option("--limit", options->limit, "Look at the first N configurations only")->option_text("N");
  command->add_option("--store", options->store, "Keep a row for each configuration in a SQLite file")->option_text("FILE");
  command->add_flag("--resume", options->resume, "Go on with a store that is there already");
  command->add_option("--shard", options->shard, "Part I of N of the space, into a store of its own")->option_text("I/N");
  command->add_option("--merge", options->merge, "Take over the rows of another store of the same space (repeatable)")
      ->allow_extra_args(false)
      ->take_all()
      ->option_text("FILE");
  command->add_option("--write-best", options->write_best, "Write the best configuration as a scenario")->option_text("FILE");
  command->add_flag("--launch", options->launch, "Print the best as arguments of torchrun and Megatron-LM or open_clip");
  command->add_option("--export", options->export_file, "Write all rows of the store, or those of --where, as .csv or .jsonl")
      ->option_text("FILE");
  command->add_option("--report", options->report, "Write the answer as one HTML page with charts, for a browser")
      ->option_text("FILE");
  add_common_options(*command, options->common);
  add_settings_option(*command, options->common);
  command->footer("Example: mfusim sweep scenarios/sweep-clip-l14-336.yaml --where 'mfu > 0.3' --report sweep.html");
  command->callback([options] { sweep(*options); });
}

}  // namespace mfusim::app
