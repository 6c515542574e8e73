// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// A question about one axis of a sweep: which of its values is enough?
struct PlanQuestion {
  std::string axis;            ///< "cluster.gpus".
  double samples = 0;          ///< To be trained on; 0: not asked.
  double tokens = 0;           ///< The same in tokens of a language model: samples = tokens / sequence length.
  std::optional<double> days;  ///< At most.
};

/// The configuration that trains the samples for the least money, of those that are in time.
struct LeastCost {
  RankedRow row;
  double cost = 0;
  double days = 0;
};

/// One value of the axis with its best configuration.
struct PlanRow {
  std::string value;
  std::optional<RankedRow> best;  ///< Empty: nothing with this value fits.
  std::optional<double> days;     ///< For the samples.
  std::optional<double> cost;     ///< For the samples, where its GPU has a price.
  bool enough = false;            ///< Something fits, and in time.
  /// Seldom the fastest: more GPUs are less well used. Where samples are asked for and every GPU of the space has a price.
  std::optional<LeastCost> least_cost{};
};

struct PlanAnswer {
  PlanQuestion question;
  std::string scenario;
  std::vector<std::string> axes;        ///< Of the sweep: what the values of a row's best configuration belong to.
  std::vector<PlanRow> rows;            ///< In the order of the axis.
  std::optional<std::size_t> smallest;  ///< First row that is enough.
  std::optional<std::size_t> largest;   ///< Last row that is enough.
  std::optional<std::size_t> cheapest;  ///< Of those that are enough: by the least cost, where that is known.
  SweepCounts counts;                   ///< Of all configurations: why values have none that fits.
};

/// Sweeps the space for the fastest configuration with each value of the axis (samples a second), and asks which are enough:
/// days = samples / (samples a second) / 86400; cost = price of a GPU-hour x GPUs x hours. With prices a second sweep looks for
/// the least cost with each value.
/// Throws InputError where the space has no such axis, and for tokens where the model is no language model or where
/// configurations of other sequence lengths would be compared by samples.
[[nodiscard]] PlanAnswer answer_plan(SweepSpace space, const PlanQuestion& question, const SweepOptions& options,
                                     const SweepProgress& progress = {});

}  // namespace mfusim
