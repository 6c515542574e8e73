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

}  // namespace

ConfigurationReader::ConfigurationReader(const SweepSpace& space)
    : space_(space),
      constraints_(space),
      document_(space.scenario),
      scenario_(document_, space.folder, space.name),
      files_{space.name},
      choices_(space.axes.size(), 0) {
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
    scenario_.changed(space_.axes[axis].path);
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

bool ConfigurationReader::breaks_the_same() const {
  if (!broken_) return false;
  for (std::size_t i = 0; i < broken_->axes.size(); ++i) {
    if (choices_[broken_->axes[i]] != broken_->choices[i]) return false;
  }
  return true;
}

void ConfigurationReader::remember(const std::string& rule) {
  broken_ = BrokenRule{{}, {}, rule};
  for (std::size_t axis = 0; axis < choices_.size(); ++axis) {
    if (!scenario_.came_to(space_.axes[axis].path)) continue;
    broken_->axes.push_back(axis);
    broken_->choices.push_back(choices_[axis]);
  }
}

std::variant<const Scenario*, std::string> ConfigurationReader::read() {
  if (breaks_the_same()) return broken_->rule;
  try {
    return &scenario_.read();
  } catch (const InputError& error) {
    const std::string message = error.what();
    if (message.find(": unknown key") != std::string::npos) throw;
    remember(without_place(message, files_));
    return broken_->rule;
  }
}

}  // namespace mfusim
