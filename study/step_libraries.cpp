// SPDX-License-Identifier: Apache-2.0
#include "study/step_libraries.hpp"

#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/evaluate.hpp"
#include "sim/pipeline_schedule.hpp"

#include <utility>

namespace mfusim {
namespace {

// They keep memory flat however large the space is: about 60 MB a thread.
constexpr std::size_t most_libraries = 256;
constexpr std::size_t most_times = 4096;
constexpr std::size_t most_kept_tasks = 500'000;
constexpr std::size_t most_with_traces = 4;  // a trace is of use to the next few scenarios, and as large as a step

}  // namespace

Picoseconds StepLibraries::step_time(const Scenario& scenario, const Work<Count>& work, Keys keys) {
  if (!is_pipeline_step(scenario, work)) return mfusim::step_time(scenario, work);
  StepLibrary& library = library_of(scenario, work, keys.work);
  if (schedule_kind(scenario.parallel.schedule).measured_order != nullptr)  // the order depends on memory too
    return simulated(scenario, work, library);
  StepKey key{&library, std::move(keys.others)};
  const auto at = times_.find(key);
  if (at != times_.end()) return at->second;
  return times_.emplace(std::move(key), simulated(scenario, work, library)).first->second;
}

Picoseconds StepLibraries::simulated(const Scenario& scenario, const Work<Count>& work, StepLibrary& library) {
  note_use(library);
  const std::size_t before = library.folds().kept_tasks();
  const Picoseconds time = mfusim::step_time(scenario, work, library);
  kept_tasks_ += library.folds().kept_tasks() - before;
  return time;
}

void StepLibraries::note_use(StepLibrary& library) {
  std::erase(recent_, &library);
  if (recent_.size() == most_with_traces) {
    recent_.front()->folds().traces().forget();
    recent_.erase(recent_.begin());
  }
  recent_.push_back(&library);
}

StepLibrary& StepLibraries::library_of(const Scenario& scenario, const Work<Count>& work, const std::vector<std::size_t>& key) {
  make_room();
  std::list<StepLibrary>& of_key = libraries_[key];
  for (StepLibrary& library : of_key) {
    if (library.holds(scenario)) return library;
  }
  ++number_;
  return of_key.emplace_front(scenario, context_share(work, scenario.parallel.context), wirings_);
}

/// Scenarios that come one after the other share most: all that was kept before may go. Chunks and outcomes take most of the
/// memory; priced layers stay longer.
void StepLibraries::make_room() {
  const bool is_full = number_ >= most_libraries || times_.size() >= most_times;
  if (!is_full && kept_tasks_ < most_kept_tasks) return;
  kept_tasks_ = 0;
  if (is_full) {
    recent_.clear();
    libraries_.clear();
    times_.clear();
    number_ = 0;
  }
  for (auto& [key, of_key] : libraries_) {
    for (StepLibrary& library : of_key) library.forget_chunks();
  }
}

}  // namespace mfusim
