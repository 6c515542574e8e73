// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/explain.hpp"

#include <iosfwd>

namespace mfusim {

/// The answer in one sentence, the three largest losses in sentences, and what each lever would buy.
void write_table(std::ostream& out, const Explanation& explanation);
/// `losses`, `levers`, `impossible`, each with its sentence where it has one.
void write_json(std::ostream& out, const Explanation& explanation);
/// A lever a row.
[[nodiscard]] Grid levers_grid(const Explanation& explanation);

/// A gain too small to tell from none.
[[nodiscard]] bool no_effect(const LeverOutcome& lever);

/// "MODEL on 64 x GPU: one step takes 1.2 s, an MFU of 41.0 %." and the best change that the scenario alone can make.
[[nodiscard]] std::string explanation_headline(const Explanation& explanation);
/// "Exchanges of the tensor group that nothing hides take 1.293 s, 9.0 % of the step. 'NVLink x 2' would take 640.00 ms of it
/// away; the step would then be 13.7 s (+4.7 % samples a second)."
[[nodiscard]] std::string loss_sentence(const LostTime& loss);

}  // namespace mfusim
