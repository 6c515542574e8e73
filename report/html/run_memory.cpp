// SPDX-License-Identifier: Apache-2.0
#include "report/format.hpp"
#include "report/html/run_page.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim::html {
namespace {

constexpr const char* memory_source = "the memory model (docs/design.md, Memory) and the GPU's data sheet";

Bytes part_of(const Result::Stage& stage, const std::string& name) {
  const auto at = std::find_if(stage.parts.begin(), stage.parts.end(), [&](const auto& part) { return part.first == name; });
  return at == stage.parts.end() ? Bytes() : at->second;
}

bool held_anywhere(const Result::Memory& memory, const std::string& name) {
  return std::any_of(memory.stages.begin(), memory.stages.end(),
                     [&](const Result::Stage& stage) { return part_of(stage, name) > Bytes(); });
}

BarChart memory_chart(const Result& result) {
  const Result::Memory& memory = result.memory;
  BarChart chart{.key = "memory_stages",
                 .title = has_stages(result) ? "Peak memory by stage" : "Peak memory",
                 .caption = "A bar is one GPU, at the instant at which it holds most.",
                 .axis = {.title = "memory of a GPU", .unit = "B"},
                 .categories = {},
                 .series = {},
                 .mark = Mark{"capacity", memory.capacity.value()},
                 .meanings = {},
                 .numbers = NumbersPlace::InTable,
                 .source = memory_source};
  for (const Result::Stage& stage : memory.stages) {
    chart.categories.push_back(show_stage(result, stage.stage));
  }
  for (const auto& [name, largest] : memory.parts) {
    if (!held_anywhere(memory, name)) continue;
    const Meaning meaning = meaning_of(memory_key(name));
    BarSeries series{.name = meaning.label, .colour = memory_key(name), .bars = {}};
    for (const Result::Stage& stage : memory.stages)
      series.bars.push_back({.from = 0, .to = part_of(stage, name).value(), .colour = {}});
    chart.series.push_back(std::move(series));
    chart.meanings.push_back(meaning);
  }
  return chart;
}

Table memory_table(const Result::Memory& memory) {
  Table table{.key = "memory_table",
              .title = "Memory of a stage's GPU",
              .caption = {},
              .grid = {{{"stage", "stage"}, {"peak", "peak"}, {"of", "of capacity"}, {"passes", "passes in flight"}}, {}},
              .notes = {{"peak", "B", "Most memory that a GPU of the stage holds at one time."},
                        {"of", "share", "Peak / capacity of the GPU."},
                        {"passes", "", "Most micro-batch passes whose activations a GPU of the stage keeps at one time."}},
              .source = memory_source};
  std::vector<std::string> parts;
  for (const auto& [name, largest] : memory.parts) {
    if (!held_anywhere(memory, name)) continue;
    const Meaning meaning = meaning_of(memory_key(name));
    parts.push_back(name);
    table.grid.columns.push_back({name, meaning.label});
    table.notes.push_back({name, "B", meaning.definition});
  }
  for (const Result::Stage& stage : memory.stages) {
    std::vector<Cell> row{std::int64_t{stage.stage}, stage.peak.value(), stage.peak / memory.capacity, stage.passes_in_flight};
    for (const std::string& part : parts) row.emplace_back(part_of(stage, part).value());
    table.grid.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Section memory_section(const Result& result) {
  return {.key = "memory",
          .title = "Memory against capacity",
          .lead = fmt::format("What a GPU{} holds at its fullest; the dashed line is what it has.",
                              has_stages(result) ? " of each stage" : ""),
          .blocks = {memory_chart(result), memory_table(result.memory)}};
}

}  // namespace mfusim::html
