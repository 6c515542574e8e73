// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include "report/format.hpp"
#include "report/grids.hpp"
#include "report/terminal_style.hpp"

#include <fmt/format.h>

#include <ostream>

namespace mfusim {
namespace {

void write_counts(std::ostream& out, const std::string& name, Count parameters, const OperationCounts<Count>& counts) {
  const Count total = counts.mul + counts.add;
  out << fmt::format("  {:<22}{:>20}{:>24}{:>24}{:>26}\n", name, parameters.value() > 0 ? show_count(parameters.value()) : "",
                     show_count(counts.mul.value()), show_count(counts.add.value()), show_count(total.value()));
}

}  // namespace

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
  write_wrapped(
      out,
      "Operations are proportional to the parameters that multiply, times the tokens that they see. What breaks the plain "
      "proportion: tables (embeddings, positions) hold parameters without operations, and the towers see different "
      "numbers of tokens.");
  for (const std::string& model : study.left_out) out << "left out: " << model << '\n';
}

void write_table(std::ostream& out, const PointsReport& report) {
  write_table(out, points_summary_grid(report.by_gpu));
  out << "\nby source\n";
  write_table(out, points_summary_grid(report.by_source));
  out << '\n';
  write_wrapped(out,
                fmt::format("{} rows predicted, {} left out; --format csv lists each row. Rows whose shape was looked up in a "
                            "measurement are no test and not part of the percentages. Errors are |predicted / measured - 1| of "
                            "times.",
                            report.rows.size(), report.left_out.size()));
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
