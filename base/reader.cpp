// SPDX-License-Identifier: Apache-2.0
#include "base/reader.hpp"

#include "base/nearest.hpp"
#include "base/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace mfusim {

Reader::Reader(const Node& mapping, std::string path, UsedDefaults* defaults)
    : mapping_(mapping), where_(mapping.where), path_(std::move(path)), defaults_(defaults), known_(mapping.members.size()) {
  if (mapping_.kind != Node::Kind::Mapping)
    throw InputError(mapping_.where, path_, "expected a mapping, got " + describe(mapping_));
}

std::string Reader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const Node::Member* Reader::place_of(std::string_view key) {
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (mapping_.members[i].key != key) continue;
    known_[i] = 1;
    return &mapping_.members[i];
  }
  (missing_ += key) += '\n';
  return nullptr;
}

const Node* Reader::find(std::string_view key) {
  const Node::Member* member = place_of(key);
  return member != nullptr && member->value.kind != Node::Kind::Null ? &member->value : nullptr;
}

bool Reader::has(std::string_view key) {
  return find(key) != nullptr;
}

const Node& Reader::at(std::string_view key) {
  const Node* value = find(key);
  if (value == nullptr) fail(key, mapping_.find(key) == nullptr ? "missing" : "expected a value, got nothing");
  return *value;
}

bool Reader::is_given(std::string_view key) {
  if (has(key)) return true;
  if (mapping_.find(key) != nullptr) fail(key, "expected a value, got nothing (leave the key out for its default)");
  return false;
}

void Reader::fail(std::string_view key, std::string_view rule) const {
  Location where = where_;
  for (const Node::Member& member : mapping_.members) {
    if (member.key == key) where = member.where;
  }
  throw InputError(where, path_of(key), rule);
}

void Reader::note_default(std::string_view key, std::string_view value) {
  if (defaults_ != nullptr) defaults_->push_back({path_of(key), std::string(value)});
}

std::string Reader::word(std::string_view key) {
  const Node& value = at(key);
  if (value.kind != Node::Kind::Scalar) fail(key, "expected a word, got " + describe(value));
  return value.text;
}

std::string Reader::word(std::string_view key, std::string_view fallback) {
  if (is_given(key)) return word(key);
  note_default(key, fallback);
  return std::string(fallback);
}

bool Reader::boolean(std::string_view key) {
  const Node& value = at(key);
  if (value.kind == Node::Kind::Scalar && !value.quoted && value.text == "true") return true;
  if (value.kind == Node::Kind::Scalar && !value.quoted && value.text == "false") return false;
  fail(key, "expected true or false, got " + describe(value));
}

bool Reader::boolean(std::string_view key, bool fallback) {
  if (is_given(key)) return boolean(key);
  note_default(key, fallback ? "true" : "false");
  return fallback;
}

std::int64_t Reader::int_at_least(std::string_view key, const Node& value, std::int64_t least) const {
  const std::string rule = least > 0 ? "expected a positive integer" : "expected a non-negative integer";
  if (value.kind != Node::Kind::Scalar || value.quoted) fail(key, rule + ", got " + describe(value));
  const std::optional<std::int64_t> parsed = parse_integer(value.text);
  const char* const hint = value.text.find_first_of(", _'") != std::string::npos ? " (digits alone, without separators)" : "";
  if (!parsed || *parsed < least) fail(key, rule + ", got " + describe(value) + hint);
  return *parsed;
}

std::int64_t Reader::positive_int(std::string_view key) {
  return int_at_least(key, at(key), 1);
}

std::int64_t Reader::positive_int(std::string_view key, std::int64_t fallback) {
  if (is_given(key)) return positive_int(key);
  if (defaults_ != nullptr) note_default(key, fmt::format("{}", fallback));
  return fallback;
}

std::int64_t Reader::non_negative_int(std::string_view key) {
  return int_at_least(key, at(key), 0);
}

std::int64_t Reader::non_negative_int(std::string_view key, std::int64_t fallback) {
  if (is_given(key)) return non_negative_int(key);
  if (defaults_ != nullptr) note_default(key, fmt::format("{}", fallback));
  return fallback;
}

