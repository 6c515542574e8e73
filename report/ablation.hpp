// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/ablate.hpp"

#include <iosfwd>
#include <string>

namespace mfusim {

/// Steps with predicted and published MFU, then what each moved on the critical rank, in words.
void write_table(std::ostream& out, const AblationReport& report);
/// `rows` with every number of a step, and `left_out`.
void write_json(std::ostream& out, const AblationReport& report);
/// A step a row.
[[nodiscard]] Grid ablation_grid(const AblationReport& report);

/// "8 steps on top of Megatron-LM take the MFU from 52.4 % to 64.0 %, samples a second from 18.97 to 23.42."
[[nodiscard]] std::string ablation_sentence(const AblationReport& report);

/// "exposed tensor communication 1.29 s -> 660.00 ms; ..." or "nothing on the critical rank".
[[nodiscard]] std::string moved_words(const AblationRow& row);

}  // namespace mfusim
