// SPDX-License-Identifier: Apache-2.0
#include "report/bar_rows.hpp"
#include "report/format.hpp"
#include "report/glossary.hpp"
#include "report/plan_words.hpp"
#include "report/table.hpp"
#include "report/terminal_style.hpp"
#include "report/waterfall.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace mfusim {
namespace {

void write_heading(std::ostream& out, const std::string& text, const TerminalStyle& style) {
  out << '\n' << painted(text, Tone::Heading, style) << '\n';
}

std::string memory_remark(const Result::Memory& memory, const TerminalStyle& style) {
  constexpr double gibi = 1024.0 * 1024.0 * 1024.0;
  return fmt::format("of {} ({:.4g} GiB) a GPU: {}", show_bytes(memory.capacity), memory.capacity.value() / gibi,
                     memory.fits ? painted("fits", Tone::Good, style) : painted("DOES NOT FIT", Tone::Alarm, style));
}

std::string jitter_remark(const Result::Jitter& jitter) {
  const std::string without = fmt::format("{} without random pass times", show_time(jitter.without));
  if (!jitter.deviation) return fmt::format("one step drawn; {}", without);
  return fmt::format("mean {} of {} steps drawn, standard deviation {}, from {} to {}; {}", show_time(jitter.mean),
                     jitter.samples, show_time(*jitter.deviation), show_time(jitter.shortest), show_time(jitter.longest),
                     without);
}

void write_answer(std::ostream& out, const Result& result, const TerminalStyle& style) {
  constexpr std::size_t remarks = 29;  // where the column of remarks begins
  const auto line = [&](const char* name, const std::string& figure, const std::string& remark) {
    write_wrapped(out, fmt::format("  {:<12}{:>12}   {}", name, figure, remark), remarks, style);
  };
  write_wrapped(out, printable(fmt::format("{} on {} x {}, software {}", result.model, result.gpus, result.gpu, result.stack)), 2,
                style);
  out << '\n';
  line("step time", show_time(result.iteration_time),
       fmt::format("between {} and {}", show_time(result.range.low), show_time(result.range.high)));
  if (result.jitter) {
    const double longer = 100 * (result.jitter->mean / result.jitter->without - 1);
    line("jitter", fmt::format("{:+.1f} %", longer), jitter_remark(*result.jitter));
  }
  line("MFU", show_percent(result.mfu),
       fmt::format("model FLOPs (3 x forward, no recompute) / time / {:.0f} TFLOP/s peak", result.peak_per_gpu.value() / 1e12));
  line("HFU", show_percent(result.hfu), "the same with recomputed FLOPs");
  line("throughput", show_number(result.samples_per_s, 5), "samples/s");
  if (result.tokens_per_s) line("", show_number(*result.tokens_per_s, 6), "tokens/s");
  line("memory", show_bytes(result.memory.peak), memory_remark(result.memory, style));
  line("", show_bytes(result.memory.allocated),
       fmt::format("of it tensors (allocated); {} in the allocator's hands (reserved)", show_bytes(result.memory.reserved)));
  if (result.against) {
    line("measured", show_time(result.against->measured),
         printable(fmt::format("predicted {:+.1f} % ({})", result.against->error_percent, result.against->source)));
  }
}

void write_plans(std::ostream& out, const Result& result, const TerminalStyle& style) {
  const auto write = [&](const std::string& name, const Result::Plan& plan) {
    write_wrapped(out, name + ": " + plan_words(plan), 6, style);
    if (!plan.stages.empty()) write_wrapped(out, "layers of the model chunks: " + stages_words(plan), 6, style);
    if (plan.post_validation)
      write_wrapped(out, "steps follow each other without a barrier (post-validation): the step time is their period", 6, style);
  };
  out << '\n';
  const bool own_plans = !result.towers.empty() && result.towers.front().parallel.has_value();
  if (!own_plans) return write("plan", result.parallel);
  for (const Result::TowerShare& tower : result.towers)
    write(fmt::format("{} on {} GPUs", tower.name, *tower.gpus), *tower.parallel);
}

BarRow row_of(const WaterfallBar& bar, Seconds step) {
  const bool whole = bar.key == "ideal_at_peak" || bar.key == "step";
  const bool gain = bar.to < bar.from;
  return {.name = meaning_of(bar.key).label,
          .figure = show_time(bar.time()),
          .share = show_percent(bar.share),
          .from = bar.from / step,
          .to = bar.to / step,
          .mark = whole  ? '='
                  : gain ? '<'
                         : '#',
          .tone = whole  ? Tone::Good
                  : gain ? Tone::Gain
                         : Tone::Loss};
}

/// The way from the time at peak to the step: each bar begins where the one above it ends. What would read as 0.0 % is one row.
void write_waterfall(std::ostream& out, const Result& result, const TerminalStyle& style) {
  constexpr double least_share = 5e-4;
  write_heading(out, "where the time goes" + (has_stages(result) ? ": " + show_stage(result, result.critical_rank) : ""), style);
  std::vector<BarRow> parts;
  for (const WaterfallBar& bar : waterfall_bars(result, least_share)) parts.push_back(row_of(bar, result.iteration_time));
  write_bar_rows(out, parts);
  std::string small;
  for (const auto& [key, time] : small_parts(result, least_share))
    small += fmt::format("{}{} {}", small.empty() ? "" : ", ", meaning_of(key).label, show_time(time));
  if (small_parts(result, least_share).size() > 1) write_wrapped(out, "  (smaller parts: " + small + ")", 4, style);
}

std::string memory_heading(const Result& result) {
  const auto fullest = std::max_element(result.memory.stages.begin(), result.memory.stages.end(),
                                        [](const auto& a, const auto& b) { return a.peak < b.peak; });
  if (!has_stages(result) || fullest == result.memory.stages.end()) return "memory of a GPU";
  return fmt::format("memory of a GPU: {}, the fullest", show_stage(result, fullest->stage));
}

void write_memory(std::ostream& out, const Result& result, const TerminalStyle& style) {
  const Result::Memory& memory = result.memory;
  write_heading(out, memory_heading(result), style);
  if (!memory.advice.empty()) write_wrapped(out, "  it does not fit; " + memory.advice, 4, style);
  if (!memory.fits) out << "  mfusim sweep searches the plan that a scenario leaves open for those that fit\n";
  std::vector<BarRow> parts;
  Bytes held;
  const auto add = [&](const std::string& name, Bytes bytes, char mark, Tone tone) {
    parts.push_back({.name = name,
                     .figure = show_bytes(bytes),
                     .share = show_percent(bytes / memory.capacity),
                     .from = held / memory.capacity,
                     .to = (held + bytes) / memory.capacity,
                     .mark = mark,
                     .tone = tone});
    held += bytes;
  };
  for (const auto& [name, bytes] : memory.parts) {
    if (bytes.value() != 0) add(meaning_of(memory_key(name)).label, bytes, '#', Tone::Loss);
  }
  if (memory.capacity > held) add("free", memory.capacity - held, '.', Tone::Good);
  write_bar_rows(out, parts);
}

void write_towers(std::ostream& out, const Result& result, const TerminalStyle& style) {
  if (result.towers.empty()) return;
  write_heading(out, "towers", style);
  for (const Result::TowerShare& tower : result.towers) {
    const std::string idle = tower.idle ? fmt::format(", {} idle", show_time(*tower.idle)) : "";
    write_wrapped(out,
                  fmt::format("  {:<8}{:>7.4g} M parameters{:>16} a step{:>12} of kernels{}", tower.name, tower.parameters / 1e6,
                              show_flops(tower.model_flops), show_time(tower.compute_time), idle),
                  4, style);
  }
}

void write_evidence(std::ostream& out, const Result& result, const TerminalStyle& style) {
  std::string evidence;
  for (const Result::ProvenanceShare& share : result.provenance) {
    if (share.time_share > 0) evidence += (evidence.empty() ? "" : ", ") + share.kind + ' ' + show_percent(share.time_share);
  }
  out << '\n';
  write_wrapped(out, "what the times stand on: " + evidence, 2, style);
  write_wrapped(out, "range: " + result.range.based_on, 2, style);
  for (const std::string& warning : result.warnings)
    write_wrapped(out, painted("warning:", Tone::Alarm, style) + " " + printable(warning), 2, style);
}

}  // namespace

void write_table(std::ostream& out, const Result& result) {
  const TerminalStyle style = style_of(out);
  write_answer(out, result, style);
  write_plans(out, result, style);
  write_waterfall(out, result, style);
  write_memory(out, result, style);
  write_towers(out, result, style);
  write_evidence(out, result, style);
}

}  // namespace mfusim
