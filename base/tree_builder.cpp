// SPDX-License-Identifier: Apache-2.0
#include "base/tree_builder.hpp"

#include <fmt/format.h>

#include <utility>

namespace mfusim {
namespace {

constexpr std::size_t deepest = 100;
constexpr std::size_t longest_key = 200;  // YAML itself ends at 1024 with all escapes

}  // namespace

void TreeBuilder::scalar(std::string text, bool quoted, int line) {
  place(
      Node{.kind = Node::Kind::Scalar, .where = at(line), .text = std::move(text), .quoted = quoted, .items = {}, .members = {}});
}

void TreeBuilder::null(int line) {
  place(Node{.kind = Node::Kind::Null, .where = at(line), .text = {}, .quoted = false, .items = {}, .members = {}});
}

void TreeBuilder::begin(Node::Kind kind, int line) {
  if (open_.size() >= deepest) throw InputError(at(line), "", fmt::format("nested deeper than {} levels", deepest));
  if (!open_.empty() && open_.back().node.kind == Node::Kind::Mapping && !open_.back().has_key) {
    throw InputError(at(line), "", "a key must be a plain word, got a list or a mapping (is a bracket left open?)");
  }
  Open opened;
  opened.node.kind = kind;
  opened.node.where = at(line);
  open_.push_back(std::move(opened));
}

void TreeBuilder::end() {
  Node done = std::move(open_.back().node);
  open_.pop_back();
  place(std::move(done));
}

Node TreeBuilder::take() {
  return std::move(root_);
}

void TreeBuilder::take_key(const Node& node) {
  if (node.kind != Node::Kind::Scalar || node.text.empty()) {
    throw InputError(node.where, "", "a key must be a plain word, got " + describe(node));
  }
  if (node.text.size() > longest_key) {
    throw InputError(node.where, "", fmt::format("a key is longer than {} bytes: {}", longest_key, shown(node.text)));
  }
  Open& mapping = open_.back();
  const auto [first, is_new] = mapping.key_lines.emplace(node.text, node.where.line);
  if (!is_new) throw InputError(node.where, node.text, fmt::format("repeated key, first given on line {}", first->second));
  mapping.key = node.text;
  mapping.key_where = node.where;
  mapping.has_key = true;
}

void TreeBuilder::place(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Open& parent = open_.back();
  if (parent.node.kind == Node::Kind::Sequence) {
    parent.node.items.push_back(std::move(node));
  } else if (!parent.has_key) {
    take_key(node);
  } else {
    parent.node.members.push_back({std::move(parent.key), parent.key_where, std::move(node)});
    parent.has_key = false;
  }
}

}  // namespace mfusim
