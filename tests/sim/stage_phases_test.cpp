// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_phases.hpp"

#include "tests/catch.hpp"

using namespace mfusim;

namespace {

ParallelPlan plan_of(PipelineSchedule schedule, int stages, int micro_batches) {
  ParallelPlan plan;
  plan.schedule = schedule;
  plan.pipeline = stages;
  plan.virtual_stages = schedule == PipelineSchedule::Interleaved || schedule == PipelineSchedule::ZbV ? 2 : 1;
  plan.micro_batches = micro_batches;
  plan.memory_limit = stages;
  return plan;
}

}  // namespace

TEST_CASE("forward passes alone stand before the steady phase, none behind it, and no chunk ends before the flush",
          "[property]") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    for (const int stages : {2, 4, 6}) {
      const ParallelPlan plan = plan_of(kind.schedule, stages, 4 * stages);
      for (int stage = 0; stage < stages; ++stage) {
        CAPTURE(kind.name, stages, stage);
        const std::vector<Slot> slots = stage_schedule(plan, stage);
        const StagePhases phases(slots, plan.virtual_stages);
        for (std::size_t i = 0; i < slots.size(); ++i) {
          const bool forward = slots[i].kind == Slot::Kind::Forward;
          if (i < phases.first_backward()) CHECK(forward);
          if (i > phases.last_forward()) CHECK(!forward);
          CHECK(phases.steady(i) == (i >= phases.first_backward() && i <= phases.last_forward()));
        }
        for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan.virtual_stages); ++chunk)
          CHECK(phases.last_slot_of(chunk) > phases.last_forward());
      }
    }
  }
}

TEST_CASE("1F1B warms up with p - s - 1 forward passes and one more before the first gradient; GPipe has no steady phase",
          "[property]") {
  const int stages = GENERATE(2, 4, 8);
  for (int stage = 0; stage < stages; ++stage) {
    CAPTURE(stages, stage);
    const auto order = stage_schedule(plan_of(PipelineSchedule::OneForwardOneBackward, stages, 4 * stages), stage);
    CHECK(StagePhases(order, 1).first_backward() == static_cast<std::size_t>(stages - stage));
    const auto all_first = stage_schedule(plan_of(PipelineSchedule::GPipe, stages, 4 * stages), stage);
    const StagePhases gpipe(all_first, 1);
    for (std::size_t i = 0; i < all_first.size(); ++i) CHECK(!gpipe.steady(i));
  }
}

TEST_CASE("sends hold a stage up where nothing hides them: everywhere, nowhere, or outside the steady phase", "[unit]") {
  Scenario scenario;
  const PipelineOverlap phases = GENERATE(PipelineOverlap::AllPhases, PipelineOverlap::SteadyPhase);
  scenario.stack.pipeline_overlap = phases;
  scenario.techniques.pp_overlap = false;
  CHECK(sends_block(scenario, true));
  CHECK(sends_block(scenario, false));
  scenario.techniques.pp_overlap = true;
  CHECK(!sends_block(scenario, true));
  CHECK(sends_block(scenario, false) == (phases == PipelineOverlap::SteadyPhase));
}
