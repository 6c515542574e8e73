// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "base/reader.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mfusim {

/// One dimension of a sweep: a key of the scenario and the values it takes.
struct SweepAxis {
  std::string path;                 ///< "parallel.tensor", or a section: "cluster".
  Location where;                   ///< Of the key in the `axes:` mapping.
  std::vector<Node> values;         ///< A mapping is laid over the section; anything else replaces the value.
  std::vector<std::string> labels;  ///< The values as text, one each, all different.
};

/// Reads one axis: a list of values; `{from: 1, to: 64, times: 2}`; `{from: 0, to: 8, step: 2}`; `{divisors: 96}` or
/// `{divisors: model.layers}` (a number or a key of the scenario, `model.layers` also of a model of the catalog; `from` and `to`
/// narrow it); or `auto`: what the key can sensibly be in `scenario`. Throws InputError on an axis without values, a value given
/// twice, and a key that auto does not know.
[[nodiscard]] SweepAxis read_sweep_axis(Reader& axes, const std::string& path, const Node& scenario);

/// The value at `path.to.key` of a document; null where there is none.
[[nodiscard]] const Node* value_at(const Node& document, std::string_view path);

/// Ascending.
[[nodiscard]] std::vector<std::int64_t> divisors_of(std::int64_t number);

/// Plain text of a scalar, YAML of anything else.
[[nodiscard]] std::string label_of(const Node& value);

}  // namespace mfusim
