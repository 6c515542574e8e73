// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/shard.hpp"

#include <vector>

namespace mfusim {

/// The layer's own input, as a node id.
constexpr int layer_input = -1;

/// A layer as one tensor-parallel rank runs it: its operators, and the points where the ranks exchange data.
///
/// | node   | forward, with / without sequence parallelism | backward                    |
/// | Enter  | all-gather / nothing                         | reduce-scatter / all-reduce |
/// | Leave  | reduce-scatter / all-reduce                  | all-gather / nothing        |
///
/// Source: Korthikanti et al. 2022, arXiv:2205.05198, figures 4 and 5 (g, g-bar and f, f-bar).
struct LayerNode {
  enum class Kind {
    Compute,     ///< One rank's share of an operator.
    Enter,       ///< Into the split region.
    Leave,       ///< Out of it: partial sums become values.
    Join,        ///< Sum of two partial sums: free, the second product accumulates into the first.
    LossReduce,  ///< Maximum, sum and target score of each row over a split vocabulary.
  };
  Kind kind = Kind::Compute;
  Operator<Count> op;       ///< Compute: the share of one rank.
  std::vector<int> inputs;  ///< Nodes, or layer_input.
  Count elements = 0;       ///< Exchanges: elements of the whole tensor.
};

/// The nodes of a layer in program order.
[[nodiscard]] std::vector<LayerNode> expand_layer(const Layer<Count>& layer, const TensorGroup& group);

}  // namespace mfusim
