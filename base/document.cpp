// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

namespace mfusim {

namespace fs = std::filesystem;

namespace {

/// An argument has no lines to name.
void forget_lines(Node& node) {
  node.where.line = 0;
  for (Node& item : node.items) forget_lines(item);
  for (Node::Member& member : node.members) {
    member.where.line = 0;
    forget_lines(member.value);
  }
}

/// "path.to.key" -> path, to, key: at least one, none empty.
std::vector<std::string> keys_of(std::string_view path, const std::string& option) {
  std::vector<std::string> keys;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t dot = std::min(path.find('.', start), path.size());
    if (dot == start) throw InputError(option + ": expected path.to.key=value");
    keys.emplace_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  return keys;
}

/// The member of a mapping, made where it is missing.
Node::Member& member_of(Node& mapping, const std::string& key, const Location& where) {
  for (Node::Member& member : mapping.members) {
    if (member.key == key) return member;
  }
  Node nothing;
  nothing.where = where;
  return mapping.members.emplace_back(Node::Member{key, where, std::move(nothing)});
}

}  // namespace

std::string read_file(const fs::path& path) {
  constexpr std::size_t largest = 64U << 20U;
  const Location where{std::make_shared<const std::string>(path.string()), 0};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw InputError(where, "", "no such file");
  if (fs::is_directory(status)) throw InputError(where, "", "expected a file, got a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError(where, "", "cannot be read");
  std::string text;
  std::vector<char> block(1U << 16U);
  // not by the size of the file: a pipe has none, and a device may never end
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > largest) throw InputError(where, "", "larger than 64 MiB");
  }
  if (in.bad()) throw InputError(where, "", "cannot be read");
  return text;
}

Node load_document(const fs::path& path) {
  const std::string text = read_file(path);
  return path.extension() == ".json" ? parse_json(text, path.string()) : parse_yaml(text, path.string());
}

void set_value(Node& root, std::string_view path, std::string_view value) {
  const std::string option = fmt::format("--set {}", shown(path));
  if (value.find_first_not_of(" \t\r\n") == std::string_view::npos) throw InputError(option + ": expected a value after '='");
  Node parsed = parse_yaml(value, fmt::format("{}={}", option, shown(value)));
  forget_lines(parsed);
  Node::Member* member = nullptr;
  Node* at = &root;
  for (const std::string& key : keys_of(path, option)) {
    if (at->kind == Node::Kind::Null) at->kind = Node::Kind::Mapping;
    if (at->kind != Node::Kind::Mapping) throw InputError(parsed.where, key, "its parent is no mapping but " + describe(*at));
    member = &member_of(*at, key, parsed.where);
    at = &member->value;
  }
  member->where = parsed.where;
  member->value = std::move(parsed);
}

}  // namespace mfusim
