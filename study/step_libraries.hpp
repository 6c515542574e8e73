// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/step_library.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace mfusim {

/// Step times of many scenarios, with what their steps share kept from one to the next. For one thread.
class StepLibraries {
 public:
  /// What is known of a scenario beside itself.
  struct Keys {
    /// Equal for scenarios of equal work on clusters of the same parts; what else tells layers apart is found out here.
    std::vector<std::size_t> work;
    /// Equal for scenarios that differ in nothing but their layers.
    std::vector<std::size_t> others;
  };
  /// `work`: of a micro-batch of the scenario (micro_batch_work).
  [[nodiscard]] Picoseconds step_time(const Scenario& scenario, const Work<Count>& work, Keys keys);

 private:
  /// Scenarios with one library and these keys have one step: layers that are asked to recompute what they recompute anyway, say.
  using StepKey = std::pair<const StepLibrary*, std::vector<std::size_t>>;
  [[nodiscard]] StepLibrary& library_of(const Scenario& scenario, const Work<Count>& work, const std::vector<std::size_t>& key);
  void note_use(StepLibrary& library);
  [[nodiscard]] Picoseconds simulated(const Scenario& scenario, const Work<Count>& work, StepLibrary& library);
  void make_room();

  std::map<std::vector<std::size_t>, std::list<StepLibrary>> libraries_;
  std::vector<StepLibrary*> recent_;  ///< Those that were used last, the latest last: others keep no traces.
  std::map<StepKey, Picoseconds> times_;
  std::shared_ptr<PipelineWirings> wirings_ = std::make_shared<PipelineWirings>();
  std::size_t number_ = 0;      ///< Of libraries.
  std::size_t kept_tasks_ = 0;  ///< In all of them.
};

}  // namespace mfusim
