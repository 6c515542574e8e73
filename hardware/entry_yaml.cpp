// SPDX-License-Identifier: Apache-2.0
#include "hardware/entry_yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace mfusim {

namespace {

constexpr std::size_t fields_of_a_figure = 6;

/// A figure: few plain values, as `{value: 80 GiB, source: "..."}`.
bool is_figure(const Node& node) {
  const bool plain = std::all_of(node.members.begin(), node.members.end(),
                                 [](const Node::Member& member) { return member.value.kind != Node::Kind::Mapping; });
  return plain && node.members.size() <= fields_of_a_figure;
}

/// A scalar or a list, on one line.
std::string plain(const Node& node) {
  std::string text = to_yaml(node);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string braces(const Node& figure) {
  std::vector<std::string> fields;
  for (const Node::Member& member : figure.members) fields.push_back(fmt::format("{}: {}", member.key, plain(member.value)));
  return fmt::format("{{{}}}", fmt::join(fields, ", "));
}

void write(const Node& mapping, std::size_t depth, std::string& text) {
  for (const Node::Member& member : mapping.members) {
    const std::string indent(2 * depth, ' ');
    if (member.value.kind == Node::Kind::Mapping && !is_figure(member.value)) {
      text += fmt::format("{}{}:\n", indent, member.key);
      write(member.value, depth + 1, text);
    } else {
      const bool figure = member.value.kind == Node::Kind::Mapping;
      text += fmt::format("{}{}: {}\n", indent, member.key, figure ? braces(member.value) : plain(member.value));
    }
  }
}

}  // namespace

std::string entry_yaml(const Node& entry) {
  std::string text;
  write(entry, 0, text);
  return text;
}

}  // namespace mfusim
