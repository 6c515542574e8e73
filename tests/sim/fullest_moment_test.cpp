// SPDX-License-Identifier: Apache-2.0
#include "sim/fullest_moment.hpp"

#include "sim/build_step.hpp"
#include "sim/memory.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/stage_memory.hpp"

#include <random>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

class RandomStages {
 public:
  /// A plan that the schedule can run, of 1-9 stages, 1-5 chunks and up to 300 micro-batches.
  ParallelPlan plan(const ScheduleKind& kind) {
    ParallelPlan plan;
    plan.schedule = kind.schedule;
    do {
      plan.pipeline = number(1, 9);
      plan.virtual_stages = number(1, 5);
      plan.micro_batches = number(1, 300);
      if (kind.in_rounds) plan.micro_batches *= plan.pipeline;
    } while (!kind.fault(pipeline_shape(plan)).key.empty());
    return plan;
  }

  /// Small whole numbers, of which some are equal; a chunk keeps something.
  std::vector<ChunkActivations> activations(const ParallelPlan& plan) {
    std::vector<ChunkActivations> chunks(static_cast<std::size_t>(plan.virtual_stages));
    for (ChunkActivations& one : chunks) {
      one.kept = Bytes(number(1, 9));
      one.for_weights = Bytes(number(0, 9));
      one.recomputed = Bytes(number(0, 9));
      one.in_flight = Bytes(number(0, 9));
      one.held = {Bytes(number(0, 9)), Bytes(number(0, 9))};
    }
    chunks.back().scores = Bytes(number(0, 9));
    chunks.back().loss_copies = Bytes(number(0, 9));
    return chunks;
  }

 private:
  int number(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  std::mt19937 random_{11};
};

std::size_t longest_short_order(ParallelPlan plan, std::int64_t micro_batches) {
  plan.micro_batches = micro_batches;
  std::size_t most = 0;
  for (int stage = 0; stage < plan.pipeline; ++stage) most = std::max(most, short_order(plan, stage).slots.size());
  return most;
}

}  // namespace

TEST_CASE("a few periods hold at their fullest what all micro-batches hold, at the same pass", "[property]") {
  RandomStages random;
  for (const ScheduleKind& kind : schedule_kinds()) {
    for (int draw = 0; draw < 60; ++draw) {
      const ParallelPlan plan = random.plan(kind);
      const std::vector<ChunkActivations> chunks = random.activations(plan);
      for (int stage = 0; stage < plan.pipeline; ++stage) {
        CAPTURE(kind.name, plan.pipeline, plan.virtual_stages, plan.micro_batches, stage);
        const FullestMoment few = fullest_moment(plan, stage, chunks);
        const FullestMoment all = fullest_moment(whole_order(stage_schedule(plan, stage)), chunks);
        CHECK(few.at == all.at);
        CHECK(few.moment.kept == all.moment.kept);
        CHECK(few.moment.scores == all.moment.scores);
        CHECK(few.moment.all() == all.moment.all());
        CHECK(few.held_back == all.held_back);
        CHECK(few.passes_in_flight == all.passes_in_flight);
      }
    }
  }
}

TEST_CASE("the order that memory is read from does not grow with the micro-batches where it repeats", "[property]") {
  RandomStages random;
  for (const ScheduleKind& kind : schedule_kinds()) {
    if (kind.measured_order != nullptr || kind.schedule == PipelineSchedule::GPipe) continue;
    for (int draw = 0; draw < 20; ++draw) {
      const ParallelPlan plan = random.plan(kind);
      CAPTURE(kind.name, plan.pipeline, plan.virtual_stages);
      CHECK(longest_short_order(plan, 100 * plan.pipeline) == longest_short_order(plan, 100'000'000 * plan.pipeline));
    }
  }
}

TEST_CASE("a step of a million micro-batches needs the memory of one of a thousand", "[property]") {
  for (const char* schedule : {"1f1b", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v"}) {
    const bool one_chunk = std::string(schedule) == "1f1b" || std::string(schedule).starts_with("zb-h");
    const auto memory = [&](const char* batch) {
      return memory_by_stage(scenario_of(small_decoder, {{"parallel.pipeline", "4"},
                                                         {"cluster.gpus", "4"},
                                                         {"parallel.schedule", schedule},
                                                         {"parallel.virtual_stages", one_chunk ? "1" : "2"},
                                                         {"training.micro_batch", "1"},
                                                         {"training.global_batch", batch}}));
    };
    const std::vector<StageMemory> thousand = memory("1024");
    const std::vector<StageMemory> million = memory("1048576");
    for (std::size_t stage = 0; stage < thousand.size(); ++stage) {
      CAPTURE(schedule, stage);
      CHECK(million[stage].parts == thousand[stage].parts);
      CHECK(million[stage].passes_in_flight == thousand[stage].passes_in_flight);
    }
  }
}
