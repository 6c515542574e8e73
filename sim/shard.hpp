// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"

namespace mfusim {

/// A tensor-parallel group: `ranks` GPUs that split each layer; with sequence parallelism they also split the tokens
/// between the split regions (Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.2).
struct TensorGroup {
  int ranks = 1;
  bool sequence = false;
  friend bool operator==(const TensorGroup&, const TensorGroup&) = default;
};

/// One rank's share of an operator. Throws std::logic_error where the shape does not divide: plans are checked before.
[[nodiscard]] Operator<Count> shard(const Operator<Count>& op, const TensorGroup& group);
/// Its shape alone.
[[nodiscard]] OperatorShape<Count> sharded_shape(const Operator<Count>& op, const TensorGroup& group);
/// Learned values that one rank holds of an operator; none where they are tied to another operator's.
[[nodiscard]] Count sharded_parameters(const Operator<Count>& op, const TensorGroup& group);

/// The share of an operator's output tokens that one rank holds outside the split regions: 1/t with sequence
/// parallelism, otherwise 1.
[[nodiscard]] double token_share(const TensorGroup& group);

}  // namespace mfusim
