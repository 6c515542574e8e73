// SPDX-License-Identifier: Apache-2.0
#include "hardware/catalog_reader.hpp"

#include "base/document.hpp"
#include "base/nearest.hpp"

#include <fmt/format.h>

namespace mfusim {

namespace {

constexpr std::string_view extension = ".yaml";

std::string joined(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string text_of(const Node& node) {
  if (node.kind != Node::Kind::Sequence) return node.text;
  std::string text;
  for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + item.text;
  return "[" + text + "]";
}

bool is_provenance(const std::string& key) {
  return key == "source" || key == "sources" || key == "reference" || key == "provenance" || key == "also_called";
}

std::string source_of(const Node& mapping, const std::string& key, const std::string& inherited) {
  const Node* sources = mapping.find("sources");
  const Node* own = sources != nullptr ? sources->find(key) : nullptr;
  return own != nullptr ? own->text : inherited;
}

void collect(const Node& mapping, const std::string& path, std::string inherited, std::vector<Figure>& figures) {
  if (const Node* source = mapping.find("source")) inherited = source->text;
  for (const Node::Member& member : mapping.members) {
    if (is_provenance(member.key)) continue;
    const std::string source = source_of(mapping, member.key, inherited);
    const std::string here = member.key == "value" ? path : joined(path, member.key);
    if (member.value.kind == Node::Kind::Mapping) {
      collect(member.value, here, source, figures);
    } else if (source.empty()) {
      throw InputError(member.where, here, "expected a source beside it");
    } else {
      figures.push_back({here, text_of(member.value), source});
    }
  }
}

}  // namespace

std::vector<std::string> catalog_names(const CatalogFiles& files) {
  std::vector<std::string> names;
  for (const auto& [file, text] : files) names.emplace_back(file.substr(0, file.size() - extension.size()));
  return names;
}

Node catalog_entry(const CatalogFiles& files, std::string_view name, std::string_view what) {
  const std::string file = std::string(name) + std::string(extension);
  const auto found = files.find(std::string_view(file));
  if (found == files.end()) {
    const std::string near = suggestion(name, catalog_names(files));
    throw InputError(fmt::format("unknown {} '{}'{}", what, shown(name),
                                 near.empty() ? "; `mfusim hardware` lists those that are known" : near));
  }
  return parse_yaml(found->second, "catalog/" + file);
}

std::vector<Figure> figures_of(const Node& node) {
  std::vector<Figure> figures;
  collect(node, "", "", figures);
  return figures;
}

Reader sourced(Reader& reader, std::string_view key) {
  Reader figure = reader.child(key);
  (void)figure.word("source");
  return figure;
}

}  // namespace mfusim
