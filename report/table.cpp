// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include "report/format.hpp"
#include "report/grids.hpp"
#include "report/waterfall.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

constexpr int name_columns = 32;
constexpr int figure_columns = 12;
constexpr int share_columns = 9;
constexpr int most_bar_columns = 60;

/// Name, figure and share of a part, and its bar where there is room: on narrow terminals names are cut first.
void write_part(std::ostream& out, const std::string& name, const std::string& figure, const std::string& share,
                const std::string& bar, const TerminalStyle& style) {
  const int room = std::clamp(style.columns - figure_columns - share_columns - 2, 8, name_columns);
  std::string line = fmt::format("  {:<{}.{}}{:>{}}{:>{}}", name, room, room - 1, figure, figure_columns, share, share_columns);
  if (!bar.empty()) line += "  " + bar;
  out << line << '\n';
}

int bar_room(const TerminalStyle& style) {
  return bar_columns(2 + name_columns + figure_columns + share_columns + 2, most_bar_columns, style);
}

void write_heading(std::ostream& out, const std::string& text, const TerminalStyle& style) {
  out << '\n' << painted(text, Tone::Heading, style) << '\n';
}

void write_answer(std::ostream& out, const Result& result, const TerminalStyle& style) {
  constexpr std::size_t remarks = 29;  // where the column of remarks begins
  const auto line = [&](const std::string& text) { write_wrapped(out, text, remarks, style); };
  write_wrapped(out, fmt::format("{} on {} x {} ({} software)", result.model, result.gpus, result.gpu, result.stack), 2, style);
  out << '\n';
  line(fmt::format("  step time   {:>12}   between {} and {}", show_time(result.iteration_time), show_time(result.range.low),
                   show_time(result.range.high)));
  line(fmt::format("  MFU         {:>12}   model FLOPs (3 x forward, no recompute) / time / {:.0f} TFLOP/s peak",
                   show_percent(result.mfu), result.peak_per_gpu.value() / 1e12));
  line(fmt::format("  HFU         {:>12}   with recomputed FLOPs", show_percent(result.hfu)));
  line(fmt::format("  throughput  {:>12.5g}   samples/s", result.samples_per_s));
  if (result.tokens_per_s) line(fmt::format("              {:>12.6g}   tokens/s", *result.tokens_per_s));
  line(fmt::format("  memory      {:>12}   of {} a GPU: {}", show_bytes(result.memory.peak), show_bytes(result.memory.capacity),
                   result.memory.fits ? painted("fits", Tone::Good, style) : painted("DOES NOT FIT", Tone::Alarm, style)));
  line(fmt::format("              {:>12}   of it tensors (allocated), {} in the allocator's hands (reserved)",
                   show_bytes(result.memory.allocated), show_bytes(result.memory.reserved)));
  if (result.against) {
    line(fmt::format("  measured    {:>12}   predicted {:+.1f} % ({})", show_time(result.against->measured),
                     result.against->error_percent, result.against->source));
  }
}

std::string shown_sharding(const Result::Plan& plan) {
  return plan.zero == 0 ? "ZeRO-0" : fmt::format("ZeRO-{} over {}", plan.zero, plan.shard_group);
}

void write_plan(std::ostream& out, const std::string& name, const Result::Plan& plan, const TerminalStyle& style) {
  const std::string context = plan.context > 1 ? fmt::format(" x context {} ({})", plan.context, plan.context_exchange) : "";
  write_wrapped(
      out,
      fmt::format("{}: tensor {} (sequence {}) x pipeline {} (virtual stages {}, {}){} x data {} ({}), recompute {}, "
                  "micro-batch {} x {}",
                  name, plan.tensor, plan.sequence ? "parallel" : "whole", plan.pipeline, plan.virtual_stages, plan.schedule,
                  context, plan.data, shown_sharding(plan), plan.recompute, plan.micro_batch, plan.micro_batches),
      6, style);
  if (!plan.stages.empty())
    write_wrapped(out, fmt::format("layers of the model chunks: {}", fmt::join(plan.stages, ", ")), 6, style);
  if (plan.post_validation)
    write_wrapped(out, "steps follow each other without a barrier (post-validation): the step time is their period", 6, style);
}

