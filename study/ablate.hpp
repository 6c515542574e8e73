// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/result.hpp"
#include "study/ablation.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// A part of the critical rank's step before and after a change, for the same number of samples.
struct MovedPart {
  std::string name;  ///< Of the breakdown.
  Seconds before{}, after{};
};

/// One row of an ablation: the step and all before it.
struct AblationRow {
  std::string name;
  std::vector<std::string> changes;  ///< "techniques.parallel_block: true".
  Result result;
  double gain_points = 0;  ///< MFU against the row before.
  double share = 0;        ///< Of the gain of all steps; 0 where there is none.
  std::optional<PublishedStep> published;
  std::optional<double> error_points;           ///< 100 (predicted - published MFU).
  std::optional<double> time_error_percent;     ///< 100 (predicted / published time - 1).
  std::optional<double> published_gain_points;  ///< Against the row before.
  std::optional<double> published_share;
  std::vector<MovedPart> moved;  ///< What changed most on the critical rank, largest first.
};

struct AblationReport {
  std::string scenario;
  std::vector<AblationRow> rows;  ///< The baseline first.
  std::vector<std::string> left_out;
};

/// Simulates the baseline and each step on top of all before it. Throws InputError, with the step's name, where a step cannot be
/// combined with what stands, or changes no input of the simulation.
[[nodiscard]] AblationReport ablate(const Ablation& ablation);

/// The parts of two breakdowns that make up most of the change, largest first: until 90 % of all that moved is told, and none
/// below 5 % of it. `before` is scaled to the samples of `after`.
[[nodiscard]] std::vector<MovedPart> moved_parts(const Result& before, const Result& after);

}  // namespace mfusim
