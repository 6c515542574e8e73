// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/difference.hpp"
#include "study/sweep_ranking.hpp"
#include "study/sweep_store.hpp"
#include "study/sweep_work.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mfusim {

/// Whether configurations are left out that cannot be among the answers.
enum class Pruning { Off, On };

struct SweepOptions {
  int jobs = 1;          ///< Threads.
  std::size_t top = 10;  ///< Rows of the answer.
  SweepExtent extent;
  Pruning pruning = Pruning::Off;
  std::string where;  ///< A condition on rows: only those that meet it are in the answer; empty: all.
};

/// Configurations that break the rules of one key.
struct InvalidRows {
  std::int64_t count = 0;
  std::int64_t first = 0;  ///< The first of them.
  std::string reason;      ///< What that one breaks.
};

/// How many configurations came to what.
struct SweepCounts {
  std::int64_t fits = 0, too_large = 0, pruned = 0, invalid = 0;
  std::map<std::string, InvalidRows> invalid_by_key;
  [[nodiscard]] std::int64_t all() const { return fits + too_large + pruned + invalid; }
};

/// A row with the values of the axes it stands for.
struct RankedRow {
  SweepRow row;
  std::vector<std::string> values;  ///< In the order of the axes.
  std::optional<double> cost;       ///< Of a million samples, where its GPU has a price.
  struct Twin {
    std::int64_t index = 0;
    std::vector<std::string> values;
  };
  std::vector<Twin> twins;  ///< Later configurations that are the same plan in other words (study/sweep_twins.hpp).
};

[[nodiscard]] RankedRow ranked(const SweepSpace& space, const SweepRow& row);

struct SweepAnswer {
  std::string scenario;
  std::string version;
  std::vector<std::string> axes;
  std::vector<std::string> constraints;
  Objective objective = Objective::StepTime;
  std::vector<Objective> front_objectives;
  std::int64_t size = 0;      ///< Of the space.
  bool open_plan = false;     ///< SweepSpace::open_plan.
  std::int64_t excluded = 0;  ///< By constraints, of those looked at.
  SweepCounts counts;
  std::string where;                    ///< The condition on rows; empty: none.
  std::optional<SweepCounts> matching;  ///< Of the rows that meet it.
  std::vector<RankedRow> best;
  std::optional<RankedRow> best_with_headroom;  ///< The best whose memory is not tight, where the best of all is.
  std::vector<AxisEffect> effects;
  std::vector<RankedRow> front;
  std::optional<Difference> best_two;  ///< From the best to the runner-up.
  std::string no_best_two;             ///< Why they were not compared.
  std::vector<std::string> launch;     ///< The best as arguments of the program that trains it.
  std::string no_launch;               ///< Why there are none where they were asked for.
};

/// Told how many configurations are done, of how many; one thread at a time.
using SweepProgress = std::function<void(std::int64_t done, std::int64_t all)>;

/// Evaluates what is still to do of a space on `options.jobs` threads. With a store its finished rows are part of the answer and
/// new ones are added to it; without, rows are dropped once they are ranked. Throws InputError where the constraints leave no
/// configuration, and what the store throws.
[[nodiscard]] SweepAnswer run_sweep(const SweepSpace& space, const SweepOptions& options, SweepStore* store,
                                    const SweepProgress& progress = {});

}  // namespace mfusim
