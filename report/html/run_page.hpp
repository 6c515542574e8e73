// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"
#include "sim/operator_profile.hpp"
#include "sim/result.hpp"
#include "sim/scenario.hpp"

namespace mfusim::html {

/// The page of `mfusim run`: the answer in a sentence, the way from the peak to the step, the ranks' timeline, memory against
/// capacity, operators on the roofline, what was guessed.
/// The page points into `step`, which must live as long.
[[nodiscard]] Page run_page(const Result& result, const Scenario& scenario, const BuiltStep& step,
                            const mfusim::Timeline& timeline);

/// Its sections, each from the least that it needs.
[[nodiscard]] std::string run_answer(const Result& result);
[[nodiscard]] Cards run_cards(const Result& result);
[[nodiscard]] Section time_section(const Result& result);
[[nodiscard]] Section memory_section(const Result& result);

/// Ceilings of a roofline.
struct Roof {
  FlopsPerSecond peak;
  BytesPerSecond bandwidth;
};
[[nodiscard]] Section operators_section(const std::vector<OperatorUse>& operators, const Roof& roof);
[[nodiscard]] Section evidence_section(const Result& result);

}  // namespace mfusim::html
