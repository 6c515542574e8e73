// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// What one rank's operator holds while its backward kernel runs, beside what it kept: the gradients of its outputs and of its
/// inputs, in the precision of the step. With b bytes a value:
///
/// | operator            | values                                                          |
/// | linear              | rows (inputs + outputs); its gathered input where that is split |
/// | unfused attention   | two score matrices: of the probabilities and of the scores      |
/// | fused attention     | queries, keys and values, and the output                        |
/// | activation          | elements and its one or two inputs                              |
/// | loss                | the scores once more, in b bytes beside the fp32 ones           |
/// | others              | both sides of the operator                                      |
///
/// Source: what each kernel reads and writes (PyTorch, tools/autograd/derivatives.yaml); Megatron-LM,
/// tensor_parallel/cross_entropy.py (the fp32 softmax becomes the gradient in its place).
[[nodiscard]] Bytes gradients_in_flight(const Scenario& scenario, const Operator<Count>& op);

/// The largest of a layer's operators: backward runs one after the other.
[[nodiscard]] Bytes gradients_in_flight(const Scenario& scenario, const Layer<Count>& layer);

}  // namespace mfusim
