// SPDX-License-Identifier: Apache-2.0
#include "model/model_table.hpp"

#include "model/flops_report.hpp"
#include "model/read_model.hpp"

namespace mfusim {
namespace {

ModelRow row_of(const ModelEntry& entry) {
  const FlopsReport report = count_flops(load_model(entry.name), InputShape{}, Convention::Matmul);
  ModelRow row;
  row.name = entry.name;
  row.source = entry.source;
  row.licence = entry.licence;
  row.parameters = report.parameters;
  row.forward = report.forward.total();
  for (const FlopsPart& tower : report.towers) {
    if (tower.name == "vision") {
      row.vision_parameters = tower.parameters;
      row.vision_forward = tower.forward.total();
    } else if (tower.name == "text") {
      row.text_parameters = tower.parameters;
      row.text_forward = tower.forward.total();
    }
  }
  if (row.vision_forward && row.text_forward)
    row.vision_to_text = row.vision_forward->as_double() / row.text_forward->as_double();
  return row;
}

}  // namespace

ModelRow model_row(const std::string& name) {
  for (const ModelEntry& entry : model_catalog()) {
    if (entry.name == name) return row_of(entry);
  }
  static_cast<void>(load_model(name));  // throws with the nearest name, or reads a file
  throw InputError("model: " + name + " is a file, not a name of the catalog");
}

std::vector<ModelRow> model_table() {
  std::vector<ModelRow> rows;
  for (const ModelEntry& entry : model_catalog()) rows.push_back(row_of(entry));
  return rows;
}

}  // namespace mfusim
