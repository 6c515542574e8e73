// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_constraints.hpp"

#include "model/read_model.hpp"

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
                             {"parallel.data", "auto"},        {"parallel.context", "1"},      {"cluster.gpus_per_node", "8"}};
  return leaves;
}

std::string last_key(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

const char* const data_key = "parallel.data";
const char* const micro_batches_key = "parallel.micro_batches";
const char* const sequence_key = "parallel.sequence";
/// What the derived names follow from.
constexpr std::array<const char*, 6> sources_of_derived{"cluster.gpus",     "parallel.tensor",       "parallel.pipeline",
                                                        "parallel.context", "training.global_batch", "training.micro_batch"};

/// Is this the `model` of a scenario with two towers? One that cannot be read is refused with each of its configurations.
bool has_two_towers(const Node& model, const std::filesystem::path& folder) {
  try {
    if (model.kind == Node::Kind::Mapping) return is_contrastive(read_model_config(model, "model"));
    const std::filesystem::path beside = folder / model.text;
    return is_contrastive(load_model(std::filesystem::is_regular_file(beside) ? beside.string() : model.text));
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

SweepConstraints::SweepConstraints(const SweepSpace& space) {
  name_scalars(space);
  name_short_forms();
  name_choices(space);
  data_ = places_of(data_key);
  micro_batches_ = places_of(micro_batches_key);
  sequence_ = places_of(sequence_key);
  asked_sequence_ = *sequence_.front();
  automatic_ = names_.number_of("auto");
  for (const std::string& value : possible_values(space, sequence_key)) sequence_follows_ = sequence_follows_ || value == "auto";
  name_towers(space);
  gpus_ = &names_.variables.at("cluster.gpus");
  tensor_ = &names_.variables.at("parallel.tensor");
  pipeline_ = &names_.variables.at("parallel.pipeline");
  context_ = &names_.variables.at("parallel.context");
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
        if (path == sequence_key) assignments.push_back({&asked_sequence_, names_.number_of(text)});
        for (double* place : places_of(path)) {
          assignments.push_back({place, names_.number_of(text)});
          axis_of_place_[place] = axis;
        }
      }
    }
  }
}

void SweepConstraints::name_towers(const SweepSpace& space) {
  if (const Node* model = value_at(space.scenario, "model")) two_towers_ = has_two_towers(*model, space.folder) ? 1 : 0;
  for (std::size_t axis = 0; axis < space.axes.size(); ++axis) {
    if (space.axes[axis].path != "model") continue;
    for (std::size_t choice = 0; choice < space.axes[axis].values.size(); ++choice) {
      const bool two = has_two_towers(space.axes[axis].values[choice], space.folder);
      assignments_[axis][choice].push_back({&two_towers_, two ? 1.0 : 0.0});
    }
    axis_of_place_[&two_towers_] = axis;
  }
}

std::optional<std::size_t> SweepConstraints::last_axis_used(const Expression& expression) const {
  std::optional<std::size_t> last;
  const auto use_place = [&](const double* place) {
    const auto at = axis_of_place_.find(place);
    if (at != axis_of_place_.end()) last = std::max(last.value_or(0), at->second);
  };
  const auto use = [&](const std::string& name) { use_place(&names_.variables.at(name)); };
  for (const std::string& name : expression.used_names()) {
    use(name);
    if (last_key(name) == last_key(sequence_key)) {
      use("parallel.tensor");
      use_place(&two_towers_);
    }
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
  if (sequence_follows_) {  // what auto comes to: sequence parallelism wherever a language model's layers are split
    const double split = *tensor_ > 1 && two_towers_ == 0 ? 1 : 0;
    for (double* place : sequence_) *place = asked_sequence_ == automatic_ ? split : asked_sequence_;
  }
  if (data_follows_) {
    const double data = *gpus_ / (*tensor_ * *pipeline_ * *context_);
    for (double* place : data_) *place = data;
  }
  const double local = *global_batch_ / *data_.front();
  const double micro_batch = *micro_batch_ > 0 ? *micro_batch_ : two_towers_ == 1 ? local : 1;
  const double micro_batches = local / micro_batch;
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

}  // namespace mfusim
