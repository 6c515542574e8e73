// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "base/units.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mfusim {

/// A default that stood in for a missing key: visible in every result.
struct UsedDefault {
  std::string path;
  std::string value;
};
using UsedDefaults = std::vector<UsedDefault>;

/// The word of a closed set that stands for a value. Throws std::logic_error where there is none.
template <class E>
[[nodiscard]] std::string word_of(const std::vector<std::pair<std::string, E>>& names, E value) {
  for (const auto& [name, choice] : names) {
    if (choice == value) return name;
  }
  throw std::logic_error("an enumerator without a name");
}

/// Reads one mapping key by key. Every getter throws InputError `file:line: path.to.key: rule, got 'value'`;
/// a missing key names the line of the mapping it should stand in. A getter with a fallback records its use.
/// Call reject_unknown_keys() last: it refuses whatever no getter asked for and suggests the nearest known key.
class Reader {
 public:
  /// `mapping` must outlive the reader. Throws where it is no mapping. `defaults` may be null.
  Reader(const Node& mapping, std::string path, UsedDefaults* defaults);

  [[nodiscard]] bool has(std::string_view key);  ///< The key is there and not null.
  [[nodiscard]] const Node& node() const { return mapping_; }
  [[nodiscard]] const Node& at(std::string_view key);    ///< The raw value of a required key.
  [[nodiscard]] const Node* find(std::string_view key);  ///< Null where missing or null.
  [[nodiscard]] std::string path_of(std::string_view key) const;

  [[nodiscard]] std::string word(std::string_view key);
  [[nodiscard]] std::string word(std::string_view key, std::string_view fallback);
  [[nodiscard]] bool boolean(std::string_view key);
  [[nodiscard]] bool boolean(std::string_view key, bool fallback);
  [[nodiscard]] std::int64_t positive_int(std::string_view key);
  [[nodiscard]] std::int64_t positive_int(std::string_view key, std::int64_t fallback);
  [[nodiscard]] std::int64_t non_negative_int(std::string_view key);
  [[nodiscard]] std::int64_t non_negative_int(std::string_view key, std::int64_t fallback);
  [[nodiscard]] double positive_number(std::string_view key);
  [[nodiscard]] double positive_number(std::string_view key, double fallback);
  [[nodiscard]] double number(std::string_view key);    ///< Finite, any sign.
  [[nodiscard]] double fraction(std::string_view key);  ///< In 0..1.
  [[nodiscard]] double fraction(std::string_view key, double fallback);

  /// A value with a unit, as `450 GB/s`; Q is Bytes, BytesPerSecond, FlopsPerSecond, SamplesPerSecond or Seconds.
  template <class Q>
  [[nodiscard]] Q quantity(std::string_view key) {
    return parsed_quantity<Q>(key, at(key));
  }
  template <class Q>
  [[nodiscard]] Q quantity(std::string_view key, std::string_view fallback) {
    if (is_given(key)) return parsed_quantity<Q>(key, at(key));
    note_default(key, fallback);
    return *parse_quantity<Q>(fallback);
  }

  /// One of a closed set of words.
  template <class E>
  [[nodiscard]] E choice(std::string_view key, const std::vector<std::pair<std::string, E>>& names) {
    return chosen(key, word(key), names);
  }
  template <class E>
  [[nodiscard]] E choice(std::string_view key, const std::vector<std::pair<std::string, E>>& names, std::string_view fallback) {
    return chosen(key, word(key, fallback), names);
  }

  [[nodiscard]] Reader child(std::string_view key);  ///< A required mapping.
  [[nodiscard]] std::optional<Reader> child_if(std::string_view key);
  [[nodiscard]] Reader child_or_empty(std::string_view key);  ///< An empty mapping, placed as this one, where it is missing.
  [[nodiscard]] std::vector<Reader> list_of_mappings(std::string_view key);  ///< A required list of mappings.

  /// Marks a key as known without reading it.
  void allow(std::string_view key) { static_cast<void>(place_of(key)); }
  void note_default(std::string_view key, std::string_view value);
  [[noreturn]] void fail(std::string_view key, std::string_view rule) const;
  void reject_unknown_keys() const;

 private:
  template <class Q>
  [[nodiscard]] Q parsed_quantity(std::string_view key, const Node& value) const {
    const std::optional<Q> parsed = value.kind == Node::Kind::Scalar ? parse_quantity<Q>(value.text) : std::nullopt;
    if (!parsed) fail(key, quantity_rule<Q>() + ", got " + describe(value));
    return *parsed;
  }
  template <class E>
  [[nodiscard]] E chosen(std::string_view key, const std::string& value,
                         const std::vector<std::pair<std::string, E>>& names) const {
    for (const auto& [name, choice] : names) {
      if (name == value) return choice;
    }
    std::vector<std::string> known;
    known.reserve(names.size());
    for (const auto& [name, choice] : names) known.push_back(name);
    fail_choice(key, value, known);
  }
  /// The member with this key, which is known from now on; null where there is none.
  [[nodiscard]] const Node::Member* place_of(std::string_view key);
  [[noreturn]] void fail_choice(std::string_view key, const std::string& value, const std::vector<std::string>& known) const;
  /// Throws where the key stands without a value: that is a forgotten value, not a wish for the default.
  [[nodiscard]] bool is_given(std::string_view key);
  [[nodiscard]] std::int64_t int_at_least(std::string_view key, const Node& value, std::int64_t least) const;

  const Node& mapping_;
  Location where_;  ///< Of the mapping, or of the one that it is missing from.
  std::string path_;
  UsedDefaults* defaults_;
  std::vector<char> known_;  ///< Of the mapping's members: a getter asked for it.
  std::string missing_;      ///< Keys that getters asked for in vain, each with a line break behind it.
};

}  // namespace mfusim
