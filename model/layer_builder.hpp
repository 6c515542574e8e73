// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/number.hpp"
#include "model/operator.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Writes a layer down, operator after operator; each add returns the place that later operators name as their input.
template <class N>
class LayerBuilder {
 public:
  // NOLINTNEXTLINE(performance-unnecessary-value-param): moved; the lint does not see it inside a template
  explicit LayerBuilder(std::string name) { layer_.name = std::move(name); }

  // NOLINTNEXTLINE(performance-unnecessary-value-param): moved, as above
  int add(std::string name, OperatorShape<N> shape, TensorSplit split, std::vector<int> inputs,
          SavedInput saved = SavedInput::Kept) {
    if (inputs.size() == 1 && inputs.front() == input_of_layer) inputs.clear();
    layer_.operators.push_back({.name = std::move(name),
                                .shape = std::move(shape),
                                .split = split,
                                .inputs = std::move(inputs),
                                .saved = saved,
                                .trainable = true,
                                .tied = false});
    return last();
  }

  int elementwise(std::string name, N elements, ElementwiseKind kind, std::vector<int> inputs, N parameters = N(0)) {
    const bool keeps = kind == ElementwiseKind::Dropout || (kind == ElementwiseKind::Scale && !is_zero(parameters));
    return add(std::move(name), Elementwise<N>{.elements = elements, .parameters = parameters, .kind = kind, .results = N(0)},
               TensorSplit::Tokens, std::move(inputs), keeps ? SavedInput::Kept : SavedInput::None);
  }

  [[nodiscard]] Operator<N>& operator[](int at) { return layer_.operators.at(static_cast<std::size_t>(at)); }
  /// The operator written last, whose output is the layer's output so far.
  [[nodiscard]] int last() const { return static_cast<int>(layer_.operators.size()) - 1; }
  [[nodiscard]] bool empty() const { return layer_.operators.empty(); }
  [[nodiscard]] LayerGroup<N> finish(N repeat = N(1)) { return {.layer = std::move(layer_), .repeat = std::move(repeat)}; }

 private:
  Layer<N> layer_;
};

}  // namespace mfusim