void write_plans(std::ostream& out, const Result& result, const TerminalStyle& style) {
  out << '\n';
  const bool own_plans = !result.towers.empty() && result.towers.front().parallel.has_value();
  if (!own_plans) return write_plan(out, "plan", result.parallel, style);
  for (const Result::TowerShare& tower : result.towers)
    write_plan(out, fmt::format("{} on {} GPUs", tower.name, *tower.gpus), *tower.parallel, style);
}

/// The way from the time at peak to the step: each bar begins where the one above it ends.
void write_waterfall(std::ostream& out, const Result& result, const TerminalStyle& style) {
  write_heading(out, fmt::format("where the time goes (critical rank: {})", show_stage(result, result.critical_rank)), style);
  constexpr double visible = 5e-5;
  for (const WaterfallBar& bar : waterfall_bars(result, visible)) {
    const bool whole = bar.key == "ideal_at_peak" || bar.key == "step";
    const bool gain = bar.to < bar.from;
    const std::string drawn = stretch(bar.from / result.iteration_time, bar.to / result.iteration_time, bar_room(style),
                                      whole  ? '='
                                      : gain ? '<'
                                             : '#');
    write_part(out, words(bar.key), show_time(bar.time()), show_percent(bar.share),
               drawn.empty() ? drawn
                             : painted(drawn,
                                       whole  ? Tone::Good
                                       : gain ? Tone::Gain
                                              : Tone::Loss,
                                       style),
               style);
  }
}

void write_memory(std::ostream& out, const Result::Memory& memory, const TerminalStyle& style) {
  write_heading(out, "memory of the fullest stage", style);
  if (!memory.advice.empty()) out << fmt::format("  it does not fit; {}\n", memory.advice);
  Bytes held;
  for (const auto& [name, bytes] : memory.parts) {
    if (bytes.value() == 0) continue;
    const std::string drawn = stretch(held / memory.capacity, (held + bytes) / memory.capacity, bar_room(style), '#');
    write_part(out, words(name), show_bytes(bytes), show_percent(bytes / memory.capacity), drawn, style);
    held += bytes;
  }
}

void write_towers(std::ostream& out, const Result& result, const TerminalStyle& style) {
  if (result.towers.empty()) return;
  write_heading(out, "towers", style);
  for (const Result::TowerShare& tower : result.towers) {
    write_wrapped(out,
                  fmt::format("  {:<10}{:>14} parameters{:>16} a step{:>12} of kernels a GPU", tower.name,
                              show_count(static_cast<std::int64_t>(tower.parameters)), show_flops(tower.model_flops),
                              show_time(tower.compute_time)),
                  4, style);
  }
}

void write_evidence(std::ostream& out, const Result& result, const TerminalStyle& style) {
  std::string evidence = "what the times stand on: ";
  bool first = true;
  for (const Result::ProvenanceShare& share : result.provenance) {
    if (share.time_share <= 0) continue;
    evidence += (first ? "" : ", ") + share.kind + ' ' + show_percent(share.time_share);
    first = false;
  }
  out << '\n';
  write_wrapped(out, evidence, 2, style);
  write_wrapped(out, "range: " + result.range.based_on, 2, style);
  for (const std::string& warning : result.warnings)
    write_wrapped(out, painted("warning:", Tone::Alarm, style) + " " + warning, 2, style);
}

void write_counts(std::ostream& out, const std::string& name, Count parameters, const OperationCounts<Count>& counts) {
  const Count total = counts.mul + counts.add;
  out << fmt::format("  {:<22}{:>20}{:>24}{:>24}{:>26}\n", name, parameters.value() > 0 ? show_count(parameters.value()) : "",
                     show_count(counts.mul.value()), show_count(counts.add.value()), show_count(total.value()));
}

}  // namespace

