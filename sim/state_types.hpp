// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "hardware/kernel.hpp"
#include "sim/stack.hpp"

#include <optional>

namespace mfusim {

/// The number types that a model's state is kept in.
struct StateTypes {
  DataType parameters = DataType::Bf16;             ///< As they are held between steps.
  DataType gradients = DataType::Fp32;              ///< As they are kept and summed over micro-batches.
  DataType reduction = DataType::Fp32;              ///< As they are sent.
  std::optional<DataType> master = DataType::Fp32;  ///< The optimizer's own copy of the parameters, if any.
  DataType moments = DataType::Fp32;                ///< Of Adam, LAMB and momentum.
  bool operator==(const StateTypes&) const = default;
};

/// Reads `parameters`, `gradients`, `gradient_reduction`, `master_weights` and `moments` of the `training` section; what is not
/// given is the stack's habit with this precision. Throws InputError where the types contradict each other.
[[nodiscard]] StateTypes read_state_types(Reader& training, const Stack& stack, DataType precision);

[[nodiscard]] constexpr bool is_half(DataType type) {
  return type == DataType::Bf16 || type == DataType::Fp16;
}

}  // namespace mfusim