double Reader::number(std::string_view key) {
  const Node& value = at(key);
  const std::optional<double> parsed =
      value.kind == Node::Kind::Scalar && !value.quoted ? parse_number(value.text) : std::nullopt;
  if (!parsed) fail(key, "expected a number, got " + describe(value));
  return *parsed;
}

double Reader::positive_number(std::string_view key) {
  const double value = number(key);
  if (!(value > 0)) fail(key, "expected a positive number, got " + describe(at(key)));
  return value;
}

double Reader::positive_number(std::string_view key, double fallback) {
  if (is_given(key)) return positive_number(key);
  if (defaults_ != nullptr) note_default(key, fmt::format("{}", fallback));
  return fallback;
}

double Reader::fraction(std::string_view key) {
  const double value = number(key);
  if (value < 0 || value > 1) fail(key, "expected a number from 0 to 1, got " + describe(at(key)));
  return value;
}

double Reader::fraction(std::string_view key, double fallback) {
  if (is_given(key)) return fraction(key);
  if (defaults_ != nullptr) note_default(key, fmt::format("{}", fallback));
  return fallback;
}

Reader Reader::child(std::string_view key) {
  return {at(key), path_of(key), defaults_};
}

std::optional<Reader> Reader::child_if(std::string_view key) {
  const Node* value = find(key);
  if (value == nullptr) return std::nullopt;
  return Reader(*value, path_of(key), defaults_);
}

Reader Reader::child_or_empty(std::string_view key) {
  static const Node empty{.kind = Node::Kind::Mapping, .where = {}, .text = {}, .quoted = false, .items = {}, .members = {}};
  const Node* value = find(key);
  if (value != nullptr) return {*value, path_of(key), defaults_};
  Reader missing(empty, path_of(key), defaults_);
  missing.where_ = where_;
  return missing;
}

std::vector<Reader> Reader::list_of_mappings(std::string_view key) {
  const Node& value = at(key);
  if (value.kind != Node::Kind::Sequence) fail(key, "expected a list, got " + describe(value));
  std::vector<Reader> readers;
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    readers.emplace_back(value.items[i], fmt::format("{}[{}]", path_of(key), i), defaults_);
  }
  return readers;
}

void Reader::fail_choice(std::string_view key, const std::string& value, const std::vector<std::string>& known) const {
  fail(key, fmt::format("expected one of {}, got '{}'{}", fmt::join(known, ", "), shown(value), suggestion(value, known)));
}

namespace {

/// Letters that begin the words of `key` and then of its section: parallel.tensor is "tp", for tensor parallel.
std::string initials(std::string_view key, std::string_view section) {
  std::string letters;
  for (const std::string_view part : {key, section}) {
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (i == 0 || part[i - 1] == '_') letters += part[i];
    }
  }
  return letters;
}

std::string hint_for(const std::string& key, const std::string& path, const std::vector<std::string>& known) {
  std::string near = suggestion(key, known);
  if (!near.empty()) return near;
  const auto at = std::find_if(known.begin(), known.end(), [&](const auto& word) { return initials(word, path) == key; });
  return at == known.end() ? "" : fmt::format("; did you mean '{}'?", *at);
}

}  // namespace

void Reader::reject_unknown_keys() const {
  const auto unknown = std::find(known_.begin(), known_.end(), 0);
  if (unknown == known_.end()) return;
  std::set<std::string> known;  // in an order that does not depend on when they were asked for
  for (std::size_t i = 0; i < known_.size(); ++i) {
    if (known_[i] != 0) known.insert(mapping_.members[i].key);
  }
  for (std::size_t at = 0, end = 0; (end = missing_.find('\n', at)) != std::string::npos; at = end + 1)
    known.insert(missing_.substr(at, end - at));
  const Node::Member& member = mapping_.members[static_cast<std::size_t>(unknown - known_.begin())];
  throw InputError(member.where, path_of(member.key),
                   "unknown key" + hint_for(member.key, path_, std::vector<std::string>(known.begin(), known.end())));
}

}  // namespace mfusim
