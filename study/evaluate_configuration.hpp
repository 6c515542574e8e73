// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/evaluate.hpp"
#include "study/configuration.hpp"
#include "study/step_bound.hpp"
#include "study/step_libraries.hpp"
#include "study/sweep_row.hpp"
#include "study/sweep_space.hpp"

#include <functional>
#include <map>
#include <vector>

namespace mfusim {

/// Could a row with this time (a lower bound), memory and GPUs still change the answer of the sweep? Empty: always.
using CanMatter = std::function<bool(const SweepRow& optimistic)>;

/// Evaluates configurations of one space: rules first, then memory, then a lower bound of the time, and only where all of them
/// leave a chance the simulated step. What configurations share is priced once. For one thread.
class ConfigurationEvaluator {
 public:
  explicit ConfigurationEvaluator(const SweepSpace& space);

  /// Takes configuration `index`. False where a constraint excludes it: the next candidate is then next().
  [[nodiscard]] bool move_to(std::int64_t index) { return reader_.move_to(index); }
  [[nodiscard]] std::int64_t next() const { return reader_.next_candidate(); }
  [[nodiscard]] SweepRow evaluate(const CanMatter& can_matter);

 private:
  [[nodiscard]] SweepRow evaluate(const Scenario& scenario, const CanMatter& can_matter);
  [[nodiscard]] const PricedWork& priced_work(const Scenario& scenario);
  /// Equal for scenarios whose work and its price are equal.
  [[nodiscard]] std::vector<std::size_t> pricing_key(const Scenario& scenario) const;
  [[nodiscard]] Bytes peak_memory(const Scenario& scenario, const PricedWork& priced);
  [[nodiscard]] std::vector<std::size_t> choices_of_axes(const std::vector<std::size_t>& axes) const;

  ConfigurationReader reader_;
  std::vector<std::size_t> pricing_axes_;                  ///< Axes that may change the work or its price.
  std::map<std::vector<std::size_t>, PricedWork> priced_;  ///< By the choices of those axes.
  std::vector<std::size_t> dealt_axes_;                    ///< Axes that may change more of a step than its layers.
  StepLibraries libraries_;
  std::vector<std::size_t> memory_axes_;             ///< Axes that may change the memory.
  std::map<std::vector<std::size_t>, Bytes> peaks_;  ///< Of the fullest stage, by the choices of those axes.
};

}  // namespace mfusim
