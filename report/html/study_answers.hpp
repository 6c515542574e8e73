// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"
#include "study/ablate.hpp"
#include "study/difference.hpp"
#include "study/explain.hpp"
#include "study/split.hpp"
#include "study/sweep.hpp"
#include "study/workload.hpp"

/// The answer of each study as a page. Figures are the answer's own; nothing is computed here but what a chart must place.
namespace mfusim::html {

/// Rows of a sweep's page: more would neither load quickly nor stay below 2 MB.
constexpr std::size_t most_sweep_rows = 2000;

/// Step time against memory of the best configurations and of the front, what each value of an axis can reach, the rows. Of an
/// answer with more than `most_sweep_rows` rows the page holds the first ones, and says so.
[[nodiscard]] Page sweep_page(const SweepAnswer& answer);

/// The curve over the splits, the placements, other inputs and other numbers of GPUs; where the workload has phases, its
/// policies.
[[nodiscard]] Page split_page(const SplitReport& report, const WorkloadReport& workload, const std::string& version);

/// Techniques one after another, predicted and published, and what each moved.
[[nodiscard]] Page ablate_page(const AblationReport& report);

/// What two scenarios ask differently, and a waterfall from the first step to the second.
[[nodiscard]] Page diff_page(const Difference& difference);

/// What each single change would buy, and the largest losses in sentences.
[[nodiscard]] Page explain_page(const Explanation& explanation);

}  // namespace mfusim::html
