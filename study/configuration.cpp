// SPDX-License-Identifier: Apache-2.0
#include "study/configuration.hpp"

namespace mfusim {
namespace {

/// "file:12: key: rule" -> "key: rule": rules are the same wherever the value stood.
std::string without_place(std::string message, const std::string& file) {
  if (!message.starts_with(file + ":")) return message;
  const std::size_t end = message.find(": ");
  return end == std::string::npos ? message : message.substr(end + 2);
}

}  // namespace

ConfigurationReader::ConfigurationReader(const SweepSpace& space)
    : space_(space), constraints_(space), document_(space.scenario), choices_(space.axes.size(), 0) {}

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

std::variant<Scenario, std::string> ConfigurationReader::read() {
  try {
    return read_scenario(document_, space_.folder, space_.name, catalogs_);
  } catch (const InputError& error) {
    const std::string message = error.what();
    if (message.find(": unknown key") != std::string::npos) throw;
    return without_place(message, space_.name);
  }
}

}  // namespace mfusim
