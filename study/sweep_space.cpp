// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_space.hpp"

#include "base/document.hpp"
#include "hardware/gpu.hpp"
#include "study/open_plan.hpp"
#include "study/sweep_constraints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace mfusim {
namespace {

std::vector<SweepAxis> read_axes(Reader axes, const Node& scenario) {
  std::vector<SweepAxis> all;
  for (const Node::Member& member : axes.node().members) all.push_back(read_sweep_axis(axes, member.key, scenario));
  return all;
}

/// Keys that a run passes over, or that the axes stand in.
void reject_axes_of_no_run(Reader& sweep, const std::vector<SweepAxis>& axes) {
  constexpr std::array<std::string_view, 7> passed_over{"sweep",    "measured", "description", "ablation",
                                                        "workload", "cases",    "extends"};
  for (const SweepAxis& axis : axes) {
    const std::string section = axis.path.substr(0, axis.path.find('.'));
    if (std::find(passed_over.begin(), passed_over.end(), section) != passed_over.end())
      throw InputError(axis.where, sweep.path_of("axes"),
                       fmt::format("{}: is no part of a run: nothing would differ", axis.path));
  }
}

/// Values of one axis would overwrite those of another.
void reject_nested_axes(Reader& sweep, const std::vector<SweepAxis>& axes) {
  for (const SweepAxis& outer : axes) {
    for (const SweepAxis& inner : axes) {
      if (inner.path.starts_with(outer.path + "."))
        sweep.fail("axes", fmt::format("{} lies inside {}: one of them", inner.path, outer.path));
    }
  }
}

std::int64_t product_of_sizes(Reader& sweep, const std::vector<SweepAxis>& axes) {
  std::int64_t size = 1;
  for (const SweepAxis& axis : axes) {
    if (__builtin_mul_overflow(size, static_cast<std::int64_t>(axis.values.size()), &size))
      sweep.fail("axes", "more configurations than 64 bits can number");
  }
  return size;
}

std::vector<SweepConstraint> read_constraints(Reader& sweep) {
  std::vector<SweepConstraint> constraints;
  if (!sweep.has("constraints")) return constraints;
  const Node& list = sweep.at("constraints");
  if (list.kind != Node::Kind::Sequence) sweep.fail("constraints", "expected a list of conditions, got " + describe(list));
  for (const Node& item : list.items) {
    if (item.kind != Node::Kind::Scalar)
      throw InputError(item.where, "sweep.constraints", "expected a condition, got " + describe(item));
    constraints.push_back({item.text, item.where});
  }
  return constraints;
}

std::vector<Objective> read_front(Reader& sweep) {
  std::vector<Objective> front;
  if (!sweep.has("pareto")) return front;
  const Node& list = sweep.at("pareto");
  if (list.kind != Node::Kind::Sequence || list.items.size() < 2)
    sweep.fail("pareto", fmt::format("expected a list of at least two objectives, got {}",
                                     list.items.size() == 1 ? "one" : describe(list)));
  for (const Node& item : list.items) {
    Node holder;
    holder.kind = Node::Kind::Mapping;
    holder.where = item.where;
    holder.members.push_back({"pareto", item.where, item});
    front.push_back(Reader(holder, "sweep", nullptr).choice("pareto", objective_names()));
    if (std::count(front.begin(), front.end(), front.back()) > 1)
      throw InputError(item.where, "sweep.pareto", fmt::format("'{}' is given twice", shown(item.text)));
  }
  return front;
}

Prices read_prices(Reader& sweep) {
  Prices prices;
  const char* const key = "price_per_gpu_hour";
  const Node* const given = sweep.find(key);
  if (given == nullptr) return prices;
  if (given->kind != Node::Kind::Mapping)
    sweep.fail(key, "expected a price for each GPU, as {a100-sxm4-80gb: 1.6}, got " + describe(*given));
  std::optional<Reader> reader = sweep.child_if(key);
  for (const std::string& gpu : gpu_names()) {
    if (reader->has(gpu)) prices[gpu] = reader->positive_number(gpu);
  }
  reader->reject_unknown_keys();
  return prices;
}

/// Each GPU of the space needs a price where the cost is asked for.
void check_prices(Reader& sweep, const SweepSpace& space) {
  const bool asked =
      space.objective == Objective::Cost || std::count(space.front.begin(), space.front.end(), Objective::Cost) > 0;
  if (!asked) return;
  for (const std::string& gpu : possible_values(space, "cluster.gpu")) {
    if (!space.prices.contains(gpu)) sweep.fail("price_per_gpu_hour", fmt::format("missing: a price for {}", gpu));
  }
}

void check_size(Reader& sweep, const SweepSpace& space, Limited limited) {
  const std::int64_t largest = sweep.has("largest") ? sweep.positive_int("largest") : largest_space_by_default;
  if (space.size > largest && limited == Limited::No) {
    sweep.fail("axes",
               fmt::format("{} configurations, over the largest of {}: narrow the axes, raise sweep.largest, or pass --limit",
                           space.size, largest));
  }
}

/// The configurations of models that are files, whose names say nothing of what they hold.
std::string model_files_of(const SweepSpace& space) {
  std::string text;
  for (const std::string& model : possible_values(space, "model")) {
    const std::filesystem::path file = space.folder / model;
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) text += fmt::format("file {}: {}\n", model, read_file(file));
  }
  return text;
}

