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

/// "MODEL on 64 x GPU: one step takes 1.2 s, an MFU of 41.0 %."
[[nodiscard]] std::string explanation_headline(const Result& result);
/// "Exchanges of the tensor group that nothing hides take 1.293 s, 9.0 % of the step. With NVLink x 2, 640.00 ms of it goes."
[[nodiscard]] std::string loss_sentence(const LostTime& loss);

}  // namespace mfusim
