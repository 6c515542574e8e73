// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include "report/format.hpp"
#include "report/grids.hpp"

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

std::string bar(double share) {
  constexpr double width = 40;
  return std::string(static_cast<std::size_t>(std::lround(std::max(0.0, share) * width)), '#');
}

void write_answer(std::ostream& out, const Result& result) {
  out << fmt::format("{} on {} x {} ({} software)\n\n", result.model, result.gpus, result.gpu, result.stack);
  out << fmt::format("  step time   {:>12}   between {} and {}\n", show_time(result.iteration_time), show_time(result.range.low),
                     show_time(result.range.high));
  out << fmt::format("  MFU         {:>12}   model FLOPs (3 x forward, no recompute) / time / {:.0f} TFLOP/s peak\n",
                     show_percent(result.mfu), result.peak_per_gpu.value() / 1e12);
  out << fmt::format("  HFU         {:>12}   with recomputed FLOPs\n", show_percent(result.hfu));
  out << fmt::format("  throughput  {:>12.5g}   samples/s\n", result.samples_per_s);
  if (result.tokens_per_s) out << fmt::format("              {:>12.6g}   tokens/s\n", *result.tokens_per_s);
  out << fmt::format("  memory      {:>12}   of {} a GPU: {}\n", show_bytes(result.memory.peak),
                     show_bytes(result.memory.capacity), result.memory.fits ? "fits" : "DOES NOT FIT");
  if (result.against) {
    out << fmt::format("  measured    {:>12}   predicted {:+.1f} % ({})\n", show_time(result.against->measured),
                       result.against->error_percent, result.against->source);
  }
}

void write_plan(std::ostream& out, const Result::Plan& plan) {
  out << fmt::format(
      "\nplan: tensor {} (sequence {}) x pipeline {} (virtual stages {}, {}) x data {} (ZeRO-{}), recompute {}, micro-batch {} x "
      "{}\n",
      plan.tensor, plan.sequence ? "parallel" : "whole", plan.pipeline, plan.virtual_stages, plan.schedule, plan.data, plan.zero,
      plan.recompute, plan.micro_batch, plan.micro_batches);
  if (!plan.stages.empty()) out << fmt::format("layers of the model chunks: {}\n", fmt::join(plan.stages, ", "));
  if (plan.post_validation) out << "steps follow each other without a barrier (post-validation): the step time is their period\n";
}

void write_breakdown(std::ostream& out, const Result& result) {
  out << fmt::format("\nwhere the time goes (critical rank: pipeline stage {})\n", result.critical_rank);
  for (const auto& [name, time] : result.waterfall) {
    const double share = time / result.iteration_time;
    constexpr double visible = 5e-5;
    if (std::abs(share) < visible) continue;
    out << fmt::format("  {:<32}{:>12}{:>9}  {}\n", words(name), show_time(time), show_percent(share), bar(share));
  }
}

void write_memory(std::ostream& out, const Result::Memory& memory) {
  out << "\nmemory of the fullest stage\n";
  if (!memory.advice.empty()) out << fmt::format("  it does not fit; {}\n", memory.advice);
  for (const auto& [name, bytes] : memory.parts) {
    if (bytes.value() == 0) continue;
    out << fmt::format("  {:<32}{:>12}{:>9}  {}\n", words(name), show_bytes(bytes), show_percent(bytes / memory.capacity),
                       bar(std::min(1.0, bytes / memory.capacity)));
  }
}

void write_towers(std::ostream& out, const Result& result) {
  if (result.towers.empty()) return;
  out << "\ntowers\n";
  for (const Result::TowerShare& tower : result.towers) {
    out << fmt::format("  {:<10}{:>14} parameters{:>16} a step{:>12} of kernels a GPU\n", tower.name,
                       show_count(static_cast<std::int64_t>(tower.parameters)), show_flops(tower.model_flops),
                       show_time(tower.compute_time));
  }
}

void write_evidence(std::ostream& out, const Result& result) {
  out << "\nwhat the times stand on: ";
  bool first = true;
  for (const Result::ProvenanceShare& share : result.provenance) {
    if (share.time_share <= 0) continue;
    out << (first ? "" : ", ") << share.kind << ' ' << show_percent(share.time_share);
    first = false;
  }
  out << fmt::format("\nrange: {}\n", result.range.based_on);
  for (const std::string& warning : result.warnings) out << "warning: " << warning << '\n';
}

void write_counts(std::ostream& out, const std::string& name, Count parameters, const OperationCounts<Count>& counts) {
  const Count total = counts.mul + counts.add;
  out << fmt::format("  {:<22}{:>20}{:>24}{:>24}{:>26}\n", name, parameters.value() > 0 ? show_count(parameters.value()) : "",
                     show_count(counts.mul.value()), show_count(counts.add.value()), show_count(total.value()));
}

}  // namespace

void write_table(std::ostream& out, const Result& result) {
  write_answer(out, result);
  write_plan(out, result.parallel);
  write_breakdown(out, result);
  write_memory(out, result.memory);
  write_towers(out, result);
  write_evidence(out, result);
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
