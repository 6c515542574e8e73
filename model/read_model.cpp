// SPDX-License-Identifier: Apache-2.0
#include "model/read_model.hpp"

#include "base/nearest.hpp"
#include "model/model_formats.hpp"
#include "model/not_modelled.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <utility>

namespace mfusim {

namespace embedded {
const std::map<std::string_view, std::string_view>& model_catalog();
}

namespace {

namespace fs = std::filesystem;

std::vector<ModelEntry> read_index() {
  const Node root = parse_json(embedded::model_catalog().at("index.json"), "model/catalog/index.json");
  std::vector<ModelEntry> entries;
  Reader reader(root, "", nullptr);
  reader.allow("_about");
  for (Reader& source : reader.list_of_mappings("sources")) {
    const std::string url = source.word("source");
    const std::string licence = source.word("licence");
    Reader models = source.child("models");
    for (const Node::Member& member : models.node().members) {
      entries.push_back({.name = member.key, .file = models.word(member.key), .source = url, .licence = licence});
    }
    source.reject_unknown_keys();
  }
  reader.reject_unknown_keys();
  std::sort(entries.begin(), entries.end(), [](const ModelEntry& a, const ModelEntry& b) { return a.name < b.name; });
  return entries;
}

ModelSpec load_from_catalog(const ModelEntry& entry) {
  const auto file = embedded::model_catalog().find(entry.file);
  if (file == embedded::model_catalog().end())
    throw std::logic_error("model/catalog/index.json names a missing file: " + entry.file);
  ModelSpec model = read_model_config(parse_json(file->second, "model/catalog/" + entry.file), entry.name);
  model.source = entry.source;
  return model;
}

bool names_a_file(std::string_view text) {
  return text.ends_with(".json") || text.ends_with(".yaml") || text.starts_with(".") || text.starts_with("/") || fs::exists(text);
}

/// "; did you mean 'x'?": the model of the catalog that differs in how it was tuned alone, or the nearest names.
std::string catalog_hint(std::string_view name) {
  const std::string untuned = untuned_name(name);
  for (const ModelEntry& entry : model_catalog()) {
    if (untuned_name(entry.name) == untuned) return fmt::format("; did you mean '{}'?", entry.name);
  }
  const std::string hint = suggestion(name, model_names());
  return hint.empty() ? "; `mfusim models` lists the catalog" : hint;
}

}  // namespace

const std::vector<ModelEntry>& model_catalog() {
  static const std::vector<ModelEntry> entries = read_index();
  return entries;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelEntry& entry : model_catalog()) names.push_back(entry.name);
  return names;
}

ModelSpec load_model(std::string_view name_or_path) {
  for (const ModelEntry& entry : model_catalog()) {
    if (entry.name == name_or_path) return load_from_catalog(entry);
  }
  if (names_a_file(name_or_path)) {
    const fs::path path(name_or_path);
    ModelSpec model = read_model_config(load_document(path), path.string());
    model.source = path.string();
    return model;
  }
  if (const std::string_view what = unmodelled_structure_of_model(name_or_path); !what.empty()) {
    throw InputError(fmt::format("model: {} is not modelled, got '{}'", what, shown(name_or_path)));
  }
  throw InputError(fmt::format("model: expected a name of the catalog or the path of a config.json, got '{}'{}",
                               shown(name_or_path), catalog_hint(name_or_path)));
}

ModelSpec read_model_config(const Node& root, std::string name) {
  Reader reader(root, "", nullptr);
  const auto named = [&](ModelSpec model) {
    model.name = std::move(name);
    return model;
  };
  if (reader.has("model_cfg")) return named(read_open_clip_model(reader.child("model_cfg")));
  if (reader.has("vision_cfg") || reader.has("text_cfg")) return named(read_open_clip_model(reader));
  if (reader.has("model_type") || reader.has("architectures")) return named(read_hugging_face_model(reader));
  if (reader.has("kind")) return named(read_inline_model(reader));
  throw InputError(root.where, "",
                   "expected a model configuration: Hugging Face (model_type), open_clip or EVA-CLIP (vision_cfg, text_cfg) or a "
                   "mapping with `kind`");
}

}  // namespace mfusim
