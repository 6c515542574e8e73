// SPDX-License-Identifier: Apache-2.0
#include "study/case_file.hpp"

#include "base/document.hpp"
#include "base/nearest.hpp"
#include "base/reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace mfusim {
namespace {

namespace fs = std::filesystem;

void erase_key(Node& mapping, std::string_view key) {
  std::erase_if(mapping.members, [key](const Node::Member& member) { return member.key == key; });
}

CaseDocument whole_file(const fs::path& path, Node root) {
  std::string id = path.stem().string();
  if (const Node* measured = root.find("measured")) {
    const Node* own = measured->find("id");
    if (own != nullptr && own->kind == Node::Kind::Scalar) id = own->text;
  }
  const Location where = root.where;
  return {.id = std::move(id), .file = path, .where = where, .document = std::move(root), .is_case = false};
}

CaseDocument laid_over(const Node& base, Node item, const fs::path& path) {
  std::string id = Reader(item, "cases", nullptr).word("id");
  const Location where = item.find("id")->where;
  erase_key(item, "id");
  Node document = base;
  overlay(document, item);
  return {.id = std::move(id), .file = path, .where = where, .document = std::move(document), .is_case = true};
}

/// A case of a list with the settings on top.
ScenarioDocument scenario_of(const CaseDocument& document, const Settings& settings) {
  ScenarioDocument scenario{.root = document.document,
                            .folder = document.file.parent_path(),
                            .name = fmt::format("{}#{}", document.file.string(), document.id)};
  for (const auto& [key, value] : settings) set_value(scenario.root, key, value);
  return scenario;
}

}  // namespace

std::vector<CaseDocument> read_case_file(const fs::path& path) {
  Node root = load_document(path);
  if (root.kind != Node::Kind::Mapping) throw InputError(root.where, "", "expected a mapping, got " + describe(root));
  const Node* list = root.find("cases");
  if (list == nullptr) return {whole_file(path, std::move(root))};
  if (const Node* extends = root.find("extends"))
    throw InputError(extends->where, "extends", "stands beside cases: a list of cases has its base in the same file");
  if (list->kind != Node::Kind::Sequence || list->items.empty())
    throw InputError(list->where, "cases", "expected a list of mappings, got " + describe(*list));
  const std::vector<Node> items = list->items;
  erase_key(root, "cases");
  std::vector<CaseDocument> cases;
  std::set<std::string> ids;
  for (const Node& item : items) {
    cases.push_back(laid_over(root, item, path));
    if (!ids.insert(cases.back().id).second)
      throw InputError(cases.back().where, "cases.id", fmt::format("'{}' is given twice", shown(cases.back().id)));
  }
  return cases;
}

CaseDocument find_case(const std::vector<CaseDocument>& cases, std::string_view id) {
  const auto found = std::find_if(cases.begin(), cases.end(), [&](const CaseDocument& document) { return document.id == id; });
  if (found != cases.end()) return *found;
  constexpr std::size_t most = 5;
  std::vector<std::string> ids;
  ids.reserve(cases.size());
  for (const CaseDocument& document : cases) ids.push_back(document.id);
  const std::vector<std::string> near = near_words(id, ids, most);
  const std::string hint = near.empty() ? fmt::format("there are {}, as '{}'", ids.size(), shown(ids.empty() ? "" : ids.front()))
                                        : fmt::format("near it: {}", fmt::join(near, ", "));
  throw InputError(fmt::format("--case: no case is called '{}'; {}", shown(id), hint));
}

ScenarioDocument load_case_document(const fs::path& path, std::string_view id, const Settings& settings) {
  const std::vector<CaseDocument> cases = read_case_file(path);
  if (cases.size() == 1 && !cases.front().is_case)
    throw InputError(fmt::format("--case: {} is a single scenario, without cases", shown(path.string())));
  return scenario_of(find_case(cases, id), settings);
}

Scenario read_case(const CaseDocument& document, const Settings& settings) {
  if (!document.is_case) return load_scenario(document.file, settings);
  try {
    return read_scenario(scenario_of(document, settings));
  } catch (const InputError& error) {
    throw InputError(document.where, "cases." + document.id, error.what());
  }
}

}  // namespace mfusim
