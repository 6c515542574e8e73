// SPDX-License-Identifier: Apache-2.0
#include "base/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace mfusim {
namespace {

/// May `text` stand without quotes inside [] and {}, and read back unchanged?
bool is_plain(const std::string& text) {
  constexpr std::string_view inside = "_./+%@()= -";
  const auto plain = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || inside.find(c) != std::string_view::npos;
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), plain)) return false;
  const bool spaced = text.front() == ' ' || text.back() == ' ';
  const bool marks = text[0] == '%' || text[0] == '@' || text[0] == '=' || text == "-" || text.substr(0, 2) == "- " ||
                     text.substr(0, 3) == "---" || text.substr(0, 3) == "...";
  return !spaced && !marks;
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Text that cannot stand plain is no number, boolean or null, so quoting it keeps its meaning.
std::string scalar(const Node& node) {
  return !node.quoted && is_plain(node.text) ? node.text : in_quotes(node.text);
}

std::string key_text(const std::string& key) {
  return is_plain(key) && key != "null" && key.find(' ') == std::string::npos ? key : in_quotes(key);
}

std::string flow(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "null";
    case Node::Kind::Scalar:
      return scalar(node);
    case Node::Kind::Sequence: {
      std::string out;
      for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + flow(item);
      return "[" + out + "]";
    }
    case Node::Kind::Mapping: {
      std::string out;
      for (const Node::Member& member : node.members) {
        out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", key_text(member.key), flow(member.value));
      }
      return "{" + out + "}";
    }
  }
  return {};
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto at = std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.key == key; });
  return at == members.end() ? nullptr : &at->value;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node&>(*this).find(key));
}

void overlay(Node& base, const Node& over) {
  if (base.kind != Node::Kind::Mapping || over.kind != Node::Kind::Mapping) {
    base = over;
    return;
  }
  for (const Node::Member& member : over.members) {
    const auto same = [&](const Node::Member& mine) { return mine.key == member.key; };
    const auto mine = std::find_if(base.members.begin(), base.members.end(), same);
    if (mine == base.members.end()) {
      base.members.push_back(member);
    } else {
      mine->where = member.where;
      overlay(mine->value, member.value);
    }
  }
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Scalar:
      return (node.quoted ? "the text '" : "'") + shown(node.text) + "'";
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Mapping:
      return "a mapping";
  }
  return {};
}

std::string to_yaml(const Node& node) {
  if (node.kind != Node::Kind::Mapping || node.members.empty()) return flow(node) + "\n";
  std::string out;
  for (const Node::Member& member : node.members) out += fmt::format("{}: {}\n", key_text(member.key), flow(member.value));
  return out;
}

}  // namespace mfusim
