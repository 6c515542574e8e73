// SPDX-License-Identifier: Apache-2.0
#include "report/html/run_page.hpp"

#include "report/format.hpp"
#include "report/plan_words.hpp"
#include "report/waterfall.hpp"
#include "sim/breakdown.hpp"
#include "sim/rank_names.hpp"

#include <fmt/format.h>

namespace mfusim::html {
namespace {

Card card(const std::string& key, double value, const std::string& unit, std::string note) {
  return {.key = key, .value = value, .unit = unit, .note = std::move(note), .meaning = meaning_of(key)};
}

Table plan_table(const Result::Plan& plan) {
  Grid grid{{{"name", "setting"}, {"value", "value"}}, {}};
  const auto add = [&](const char* name, std::string value) { grid.rows.push_back({std::string(name), std::move(value)}); };
  add("in short", plan_words(plan));
  add("tensor parallel", fmt::format("{}{}", plan.tensor, plan.sequence ? ", with sequence parallelism" : ""));
  add("pipeline stages", fmt::format("{} ({} virtual a rank, schedule {})", plan.pipeline, plan.virtual_stages, plan.schedule));
  add("data-parallel replicas", fmt::format("{} (ZeRO stage {})", plan.data, plan.zero));
  add("context parallel", std::to_string(plan.context));
  add("micro-batches", fmt::format("{} of {} samples", plan.micro_batches, plan.micro_batch));
  add("recomputation", plan.recompute);
  return {.key = "plan",
          .title = "How the GPUs share the work",
          .caption = {},
          .grid = std::move(grid),
          .notes = {},
          .source = "the scenario, as resolved"};
}

Table towers_table(const std::vector<Result::TowerShare>& towers) {
  Grid grid{{{"name", "tower"}, {"parameters", "parameters"}, {"model_flops", "model FLOPs"}, {"time", "kernel time"}}, {}};
  for (const Result::TowerShare& tower : towers)
    grid.rows.push_back({tower.name, tower.parameters, tower.model_flops.value(), tower.compute_time.count()});
  return {.key = "towers",
          .title = "The towers",
          .caption = {},
          .grid = std::move(grid),
          .notes = {{"model_flops", "FLOP", "FLOPs of the whole job in one step, without recomputation."},
                    {"time", "s", "Time of the tower's kernels on one GPU."}},
          .source = "the model's operators and the simulated step"};
}

Section timeline_section(const Scenario& scenario, const BuiltStep& step, const mfusim::Timeline& timeline, int critical) {
  TimelineView view = view_timeline(step, timeline, critical);
  const std::vector<std::string> all = rank_names(step, scenario);
  std::vector<std::string> names;
  names.reserve(view.ranks.size());
  for (const int rank : view.ranks) names.push_back(all[static_cast<std::size_t>(rank)]);
  std::string caption = fmt::format(
      "{} of {} simulated ranks; ranks that cannot differ (of a tensor group, and equal replicas) are one. Drag to move, Ctrl or "
      "Shift and the wheel, a double click or two fingers to zoom.",
      view.ranks.size(), step.ranks);
  if (!view.details.empty()) {
    caption += fmt::format(
        " The step has {} tasks: those of one pass are drawn as one, and every task is there where a blue line marks the axis.",
        step.graph.size());
  }
  return {
      .key = "timeline",
      .title = "The step on its ranks",
      .lead =
          "Each row is one queue of a rank, time runs to the right. White space in a rank's kernels is time in which it waits.",
      .blocks = {Timeline{.key = "timeline_ranks",
                          .title = "Timeline",
                          .caption = std::move(caption),
                          .view = std::move(view),
                          .rank_names = std::move(names),
                          .steps = &step.steps}}};
}

}  // namespace

std::string run_answer(const Result& result) {
  std::string text = fmt::format("One training step takes {}, between {} and {}: {} of the GPUs' data-sheet peak (MFU)",
                                 show_time(result.iteration_time), show_time(result.range.low), show_time(result.range.high),
                                 show_percent(result.mfu));
  if (const auto* loss = largest_loss(result)) {
    text += fmt::format("; the largest loss is {} with {}", meaning_of(loss->first).label,
                        show_percent(loss->second / result.iteration_time));
  }
  text += fmt::format(". It {} in memory: {} of {} a GPU.", result.memory.fits ? "fits" : "does NOT fit",
                      show_bytes(result.memory.peak), show_bytes(result.memory.capacity));
  return text;
}

Cards run_cards(const Result& result) {
  Cards cards{
      card("iteration_time_s", result.iteration_time.count(), "s",
           fmt::format("between {} and {}", show_time(result.range.low), show_time(result.range.high))),
      card("mfu", result.mfu, "share", fmt::format("of {:.0f} TFLOP/s a GPU", result.peak_per_gpu.value() / 1e12)),
      card("hfu", result.hfu, "share", "with recomputed FLOPs"),
      card("samples_per_s", result.samples_per_s, "samples/s", fmt::format("on {} GPUs", result.gpus)),
  };
  if (result.tokens_per_s) cards.push_back(card("tokens_per_s", *result.tokens_per_s, "tokens/s", "of the whole job"));
  cards.push_back(
      card("peak_bytes", result.memory.peak.value(), "B",
           fmt::format("of {} a GPU: {}", show_bytes(result.memory.capacity), result.memory.fits ? "fits" : "DOES NOT FIT")));
  if (result.against) {
    cards.push_back(card("measured_s", result.against->measured.count(), "s",
                         fmt::format("predicted {:+.1f} %; {}", result.against->error_percent, result.against->source)));
  }
  return cards;
}

Page run_page(const Result& result, const Scenario& scenario, const BuiltStep& step, const mfusim::Timeline& timeline) {
  const int critical = critical_rank(step, timeline);
  const Roof roof{.peak = result.peak_per_gpu, .bandwidth = scenario.cluster.gpu.memory_bandwidth};
  Page page{.command = "run",
            .title = fmt::format("{} on {} x {}", result.model, result.gpus, result.gpu),
            .answer = run_answer(result),
            .subtitle = {{"scenario", result.scenario},
                         {"plan", grid_words(result.parallel)},
                         {"network", result.network},
                         {"software", result.stack}},
            .sections = {},
            .version = result.version};
  Section answer{.key = "answer", .title = {}, .lead = {}, .blocks = {run_cards(result)}};
  if (!result.warnings.empty())
    answer.blocks.emplace_back(Notes{.kind = NoteKind::Warning, .title = "Warnings", .lines = result.warnings});
  Section plan{.key = "plan_section", .title = "The plan", .lead = {}, .blocks = {plan_table(result.parallel)}};
  if (!result.towers.empty()) plan.blocks.emplace_back(towers_table(result.towers));
  page.sections = {std::move(answer),
                   time_section(result),
                   timeline_section(scenario, step, timeline, critical),
                   memory_section(result),
                   operators_section(profile_operators(step, timeline, critical), roof),
                   std::move(plan),
                   evidence_section(result)};
  return page;
}

}  // namespace mfusim::html
