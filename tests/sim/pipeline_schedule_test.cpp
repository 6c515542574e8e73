// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_schedule.hpp"

#include "tests/catch.hpp"

#include <algorithm>
#include <map>
#include <tuple>

using namespace mfusim;

namespace {

ParallelPlan plan_of(PipelineSchedule schedule, int stages, int chunks, std::int64_t micro_batches) {
  ParallelPlan plan;
  plan.schedule = schedule;
  plan.pipeline = stages;
  plan.virtual_stages = chunks;
  plan.micro_batches = micro_batches;
  return plan;
}

std::vector<ParallelPlan> all_plans() {
  std::vector<ParallelPlan> plans;
  for (const int stages : {1, 2, 4, 8}) {
    for (const int micro_batches : {1, 3, 8, 16}) {
      plans.push_back(plan_of(PipelineSchedule::GPipe, stages, 1, micro_batches));
      plans.push_back(plan_of(PipelineSchedule::OneForwardOneBackward, stages, 1, micro_batches));
      if (stages > 1 && micro_batches % stages == 0)
        plans.push_back(plan_of(PipelineSchedule::Interleaved, stages, 3, micro_batches));
    }
  }
  return plans;
}

}  // namespace

TEST_CASE("every stage runs each micro-batch once forward and once backward through each of its chunks", "[property]") {
  for (const ParallelPlan& plan : all_plans()) {
    for (int stage = 0; stage < plan.pipeline; ++stage) {
      CAPTURE(to_string(plan.schedule), plan.pipeline, plan.micro_batches, stage);
      std::map<std::tuple<Slot::Kind, std::uint32_t, std::uint32_t>, int> seen;
      for (const Slot& slot : stage_schedule(plan, stage)) ++seen[{slot.kind, slot.micro_batch, slot.chunk}];
      CHECK(seen.size() == static_cast<std::size_t>(2 * plan.micro_batches * plan.virtual_stages));
      CHECK(std::all_of(seen.begin(), seen.end(), [](const auto& entry) { return entry.second == 1; }));
    }
  }
}

TEST_CASE("a backward pass never comes before its own forward pass", "[property]") {
  for (const ParallelPlan& plan : all_plans()) {
    for (int stage = 0; stage < plan.pipeline; ++stage) {
      CAPTURE(to_string(plan.schedule), plan.pipeline, plan.micro_batches, stage);
      const std::vector<Slot> slots = stage_schedule(plan, stage);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        if (slots[i].kind == Slot::Kind::Forward) continue;
        const Slot forward{Slot::Kind::Forward, slots[i].micro_batch, slots[i].chunk};
        CHECK(std::find(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(i), forward) !=
              slots.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
}

TEST_CASE("1F1B holds at most as many micro-batches as stages follow, GPipe holds all", "[property]") {
  const int stages = GENERATE(1, 2, 4, 8);
  const int micro_batches = GENERATE(1, 4, 32);
  CAPTURE(stages, micro_batches);
  for (int stage = 0; stage < stages; ++stage) {
    const auto plan = plan_of(PipelineSchedule::OneForwardOneBackward, stages, 1, micro_batches);
    CHECK(most_in_flight(stage_schedule(plan, stage)) == std::min(micro_batches, stages - stage));
  }
  const auto gpipe = plan_of(PipelineSchedule::GPipe, stages, 1, micro_batches);
  CHECK(most_in_flight(stage_schedule(gpipe, 0)) == micro_batches);
}

TEST_CASE("the interleaved schedule's first stage holds p v + p - 1 chunk passes: 1 + (p-1)/(p v) of 1F1B's activations",
          "[published]") {
  // Korthikanti et al. 2022, arXiv:2205.05198, section 4.2.3: activations of L (1 + (p - 1)/(p m)) layers, m = chunks a stage.
  // One pass holds L/(p v) layers, so that is p v (1 + (p - 1)/(p v)) = p v + p - 1 passes.
  const int stages = GENERATE(2, 4, 8);
  const int chunks = GENERATE(2, 3, 6);
  CAPTURE(stages, chunks);
  const auto plan = plan_of(PipelineSchedule::Interleaved, stages, chunks, 4 * stages);
  CHECK(most_in_flight(stage_schedule(plan, 0)) == stages * chunks + stages - 1);
}
