// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "sim/scenario_document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {

namespace fs = std::filesystem;

namespace {

/// Lays `over` on `base`: mappings merge key by key, anything else replaces, and then a message about the key names its place.
void merge(Node& base, const Node& over) {
  if (base.kind != Node::Kind::Mapping || over.kind != Node::Kind::Mapping) {
    base = over;
    return;
  }
  for (const Node::Member& member : over.members) {
    const auto mine =
        std::find_if(base.members.begin(), base.members.end(), [&](const Node::Member& at) { return at.key == member.key; });
    if (mine == base.members.end()) {
      base.members.push_back(member);
      continue;
    }
    if (member.value.kind != Node::Kind::Mapping) mine->where = member.where;
    merge(mine->value, member.value);
  }
}

/// The document with what it extends beneath it, and that beneath it, and so on.
Node load_extended(const fs::path& path, int depth) {
  constexpr int deepest = 16;
  Node root = load_document(path);
  if (root.kind != Node::Kind::Mapping)
    throw InputError(root.where, "", "expected a mapping with model, cluster and training, got " + describe(root));
  const Node* extends = root.find("extends");
  if (extends == nullptr) return root;
  if (extends->kind != Node::Kind::Scalar)
    throw InputError(extends->where, "extends", "expected a path, got " + describe(*extends));
  if (depth >= deepest) throw InputError(extends->where, "extends", "more than 16 scenarios build on one another: a circle?");
  const fs::path below = path.parent_path() / extends->text;
  if (!fs::exists(below)) throw InputError(extends->where, "extends", fmt::format("no such file: '{}'", shown(extends->text)));
  Node base = load_extended(below, depth + 1);
  std::erase_if(root.members, [](const Node::Member& member) { return member.key == "extends"; });
  merge(base, root);
  return base;
}

}  // namespace

ScenarioDocument load_scenario_document(const fs::path& path, const Settings& settings) {
  ScenarioDocument document{.root = load_extended(path, 0), .folder = path.parent_path(), .name = path.string()};
  for (const auto& [key, value] : settings) set_value(document.root, key, value);
  return document;
}

std::vector<fs::path> files_of_scenario(const fs::path& path) {
  constexpr std::size_t most = 32;  // a circle ends somewhere
  std::vector<fs::path> files;
  fs::path next = path;
  try {
    while (files.size() < most && fs::is_regular_file(next)) {
      files.push_back(next);
      const Node root = load_document(next);
      const fs::path folder = next.parent_path();
      const Node* model = root.find("model");
      if (model != nullptr && model->kind == Node::Kind::Scalar && fs::is_regular_file(folder / model->text))
        files.push_back(folder / model->text);
      const Node* extends = root.find("extends");
      if (extends == nullptr || extends->kind != Node::Kind::Scalar) break;
      next = folder / extends->text;
    }
  } catch (const InputError&) {
    return files;  // whoever reads the scenario says what is wrong
  } catch (const fs::filesystem_error&) {
    return files;
  }
  return files;
}

Scenario read_scenario(const ScenarioDocument& document) {
  return read_scenario(document.root, document.folder, document.name);
}

Scenario load_scenario(const fs::path& path, const Settings& settings) {
  return read_scenario(load_scenario_document(path, settings));
}

}  // namespace mfusim
