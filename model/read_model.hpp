// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/document.hpp"
#include "base/reader.hpp"
#include "model/spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// A model of the catalog: its name, the embedded configuration file, where that was published and under which licence.
struct ModelEntry {
  std::string name;
  std::string file;
  std::string source;
  std::string licence;
};

/// Every model of the catalog, by name.
[[nodiscard]] const std::vector<ModelEntry>& model_catalog();
[[nodiscard]] std::vector<std::string> model_names();

/// A model by its catalog name, or from a configuration file where `name_or_path` names a file: Hugging Face config.json,
/// open_clip and EVA-CLIP model configs, open_clip_config.json, or this program's own mapping (`kind: ..`).
/// Throws InputError: the nearest catalog name, or file, line, key, rule and value.
[[nodiscard]] ModelSpec load_model(std::string_view name_or_path);

/// A model from an already parsed configuration of any of these formats.
[[nodiscard]] ModelSpec read_model_config(const Node& root, std::string name);

/// The `model:` mapping of a scenario: `kind: decoder`, `kind: clip` or `kind: vit`; docs/models.md lists the keys.
[[nodiscard]] ModelSpec read_inline_model(Reader reader);

}  // namespace mfusim
