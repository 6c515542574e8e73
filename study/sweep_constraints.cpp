// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_constraints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

using Leaves = std::vector<std::pair<std::string, std::string>>;

void collect_leaves(const Node& node, const std::string& path, Leaves& leaves) {
  if (node.kind == Node::Kind::Scalar) leaves.emplace_back(path, node.text);
  for (const Node::Member& member : node.members)
    collect_leaves(member.value, path.empty() ? member.key : fmt::format("{}.{}", path, member.key), leaves);
}

Leaves leaves_of(const Node& node, const std::string& path) {
  Leaves leaves;
  collect_leaves(node, path, leaves);
  return leaves;
}

/// What a scenario means where it does not say.
const Leaves& defaults() {
  static const Leaves leaves{{"parallel.tensor", "1"},         {"parallel.sequence", "false"}, {"parallel.pipeline", "1"},
                             {"parallel.virtual_stages", "1"}, {"parallel.zero", "0"},         {"parallel.recompute", "none"},
                             {"parallel.data", "auto"},        {"cluster.gpus_per_node", "8"}};
  return leaves;
}

std::string last_key(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

const char* const data_key = "parallel.data";
const char* const micro_batches_key = "parallel.micro_batches";
/// What the derived names follow from.
constexpr std::array<const char*, 5> sources_of_derived{"cluster.gpus", "parallel.tensor", "parallel.pipeline",
                                                        "training.global_batch", "training.micro_batch"};

}  // namespace

SweepConstraints::SweepConstraints(const SweepSpace& space) {
  name_scalars(space);
  name_short_forms();
  name_choices(space);
  data_ = places_of(data_key);
  micro_batches_ = places_of(micro_batches_key);
  gpus_ = &names_.variables.at("cluster.gpus");
  tensor_ = &names_.variables.at("parallel.tensor");
  pipeline_ = &names_.variables.at("parallel.pipeline");
  global_batch_ = &names_.variables.at("training.global_batch");
  micro_batch_ = &names_.variables.at("training.micro_batch");
  for (const SweepConstraint& constraint : space.constraints) {
    try {
      constraints_.emplace_back(constraint.text, names_);
    } catch (const InputError& error) {
      throw InputError(constraint.where, "sweep.constraints", error.what());
    }
    last_axis_.push_back(last_axis_used(constraints_.back()));
  }
}

void SweepConstraints::name_scalars(const SweepSpace& space) {
  const auto name = [&](const Leaves& leaves) {
    for (const auto& [path, text] : leaves) {
      names_.variables[path] = names_.number_of(text);
      full_names_.insert(path);
      if (path == data_key && text != "auto") data_follows_ = false;
    }
  };
  name(defaults());
  for (const SweepAxis& axis : space.axes) {
    for (const Node& value : axis.values) name(leaves_of(value, axis.path));
  }
  name(leaves_of(space.scenario, ""));
  for (const char* source : sources_of_derived) name({{source, fmt::format("{}", names_.variables[source])}});
  name({{micro_batches_key, "0"}});
}

void SweepConstraints::name_short_forms() {
  std::map<std::string, int> uses;
  for (const std::string& path : full_names_) ++uses[last_key(path)];
  for (const std::string& path : full_names_) {
    if (uses[last_key(path)] == 1) names_.variables[last_key(path)] = names_.variables[path];
  }
}

std::vector<double*> SweepConstraints::places_of(const std::string& path) {
  std::vector<double*> places{&names_.variables.at(path)};
  const std::string brief = last_key(path);
  const auto same = [&](const std::string& other) { return last_key(other) == brief; };
  if (brief != path && std::count_if(full_names_.begin(), full_names_.end(), same) == 1)
    places.push_back(&names_.variables.at(brief));
  return places;
}

void SweepConstraints::name_choices(const SweepSpace& space) {
  for (std::size_t axis = 0; axis < space.axes.size(); ++axis) {
    std::vector<std::vector<Assignment>>& choices = assignments_.emplace_back();
    Leaves base;  // what a value that is a mapping leaves as it is
    if (const Node* section = value_at(space.scenario, space.axes[axis].path)) base = leaves_of(*section, space.axes[axis].path);
    for (const Node& value : space.axes[axis].values) {
      std::vector<Assignment>& assignments = choices.emplace_back();
      Leaves leaves = base;
      const Leaves own = leaves_of(value, space.axes[axis].path);
      leaves.insert(leaves.end(), own.begin(), own.end());
      for (const auto& [path, text] : leaves) {
        for (double* place : places_of(path)) {
          assignments.push_back({place, names_.number_of(text)});
          axis_of_place_[place] = axis;
        }
      }
    }
  }
}

