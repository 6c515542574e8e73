// SPDX-License-Identifier: Apache-2.0
#include "study/configuration.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// The files that a document came from: it may extend another.
void collect_files(const Node& node, std::set<std::string>& files) {
  if (node.where.file) files.insert(shown(*node.where.file));
  for (const Node& item : node.items) collect_files(item, files);
  for (const Node::Member& member : node.members) collect_files(member.value, files);
}

/// "file:12: key: rule" -> "key: rule": rules are the same wherever the value stood.
std::string without_place(std::string message, const std::set<std::string>& files) {
  for (const std::string& file : files) {
    if (!message.starts_with(file + ":")) continue;
    const std::size_t end = message.find(": ", file.size());
    return end == std::string::npos ? message : message.substr(end + 2);
  }
  return message;
}

/// A value that no key takes: whoever reads it breaks another rule.
SweepAxis unreadable(const SweepAxis& axis) {
  Node nothing;
  Node list;
  list.kind = Node::Kind::Sequence;
  list.where = axis.where;
  list.items = {nothing};
  return {.path = axis.path, .where = axis.where, .values = {list}, .labels = {}};
}

bool has_plain_values(const SweepAxis& axis) {
  const auto is_plain = [](const Node& value) { return value.kind == Node::Kind::Scalar; };
  return std::all_of(axis.values.begin(), axis.values.end(), is_plain);
}

}  // namespace

ConfigurationReader::ConfigurationReader(const SweepSpace& space)
    : space_(space), constraints_(space), document_(space.scenario), files_{space.name}, choices_(space.axes.size(), 0) {
  collect_files(space.scenario, files_);
  for (const SweepAxis& axis : space.axes) {
    for (const Node& value : axis.values) collect_files(value, files_);
  }
}

bool ConfigurationReader::move_to(std::int64_t index) {
  const std::vector<std::size_t> choices = choices_of(space_, index);
  for (std::size_t axis = 0; axis < choices.size(); ++axis) {
    if (index_ >= 0 && choices[axis] == choices_[axis]) continue;
    put_value(document_, space_, space_.axes[axis], choices[axis]);
    constraints_.choose(axis, choices[axis]);
  }
  choices_ = choices;
  index_ = index;
  violated_ = constraints_.violated();
  return !violated_;
}

std::int64_t ConfigurationReader::next_candidate() const {
  const std::optional<std::size_t> last = violated_ ? constraints_.last_axis_of(*violated_) : std::nullopt;
  if (!last) return violated_ ? space_.size : index_ + 1;
  std::int64_t stride = 1;  // of configurations that differ in later axes alone
  for (std::size_t axis = *last + 1; axis < space_.axes.size(); ++axis)
    stride *= static_cast<std::int64_t>(space_.axes[axis].values.size());
  return (index_ / stride + 1) * stride;
}

std::variant<Scenario, std::string> ConfigurationReader::read_document() {
  try {
    return read_scenario(document_, space_.folder, space_.name, catalogs_);
  } catch (const InputError& error) {
    const std::string message = error.what();
    if (message.find(": unknown key") != std::string::npos) throw;
    return without_place(message, files_);
  }
}

/// Whether the rule breaks in the same words where this axis and all after it have values that nobody can read: then the rule
/// was found broken before any of them was looked at.
bool ConfigurationReader::breaks_without(std::size_t axis, const std::string& rule) {
  for (std::size_t i = axis; i < choices_.size(); ++i) put_value(document_, space_, unreadable(space_.axes[i]), 0);
  const std::variant<Scenario, std::string> read = read_document();
  for (std::size_t i = axis; i < choices_.size(); ++i) put_value(document_, space_, space_.axes[i], choices_[i]);
  const auto* same = std::get_if<std::string>(&read);
  return same != nullptr && *same == rule;
}

std::size_t ConfigurationReader::first_axis_without_effect(const std::string& rule) {
  std::size_t first = choices_.size();
  while (first > 0 && has_plain_values(space_.axes[first - 1]) && breaks_without(first - 1, rule)) --first;
  return first;
}

void ConfigurationReader::remember(const std::string& rule) {
  const std::string_view key = std::string_view(rule).substr(0, rule.find(": "));
  const auto known = first_axis_of_key_.find(key);
  const std::size_t first = known != first_axis_of_key_.end() ? known->second : first_axis_without_effect(rule);
  if (known == first_axis_of_key_.end()) first_axis_of_key_.emplace(key, first);
  if (first == choices_.size() || !breaks_without(first, rule)) return;
  broken_ = {{choices_.begin(), choices_.begin() + static_cast<std::ptrdiff_t>(first)}, rule};
}

std::variant<Scenario, std::string> ConfigurationReader::read() {
  if (broken_ && std::equal(broken_->first_choices.begin(), broken_->first_choices.end(), choices_.begin())) return broken_->rule;
  std::variant<Scenario, std::string> answer = read_document();
  if (const auto* rule = std::get_if<std::string>(&answer)) remember(*rule);
  return answer;
}

}  // namespace mfusim
