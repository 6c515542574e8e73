// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_axis.hpp"

#include "base/number.hpp"
#include "hardware/gpu.hpp"
#include "model/read_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

namespace mfusim {
namespace {

constexpr std::size_t most_values = 100'000;

Node scalar_node(const Location& where, std::string text) {
  Node node;
  node.kind = Node::Kind::Scalar;
  node.where = where;
  node.text = std::move(text);
  return node;
}

template <class T>
std::vector<Node> scalar_nodes(const Location& where, const std::vector<T>& values) {
  std::vector<Node> nodes;
  nodes.reserve(values.size());
  for (const T& value : values) nodes.push_back(scalar_node(where, fmt::format("{}", value)));
  return nodes;
}

std::optional<std::int64_t> layers_of_catalog_model(const Node& scenario) {
  const Node* model = value_at(scenario, "model");
  if (model == nullptr || model->kind != Node::Kind::Scalar) return std::nullopt;
  const std::vector<std::string> known = model_names();
  if (std::find(known.begin(), known.end(), model->text) == known.end()) return std::nullopt;
  return repeated_layers(load_model(model->text));
}

/// An integer of the scenario; `model.layers` also where the model is a name of the catalog.
std::optional<std::int64_t> integer_at(const Node& scenario, std::string_view path) {
  const Node* value = value_at(scenario, path);
  if (value == nullptr && path == "model.layers") return layers_of_catalog_model(scenario);
  return value != nullptr && value->kind == Node::Kind::Scalar ? parse_integer(value->text) : std::nullopt;
}

std::vector<std::int64_t> read_divisors(Reader& range, const Node& scenario) {
  const std::string text = range.word("divisors");
  const std::optional<std::int64_t> number = parse_integer(text) ? parse_integer(text) : integer_at(scenario, text);
  if (!number || *number < 1)
    range.fail("divisors",
               fmt::format("expected a positive integer or a key of the scenario that is one, got '{}'", shown(text)));
  std::vector<std::int64_t> values = divisors_of(*number);
  const std::int64_t from = range.has("from") ? range.positive_int("from") : 1;
  const std::int64_t to = range.has("to") ? range.positive_int("to") : *number;
  std::erase_if(values, [&](std::int64_t value) { return value < from || value > to; });
  return values;
}

std::vector<std::int64_t> read_steps(Reader& range) {
  const std::int64_t from = range.non_negative_int("from");
  const std::int64_t to = range.non_negative_int("to");
  if (range.has("times") == range.has("step")) range.fail("from", "expected one of times (a factor) and step (a difference)");
  const std::int64_t times = range.has("times") ? range.positive_int("times") : 1;
  const std::int64_t step = range.has("step") ? range.positive_int("step") : 0;
  if (range.has("times") && (times < 2 || from < 1)) range.fail("times", "expected a factor of at least 2 and a positive from");
  if (to > std::numeric_limits<std::int64_t>::max() / std::max<std::int64_t>(times, 2) - step) range.fail("to", "too large");
  std::vector<std::int64_t> values;
  for (std::int64_t value = from; value <= to; value = value * times + step) {
    values.push_back(value);
    if (values.size() > most_values) range.fail("to", fmt::format("more than {} values", most_values));
  }
  return values;
}

std::vector<Node> read_range(Reader range, const Location& where, const Node& scenario) {
  const std::vector<std::int64_t> values = range.has("divisors") ? read_divisors(range, scenario) : read_steps(range);
  range.reject_unknown_keys();
  return scalar_nodes(where, values);
}

/// What each key can sensibly be; keys of the plan that split something are the divisors of what they split.
std::vector<Node> automatic_values(Reader& axes, const std::string& path, const Location& where, const Node& scenario) {
  const auto divisors = [&](const char* of, std::int64_t fallback) {
    return scalar_nodes(where, divisors_of(integer_at(scenario, of).value_or(fallback)));
  };
  const auto needs = [&](const char* key) {
    if (!integer_at(scenario, key)) axes.fail(path, fmt::format("auto needs {} in the scenario; give a list", key));
  };
  if (path == "parallel.tensor") return divisors("cluster.gpus_per_node", 8);
  if (path == "parallel.pipeline" || path == "parallel.virtual_stages") {
    needs("model.layers");
    return divisors("model.layers", 1);
  }
  if (path == "training.micro_batch") {
    needs("training.global_batch");
    return divisors("training.global_batch", 1);
  }
  if (path == "parallel.zero") return scalar_nodes(where, std::vector<int>{0, 1, 2, 3});
  if (path == "parallel.recompute") return scalar_nodes(where, std::vector<std::string>{"none", "selective", "full"});
  if (path == "parallel.schedule") return scalar_nodes(where, std::vector<std::string>{"gpipe", "1f1b", "interleaved-1f1b"});
  if (path == "cluster.gpu") return scalar_nodes(where, gpu_names());
  const bool flag =
      path.starts_with("techniques.") && path != "techniques.flash_attention" && path != "techniques.sliding_window";
  if (path == "parallel.sequence" || flag) return scalar_nodes(where, std::vector<bool>{false, true});
  axes.fail(path, "auto is not known for this key; give a list");
}

std::vector<Node> read_values(Reader& axes, const std::string& path, const Node& value, const Node& scenario) {
  switch (value.kind) {
    case Node::Kind::Sequence:
      return value.items;
    case Node::Kind::Mapping:
      return read_range(axes.child(path), value.where, scenario);
    case Node::Kind::Scalar:
      if (!value.quoted && value.text == "auto") return automatic_values(axes, path, value.where, scenario);
      break;
    case Node::Kind::Null:
      break;
  }
  axes.fail(path, "expected a list, a range, divisors or auto, got " + describe(value));
}

}  // namespace

std::vector<std::int64_t> divisors_of(std::int64_t number) {
  std::vector<std::int64_t> small;
  std::vector<std::int64_t> large;
  for (std::int64_t i = 1; i <= number / i; ++i) {
    if (number % i != 0) continue;
    small.push_back(i);
    if (i != number / i) large.push_back(number / i);
  }
  small.insert(small.end(), large.rbegin(), large.rend());
  return small;
}

const Node* value_at(const Node& document, std::string_view path) {
  const Node* at = &document;
  while (at != nullptr && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = at->kind == Node::Kind::Mapping ? at->find(path.substr(0, dot)) : nullptr;
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at;
}

std::string label_of(const Node& value) {
  if (value.kind == Node::Kind::Scalar) return value.text;
  std::string text = to_yaml(value);
  while (text.ends_with('\n')) text.pop_back();
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

SweepAxis read_sweep_axis(Reader& axes, const std::string& path, const Node& scenario) {
  const Node& value = axes.at(path);
  SweepAxis axis{.path = path, .where = value.where, .values = read_values(axes, path, value, scenario), .labels = {}};
  if (axis.values.empty()) axes.fail(path, "an empty axis: no value to choose");
  if (axis.values.size() > most_values) axes.fail(path, fmt::format("more than {} values", most_values));
  std::set<std::string> seen;
  for (const Node& each : axis.values) {
    axis.labels.push_back(label_of(each));
    if (!seen.insert(axis.labels.back()).second) axes.fail(path, fmt::format("'{}' is given twice", shown(axis.labels.back())));
  }
  return axis;
}

}  // namespace mfusim
