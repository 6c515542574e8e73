// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/input_error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// A parsed YAML or JSON document, every value with the place it came from. Plain data, whichever format it was.
struct Node {
  enum class Kind { Null, Scalar, Sequence, Mapping };
  struct Member;

  Kind kind = Kind::Null;
  Location where;
  std::string text;             ///< Scalar: as written, without quotes.
  bool quoted = false;          ///< Scalar: it was a string for certain, never a number or a boolean.
  std::vector<Node> items;      ///< Sequence.
  std::vector<Member> members;  ///< Mapping, in the order of the file; keys are unique.

  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] Node* find(std::string_view key);
};

struct Node::Member {
  std::string key;
  Location where;  ///< Of the key: an empty value's own mark would be on a later line.
  Node value;
};

/// What a value is, for messages: "'12k'", "the text '12'" (in quotes), "a list", "a mapping", "nothing".
[[nodiscard]] std::string describe(const Node& node);

/// Lays `over` on `base`: mappings merge key by key, anything else replaces; what is laid over keeps its place.
void overlay(Node& base, const Node& over);

/// `node` as YAML text that reads back as the same document. Comments are lost; quotes are kept, and added where needed.
[[nodiscard]] std::string to_yaml(const Node& node);

}  // namespace mfusim
