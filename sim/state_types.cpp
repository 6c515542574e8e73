// SPDX-License-Identifier: Apache-2.0
#include "sim/state_types.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, DataType>> value_types{
    {"fp32", DataType::Fp32}, {"bf16", DataType::Bf16}, {"fp16", DataType::Fp16}};
const std::vector<std::pair<std::string, std::optional<DataType>>> master_types{{"fp32", DataType::Fp32}, {"none", std::nullopt}};

std::string word_of(DataType type) {
  for (const auto& [word, value] : value_types) {
    if (value == type) return word;
  }
  return "fp32";  // TF32 is how fp32 values are multiplied, not how they are kept
}

DataType kept_as(GradientState state, DataType precision) {
  if (!is_half(precision)) return DataType::Fp32;
  switch (state) {
    case GradientState::Fp32:
      return DataType::Fp32;
    case GradientState::Precision:
      return precision;
    case GradientState::Fp32WithBf16:
      return precision == DataType::Bf16 ? DataType::Fp32 : precision;
  }
  throw std::logic_error("unhandled GradientState");
}

}  // namespace

StateTypes read_state_types(Reader& training, const Stack& stack, DataType precision) {
  const bool half_weights = stack.weights == WeightState::MasterCopy && is_half(precision);
  StateTypes types;
  types.parameters = training.choice("parameters", value_types, word_of(half_weights ? precision : DataType::Fp32));
  types.gradients = training.choice("gradients", value_types, word_of(kept_as(stack.gradients, precision)));
  types.reduction = training.choice("gradient_reduction", value_types,
                                    word_of(stack.reduction ? kept_as(*stack.reduction, precision) : types.gradients));
  types.master = training.choice("master_weights", master_types, is_half(types.parameters) ? "fp32" : "none");
  types.moments = training.choice("moments", value_types, "fp32");
  if (is_half(types.parameters) && types.parameters != precision) {
    training.fail("parameters", fmt::format("{} parameters cannot be multiplied in precision {}", to_string(types.parameters),
                                            to_string(precision)));
  }
  if (types.master && !is_half(types.parameters))
    training.fail("master_weights", "fp32 parameters are their own master weights: expected none, got fp32");
  return types;
}

}  // namespace mfusim
