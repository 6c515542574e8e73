// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/input_shape.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// A line of `mfusim models`: forward operations of one sample at the model's own lengths, in the `matmul` convention.
struct ModelRow {
  std::string name, source, licence;
  Count parameters;
  std::optional<Count> vision_parameters, text_parameters;
  Count forward;
  std::optional<Count> vision_forward, text_forward;
  std::optional<double> vision_to_text;  ///< Operations of the vision tower for one of the text tower.
};

/// Throws InputError on an unknown name.
[[nodiscard]] ModelRow model_row(const std::string& name);
/// The whole catalog, by name.
[[nodiscard]] std::vector<ModelRow> model_table();

}  // namespace mfusim
