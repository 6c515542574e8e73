// SPDX-License-Identifier: Apache-2.0
#include "study/case_file.hpp"

#include "base/document.hpp"
#include "base/reader.hpp"

#include <fmt/format.h>

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

Scenario read_case(const CaseDocument& document, const Settings& settings) {
  if (!document.is_case) return load_scenario(document.file, settings);
  try {
    Node root = document.document;
    for (const auto& [key, value] : settings) set_value(root, key, value);
    return read_scenario(root, document.file.parent_path(), fmt::format("{}#{}", document.file.string(), document.id));
  } catch (const InputError& error) {
    throw InputError(document.where, "cases." + document.id, error.what());
  }
}

}  // namespace mfusim
