// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"
#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <cstdint>
#include <span>

namespace mfusim {

/// A pass of a rank: the kernels of one micro-batch in one direction through one chunk of the model, or the update.
struct JitteredPass {
  std::int64_t rank = 0;  ///< Of the job, numbered as in sim/placement.hpp.
  std::uint32_t kind = 0;
  std::uint32_t instance = 0;  ///< Micro-batch and chunk, packed.
};

/// How many times longer than usual the kernels of a pass last in one sample: a draw with mean 1 and standard deviation
/// `relative_deviation`. Lognormal: exp(s z - s^2 / 2), s^2 = ln(1 + deviation^2), z normal (Box and Muller 1958). Gamma: shape
/// 1 / deviation^2 (Marsaglia and Tsang 2000). The random bits are a hash of seed, sample, rank and pass (SplitMix64, Steele et
/// al. 2014): a draw does not depend on what was drawn before it or on what else is simulated.
[[nodiscard]] double jitter_factor(const Variation::Jitter& jitter, std::int64_t sample, const JitteredPass& pass);

/// The ranks of a step that jitter, and how their kernels are told apart.
struct JitteredRanks {
  int tensor = 1;                          ///< Ranks of the job behind each rank of the step: consecutive ones.
  std::span<const double> slowdown;        ///< By rank of the job; empty: none is slow.
  const ScheduleKind* schedule = nullptr;  ///< Whether weight gradients are passes of their own.
};

/// Gives each pass of each rank of the step its draw of `sample`. Durations start from the table of steps, so drawing again
/// forgets the draw before. A tensor group takes the longest of (slowdown x factor) over its ranks, pass by pass.
///
/// Assumption: what makes a rank slow for a moment (clock, host, memory refresh, its node's other work) lasts longer than a
/// kernel and is over with the pass. Draws for single kernels would average out within a pass of hundreds.
/// Assumption: a tensor group goes at the pace of its slowest rank: its ranks meet at every exchange, several times a layer.
void jitter_kernels(BuiltStep& step, const Variation::Jitter& jitter, std::int64_t sample, const JitteredRanks& ranks);

/// The same for a step with a rank for each stage of each replica (sim/variation.hpp).
void jitter_kernels(BuiltStep& step, const Scenario& scenario, std::int64_t sample);

}  // namespace mfusim
