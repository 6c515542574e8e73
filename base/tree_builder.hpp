// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Builds a Node from the events of a parser (YAML or JSON), and refuses what neither may contain:
/// repeated keys, keys that are lists or mappings, keys longer than 200 bytes, nesting deeper than 100.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::string file) : file_(std::make_shared<const std::string>(std::move(file))) {}

  void scalar(std::string text, bool quoted, int line);
  void null(int line);
  void begin(Node::Kind kind, int line);
  void end();
  [[nodiscard]] Node take();
  [[nodiscard]] Location at(int line) const { return {file_, line}; }

 private:
  struct Open {
    Node node;
    std::string key;
    Location key_where;
    bool has_key = false;
    std::map<std::string, int> key_lines;  // where each key was given
  };
  void place(Node node);
  void take_key(const Node& node);

  std::shared_ptr<const std::string> file_;
  std::vector<Open> open_;
  Node root_;
};

}  // namespace mfusim