std::optional<std::size_t> SweepConstraints::last_axis_used(const Expression& expression) const {
  std::optional<std::size_t> last;
  const auto use = [&](const std::string& name) {
    const auto at = axis_of_place_.find(&names_.variables.at(name));
    if (at != axis_of_place_.end()) last = std::max(last.value_or(0), at->second);
  };
  for (const std::string& name : expression.used_names()) {
    use(name);
    if (last_key(name) == "data" || last_key(name) == "micro_batches") {
      for (const char* source : sources_of_derived) use(source);
    }
  }
  return last;
}

void SweepConstraints::choose(std::size_t axis, std::size_t choice) {
  for (const Assignment& assignment : assignments_[axis][choice]) *assignment.place = assignment.number;
}

void SweepConstraints::derive() {
  if (data_follows_) {
    const double data = *gpus_ / (*tensor_ * *pipeline_);
    for (double* place : data_) *place = data;
  }
  const double micro_batches = *global_batch_ / (*data_.front() * *micro_batch_);
  for (double* place : micro_batches_) *place = micro_batches;
}

std::optional<std::size_t> SweepConstraints::violated() {
  if (constraints_.empty()) return std::nullopt;
  derive();
  for (std::size_t i = 0; i < constraints_.size(); ++i) {
    if (!constraints_[i].holds()) return i;
  }
  return std::nullopt;
}

bool SweepConstraints::holds(std::size_t constraint) {
  derive();
  return constraints_[constraint].holds();
}

std::vector<std::string> possible_values(const SweepSpace& space, const std::string& path) {
  std::vector<std::string> values;
  for (const SweepAxis& axis : space.axes) {
    for (const Node& value : axis.values) {
      for (const auto& [key, text] : leaves_of(value, axis.path)) {
        if (key == path) values.push_back(text);
      }
    }
  }
  const Node* base = value_at(space.scenario, path);
  if (values.empty() && base != nullptr) values.push_back(label_of(*base));
  return values;
}

namespace {

/// How many configurations meet what.
struct Met {
  std::vector<std::int64_t> alone;
  std::vector<std::int64_t> together;            ///< With all constraints before it.
  std::vector<std::vector<std::int64_t>> pairs;  ///< With each one before it.
};

Met count_met(const SweepSpace& space) {
  const std::size_t count = space.constraints.size();
  SweepConstraints constraints(space);
  Met met{std::vector<std::int64_t>(count), std::vector<std::int64_t>(count),
          std::vector<std::vector<std::int64_t>>(count, std::vector<std::int64_t>(count))};
  std::vector<char> holds(count);
  for (std::int64_t index = 0; index < space.size; ++index) {
    const std::vector<std::size_t> choices = choices_of(space, index);
    for (std::size_t axis = 0; axis < choices.size(); ++axis) constraints.choose(axis, choices[axis]);
    bool all_before = true;
    for (std::size_t i = 0; i < count; ++i) {
      holds[i] = constraints.holds(i) ? 1 : 0;
      all_before = all_before && holds[i] != 0;
      met.alone[i] += holds[i];
      met.together[i] += all_before ? 1 : 0;
      for (std::size_t before = 0; before < i && holds[i] != 0; ++before) met.pairs[i][before] += holds[before];
    }
  }
  return met;
}

}  // namespace

std::string contradiction_in(const SweepSpace& space) {
  const Met met = count_met(space);
  const auto text = [&](std::size_t constraint) { return shown(space.constraints[constraint].text); };
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    if (met.alone[i] == 0) return fmt::format("no configuration meets '{}'", text(i));
  }
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before) {
      if (met.pairs[i][before] == 0)
        return fmt::format("contradictory: no configuration meets both '{}' and '{}'", text(before), text(i));
    }
  }
  for (std::size_t i = 0; i < met.alone.size(); ++i) {
    if (met.together[i] == 0)
      return fmt::format("contradictory: no configuration that meets the constraints before it meets '{}'", text(i));
  }
  return "";
}

}  // namespace mfusim
