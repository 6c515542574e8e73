// SPDX-License-Identifier: Apache-2.0
#include "report/html/flops_page.hpp"

#include "report/format.hpp"
#include "report/html/grid_charts.hpp"

#include <fmt/format.h>

namespace mfusim::html {
namespace {

const char* const counted = "the model's operators and their shapes";

std::string unit_of(const FlopsReport& report) {
  return report.convention == "mac" ? "MAC" : "FLOP";
}

std::string shown_count(const FlopsReport& report, const OperationCounts<Count>& counts) {
  std::string text = show_flops(Flops(counts.total().as_double()));
  if (unit_of(report) == "MAC") text.replace(text.find("FLOP"), 4, "MAC");
  return text;
}

Card card(const std::string& key, double value, const std::string& unit, const std::string& label,
          const std::string& definition) {
  return {.key = key,
          .value = value,
          .unit = unit,
          .note = {},
          .meaning = {.label = label, .definition = definition, .source = counted}};
}

Cards cards_of(const FlopsReport& report) {
  const std::string unit = unit_of(report);
  const std::string convention = fmt::format(" Counted under the convention '{}'.", report.convention);
  return {card("parameters", report.parameters.as_double(), "", "parameters", "Trainable and frozen parameters, tied ones once."),
          card("forward", report.forward.total().as_double(), unit, "forward",
               "Operations of a forward pass over the batch." + convention),
          card("backward", report.backward.total().as_double(), unit, "backward",
               "Operations of the gradients with respect to inputs and parameters." + convention),
          card("saved_bytes", report.saved_bytes.as_double(), "B", "kept for backward",
               "Bytes that the forward pass keeps for the backward pass, with a fused attention kernel."),
          card("forward_moved_bytes", report.moved_bytes.as_double(), "B", "moved",
               "Bytes that the forward pass reads and writes at the least.")};
}

/// Towers, and the layers inside them.
Grid parts_grid(const FlopsReport& report) {
  Grid grid{{{"tower", "tower"},
             {"layer", "layer"},
             {"repeat", "times"},
             {"parameters", "parameters"},
             {"mul", "forward mul"},
             {"add", "forward add"},
             {"forward", "forward"},
             {"backward", "backward"},
             {"saved", "kept"},
             {"moved", "moved"}},
            {}};
  for (const FlopsPart& tower : report.towers) {
    for (const FlopsPart& layer : tower.parts) {
      grid.rows.push_back({tower.name, layer.name, layer.repeat.value(), layer.parameters.value(), layer.forward.mul.as_double(),
                           layer.forward.add.as_double(), layer.forward.total().as_double(), layer.backward.total().as_double(),
                           layer.saved_bytes.as_double(), layer.moved_bytes.as_double()});
    }
  }
  return grid;
}

Grid operators_grid(const FlopsReport& report) {
  Grid grid = parts_grid({});
  grid.columns[2] = {"operator", "operator"};
  for (const PlacedOperator& one : operators_of(report)) {
    const FlopsPart& part = *one.part;
    grid.rows.push_back({one.tower, one.layer, part.name, part.parameters.value(), part.forward.mul.as_double(),
                         part.forward.add.as_double(), part.forward.total().as_double(), part.backward.total().as_double(),
                         part.saved_bytes.as_double(), part.moved_bytes.as_double()});
  }
  return grid;
}

std::vector<ColumnNote> notes_of(const FlopsReport& report) {
  const std::string unit = unit_of(report);
  return {{"repeat", "", "How often the layer stands in the model; the counts hold all of them."},
          {"parameters", "", "Parameters of all repetitions."},
          {"mul", unit, "Multiplications, divisions, exponentials, roots of a forward pass."},
          {"add", unit, "Additions and subtractions of a forward pass."},
          {"forward", unit, "Operations of a forward pass over the batch."},
          {"backward", unit, "Operations of the gradients."},
          {"saved", "B", "Kept from the forward to the backward pass."},
          {"moved", "B", "Read and written by a forward pass at the least."}};
}

BarChart parts_chart(const FlopsReport& report, const Grid& parts) {
  return bars_of(parts, {.key = "layers_chart",
                         .title = "Operations by layer",
                         .caption = "All repetitions of a layer together.",
                         .axis = {.title = "operations over the batch", .unit = unit_of(report)},
                         .labels = {"tower", "layer"},
                         .values = {{"forward", "forward", "forward"}, {"backward", "backward", "backward"}}});
}

}  // namespace

std::vector<PlacedOperator> operators_of(const FlopsReport& report) {
  std::vector<PlacedOperator> operators;
  for (const FlopsPart& tower : report.towers) {
    for (const FlopsPart& layer : tower.parts) {
      for (const FlopsPart& part : layer.parts) operators.push_back({tower.name, layer.name, &part});
    }
  }
  return operators;
}

Page flops_page(const FlopsReport& report, const std::string& version) {
  Grid parts = parts_grid(report);
  BarChart chart = parts_chart(report, parts);
  chart.numbers = NumbersPlace::InTable;
  chart.source = counted;
  return {
      .command = "flops",
      .title = report.model,
      .answer = fmt::format("A forward pass over a batch of {} takes {}, the backward pass {}; the model has {} parameters, and "
                            "{} are kept for the backward pass.",
                            report.batch, shown_count(report, report.forward), shown_count(report, report.backward),
                            show_count(report.parameters.value()), show_bytes(Bytes(report.saved_bytes.as_double()))),
      .subtitle = {{"batch", std::to_string(report.batch)}, {"convention", report.convention}},
      .sections = {{.key = "answer", .title = {}, .lead = {}, .blocks = {cards_of(report)}},
                   {.key = "layers",
                    .title = "Layers",
                    .lead = {},
                    .blocks = {std::move(chart), Table{.key = "layers_table",
                                                       .title = "Layers in numbers",
                                                       .caption = {},
                                                       .grid = std::move(parts),
                                                       .notes = notes_of(report),
                                                       .source = counted}}},
                   {.key = "operators",
                    .title = "Operators",
                    .lead = {},
                    .blocks = {Table{.key = "operators_table",
                                     .title = "Every operator, with all its repetitions",
                                     .caption = "Click on a heading to sort.",
                                     .grid = operators_grid(report),
                                     .notes = notes_of(report),
                                     .source = counted}}}},
      .version = version};
}

}  // namespace mfusim::html