std::string identity_of(const SweepSpace& space) {
  std::string text = to_yaml(space.scenario) + model_files_of(space);
  for (const SweepAxis& axis : space.axes) {
    text += fmt::format("axis {}:", axis.path);
    for (const std::string& label : axis.labels) text += fmt::format(" {}", label);
    text += '\n';
  }
  for (const SweepConstraint& constraint : space.constraints) text += fmt::format("constraint {}\n", constraint.text);
  return text;
}

/// The value at `path`, with the mappings on the way to it.
Node& made_value(Node& document, std::string_view path, const Location& where) {
  const std::string_view whole = path;
  std::string_view parent = "the scenario";
  Node* at = &document;
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view key = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    if (at->kind == Node::Kind::Null) at->kind = Node::Kind::Mapping;
    if (at->kind != Node::Kind::Mapping)
      throw InputError(where, fmt::format("sweep.axes.{}", whole), fmt::format("{} is no mapping but {}", parent, describe(*at)));
    Node* next = at->find(key);
    if (next == nullptr) {
      Node nothing;
      nothing.where = where;
      next = &at->members.emplace_back(Node::Member{std::string(key), where, std::move(nothing)}).value;
    }
    at = next;
    parent = key;
  }
  return *at;
}

}  // namespace

SweepSpace read_sweep_space(const Node& given, const std::filesystem::path& path, Limited limited, const std::string& asked) {
  SweepSpace space;
  space.name = path.string();
  space.folder = path.parent_path();
  Node document = given;
  space.open_plan = document.find("sweep") == nullptr;
  if (space.open_plan) search_open_plan(document, space.folder, asked);
  Reader root(document, "", nullptr);
  space.scenario = document;
  std::erase_if(space.scenario.members,
                [](const Node::Member& member) { return member.key == "sweep" || member.key == "measured"; });
  Reader sweep = root.child("sweep");
  space.axes = read_axes(sweep.child("axes"), space.scenario);
  if (space.axes.empty()) sweep.fail("axes", "no axis: nothing to vary");
  reject_axes_of_no_run(sweep, space.axes);
  reject_nested_axes(sweep, space.axes);
  static_cast<void>(configuration_document(space, 0));  // each axis has a place
  space.size = product_of_sizes(sweep, space.axes);
  space.constraints = read_constraints(sweep);
  static_cast<void>(SweepConstraints(space));  // each is a condition
  space.objective = sweep.choice("objective", objective_names(), "step_time");
  space.front = read_front(sweep);
  space.prices = read_prices(sweep);
  check_prices(sweep, space);
  check_size(sweep, space, limited);
  sweep.allow("largest");
  sweep.reject_unknown_keys();
  space.identity = identity_of(space);
  return space;
}

std::vector<std::size_t> choices_of(const SweepSpace& space, std::int64_t index) {
  std::vector<std::size_t> choices(space.axes.size());
  for (std::size_t i = space.axes.size(); i-- > 0;) {
    const auto length = static_cast<std::int64_t>(space.axes[i].values.size());
    choices[i] = static_cast<std::size_t>(index % length);
    index /= length;
  }
  return choices;
}

void put_value(Node& document, const SweepSpace& space, const SweepAxis& axis, std::size_t choice) {
  Node& place = made_value(document, axis.path, axis.where);
  const Node& value = axis.values[choice];
  if (value.kind != Node::Kind::Mapping) {
    place = value;
    return;
  }
  const Node* base = value_at(space.scenario, axis.path);
  place = base != nullptr ? *base : Node();
  place.kind = Node::Kind::Mapping;
  overlay(place, value);
}

Node configuration_document(const SweepSpace& space, std::int64_t index) {
  Node document = space.scenario;
  const std::vector<std::size_t> choices = choices_of(space, index);
  for (std::size_t i = 0; i < space.axes.size(); ++i) put_value(document, space, space.axes[i], choices[i]);
  return document;
}

}  // namespace mfusim