void write_table(std::ostream& out, const Result& result, const TerminalStyle& style) {
  write_answer(out, result, style);
  write_plans(out, result, style);
  write_waterfall(out, result, style);
  write_memory(out, result.memory, style);
  write_towers(out, result, style);
  write_evidence(out, result, style);
}

void write_table(std::ostream& out, const FlopsReport& report) {
  out << fmt::format("{}: batch {}, convention '{}'\n\n", report.model, report.batch, report.convention);
  out << fmt::format("  {:<22}{:>20}{:>24}{:>24}{:>26}\n", "", "parameters", "mul", "add", "total");
  write_counts(out, "forward", report.parameters, report.forward);
  for (const FlopsReport::Part& part : report.towers) write_counts(out, "  " + part.name, part.parameters, part.forward);
  write_counts(out, "backward", 0, report.backward);
  for (const FlopsReport::Part& part : report.towers) write_counts(out, "  " + part.name, 0, part.backward);
  write_counts(out, "recompute, full", 0, report.recompute_full);
  write_counts(out, "recompute, selective", 0, report.recompute_selective);
  out << fmt::format("\n  kept for backward {} (with unfused attention {}), moved forward {}\n",
                     show_bytes(Bytes(report.saved_bytes.as_double())), show_bytes(Bytes(report.saved_bytes_unfused.as_double())),
                     show_bytes(Bytes(report.moved_bytes.as_double())));
}

void write_table(std::ostream& out, const ParameterStudy& study) {
  write_table(out, parameter_study_grid(study));
  out << "\nfits: operations = factor x abscissa\n";
  for (const ProportionalFit* fit : {&study.all, &study.without_tables, &study.token_weighted}) {
    out << fmt::format("  {:<44} factor {:.4g}, slope of the logarithms {:.3f}, worst model off by a factor of {:.2f}\n",
                       fit->abscissa, fit->factor, fit->exponent, fit->worst_ratio);
  }
  out << "Operations are proportional to the parameters that multiply, times the tokens that they see. What breaks the plain\n"
         "proportion: tables (embeddings, positions) hold parameters without operations, and the towers see different numbers of "
         "tokens.\n";
  for (const std::string& model : study.left_out) out << "left out: " << model << '\n';
}

void write_table(std::ostream& out, const PointsReport& report) {
  write_table(out, points_summary_grid(report.by_gpu));
  out << "\nby source\n";
  write_table(out, points_summary_grid(report.by_source));
  out << fmt::format(
      "\n{} rows predicted, {} left out; --format csv lists each row. Rows whose shape was looked up in a measurement are no "
      "test\n"
      "and not part of the percentages. Errors are |predicted / measured - 1| of times.\n",
      report.rows.size(), report.left_out.size());
}

void write_table(std::ostream& out, const HardwareAnswer& answer) {
  out << answer.question << "\n\n";
  out << fmt::format("  time       {:>12}   90 % of the measurements behind it lie between {} and {}\n",
                     show_time(answer.time.time), show_time(answer.low), show_time(answer.high));
  out << fmt::format("  benchmark  {:>12}   alone, outside a training step\n", show_time(answer.benchmark));
  if (answer.rate.value() > 0) out << fmt::format("  rate       {:>12.1f}   TFLOP/s\n", answer.rate.value() / 1e12);
  if (answer.bus_rate.value() > 0)
    out << fmt::format("  bus rate   {:>12.1f}   GB/s sent by each rank\n", answer.bus_rate.value() / 1e9);
  out << fmt::format("  stands on  {:>12}   {} what was measured\n", to_string(answer.time.provenance),
                     answer.time.outside_measured_region ? "outside" : "inside");
}

}  // namespace mfusim
