// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/counting.hpp"
#include "model/input_shape.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// What a formula gives.
enum class FormulaOf { Forward, Backward, ForwardMul, ForwardAdd, Parameters };

/// The work as a polynomial in hyper-parameters of the model, from the same operators that give the numbers:
/// `590848*id**2*il + ...`. Everything that is no variable stands in it as a number.
/// Variables (i: vision tower, t: text tower, no letter: decoder): width `id td d`, MLP width `im tm m`, blocks `il tl l`, heads
/// `ih th h`, key and value heads `k`, patch side `ip`, image side `is`, vocabulary `tv v`, text or sequence length `ts s`, width
/// of the shared space `p`, samples `b`. Empty: widths, MLP widths and blocks of every tower.
/// Terms fall in the powers of the variables in the order given. Throws InputError on a variable that the model does not have.
[[nodiscard]] std::string symbolic_formula(const ModelSpec& model, const InputShape& input,
                                           std::vector<std::string> variables = {}, FormulaOf what = FormulaOf::Forward,
                                           Convention convention = Convention::All);

/// The variables that the model's formula may have.
[[nodiscard]] std::vector<std::string> symbolic_variables(const ModelSpec& model);

}  // namespace mfusim
