// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"
#include "model/counting.hpp"
#include "model/input_shape.hpp"
#include "model/operation_counts.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace mfusim {

/// What a model, or a part of it, costs in one pass over the input.
struct FlopsPart {
  std::string name;
  Count repeat{1};  ///< Times that the part stands in the model; the counts hold all of them.
  Count parameters;
  OperationCounts<Count> forward;
  OperationCounts<Count> backward;
  BackwardCounts<Count> backward_parts;        ///< With respect to inputs and to parameters.
  OperationCounts<Count> recompute_full;       ///< A second forward pass of the blocks, where each keeps its input only.
  OperationCounts<Count> recompute_selective;  ///< Of the attention cores only (Korthikanti et al. 2022, section 5).
  Count saved_bytes;                           ///< Kept from forward to backward with a fused attention kernel.
  Count saved_bytes_unfused;
  Count moved_bytes;             ///< Forward.
  std::vector<FlopsPart> parts;  ///< Tower -> layers -> operators.
};

/// The answer of `mfusim flops`.
struct FlopsReport {
  using Part = FlopsPart;
  std::string model;
  std::int64_t batch = 1;
  std::string convention;
  Count parameters;
  OperationCounts<Count> forward;
  OperationCounts<Count> backward;
  BackwardCounts<Count> backward_parts;
  OperationCounts<Count> recompute_full;
  OperationCounts<Count> recompute_selective;
  Count saved_bytes, saved_bytes_unfused, moved_bytes;
  std::vector<Part> towers;  ///< And the head that joins them.
};

/// Counts every operator of the model once and sums by layer, tower and model. Throws InputError where the model cannot take
/// the input, CountOverflow where a sum leaves 64 bits.
[[nodiscard]] FlopsReport count_flops(const ModelSpec& model, const InputShape& input, Convention convention = Convention::All);

}  // namespace mfusim
