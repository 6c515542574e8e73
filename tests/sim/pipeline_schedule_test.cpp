// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_schedule.hpp"

#include "tests/catch.hpp"
#include "tests/sim/slot_play.hpp"

#include <random>
#include <set>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

ParallelPlan plan_of(PipelineSchedule schedule, int stages, int chunks, std::int64_t micro_batches) {
  ParallelPlan plan;
  plan.schedule = schedule;
  plan.pipeline = stages;
  plan.virtual_stages = chunks;
  plan.micro_batches = micro_batches;
  return plan;
}

/// Shapes that each schedule accepts, drawn from 1-9 stages, 1-4 chunks and 1-40 micro-batches.
std::vector<ParallelPlan> random_plans() {
  std::mt19937 random(7);
  std::vector<ParallelPlan> plans;
  for (const ScheduleKind& kind : schedule_kinds()) {
    for (int accepted = 0; accepted < 30;) {
      const ParallelPlan plan = plan_of(kind.schedule, static_cast<int>(random() % 9) + 1, static_cast<int>(random() % 4) + 1,
                                        static_cast<std::int64_t>(random() % 40) + 1);
      if (!kind.fault(pipeline_shape(plan)).key.empty()) continue;
      plans.push_back(plan);
      ++accepted;
    }
  }
  return plans;
}

template <class Check>
void for_each_stage(Check check) {
  for (const ParallelPlan& plan : random_plans()) {
    for (int stage = 0; stage < plan.pipeline; ++stage) {
      CAPTURE(to_string(plan.schedule), plan.pipeline, plan.virtual_stages, plan.micro_batches, stage);
      check(plan, stage, stage_schedule(plan, stage));
    }
  }
}

std::size_t kinds_of_slots(const ParallelPlan& plan) {
  return schedule_kind(plan.schedule).splits_backward ? 3 : 2;
}

}  // namespace

TEST_CASE("every stage runs every pass of every micro-batch through each of its chunks exactly once", "[property]") {
  for_each_stage([](const ParallelPlan& plan, int, const std::vector<Slot>& slots) {
    std::set<std::tuple<Slot::Kind, std::uint32_t, std::uint32_t>> seen;
    for (const Slot& slot : slots) {
      CHECK((slot.micro_batch < plan.micro_batches && slot.chunk < static_cast<std::uint32_t>(plan.virtual_stages)));
      seen.emplace(slot.kind, slot.micro_batch, slot.chunk);
    }
    const auto passes = static_cast<std::size_t>(plan.micro_batches) * static_cast<std::size_t>(plan.virtual_stages);
    CHECK(slots.size() == kinds_of_slots(plan) * passes);
    CHECK(seen.size() == slots.size());
  });
}

TEST_CASE("on every stage a micro-batch goes forward before its gradients, and input gradients come before weight gradients",
          "[property]") {
  for_each_stage([](const ParallelPlan&, int, const std::vector<Slot>& slots) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, Slot::Kind> last;
    for (const Slot& slot : slots) {
      const auto [at, fresh] = last.try_emplace({slot.micro_batch, slot.chunk}, slot.kind);
      if (fresh) {
        CHECK(slot.kind == Slot::Kind::Forward);
      } else {
        CHECK(at->second < slot.kind);
      }
      at->second = slot.kind;
    }
  });
}

TEST_CASE("no schedule waits for itself: played against each other, all stages come to their end", "[property]") {
  for (const ParallelPlan& plan : random_plans()) {
    CAPTURE(to_string(plan.schedule), plan.pipeline, plan.virtual_stages, plan.micro_batches);
    const std::optional<Play> played = play(plan, {3, 4, 2});
    REQUIRE(played);
    CHECK(played->longest_span >= plan.micro_batches * plan.virtual_stages * 9);
  }
}

TEST_CASE("passes in flight never exceed the bound of the schedule", "[property]") {
  for_each_stage([](const ParallelPlan& plan, int stage, const std::vector<Slot>& slots) {
    const std::int64_t p = plan.pipeline;
    const std::int64_t v = plan.virtual_stages;
    std::int64_t bound = 0;
    switch (plan.schedule) {
      case PipelineSchedule::GPipe:
        bound = plan.micro_batches;
        break;
      case PipelineSchedule::OneForwardOneBackward:
        bound = p - stage;
        break;
      case PipelineSchedule::Interleaved:
        bound = p * v + p - 1;
        break;
      case PipelineSchedule::ZbH1:
        bound = p;
        break;
      case PipelineSchedule::ZbH2:
        bound = 2 * p - 1;
        break;
      case PipelineSchedule::ZbV:
        bound = 2 * p;
        break;
      case PipelineSchedule::ZbAuto:
        return;  // limited in bytes, not in passes: tests/sim/measured_schedule_test.cpp
    }
    CHECK(most_in_flight(slots) <= bound);
    if (plan.micro_batches >= 2 * p && plan.schedule != PipelineSchedule::Interleaved) CHECK(most_in_flight(slots) == bound);
  });
}

TEST_CASE("a chunk of the model belongs to one stage, and the V turns on the last stage", "[property]") {
  for (const ParallelPlan& plan : random_plans()) {
    for (int stage = 0; stage < plan.pipeline; ++stage) {
      for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan.virtual_stages); ++chunk)
        CHECK(stage_of_chunk(plan, model_chunk(plan, stage, chunk)) == stage);
    }
    CHECK(loss_stage(plan) == (plan.schedule == PipelineSchedule::ZbV ? 0 : plan.pipeline - 1));
  }
}

TEST_CASE("bubbles of GPipe, 1F1B and interleaved 1F1B follow their closed form", "[published]") {
  // Narayanan et al. 2021, arXiv:2104.04473, section 2.2: (p - 1)(t_f + t_b), with v chunks a stage divided by v. Here the times
  // are those of one chunk, so that v is in them already.
  const int p = GENERATE(2, 4, 8);
  const int m = GENERATE(8, 16, 24);
  const PassTimes times{10, 11, 8};
  CAPTURE(p, m);
  for (const PipelineSchedule schedule : {PipelineSchedule::GPipe, PipelineSchedule::OneForwardOneBackward})
    CHECK(play(plan_of(schedule, p, 1, m), times)->makespan == (m + p - 1) * times.all());
  for (const int v : {2, 3}) {
    CAPTURE(v);
    CHECK(play(plan_of(PipelineSchedule::Interleaved, p, v, m), times)->makespan == (m * v + p - 1) * times.all());
  }
}

TEST_CASE("bubbles of ZB-H1 and ZB-H2 follow their closed form", "[published]") {
  // Qi et al. 2024, arXiv:2401.10241, table 2: (p - 1)(T_F + T_B - T_W) and (p - 1)(T_F + T_B - 2 T_W), where a schedule costs
  // its longest stage (section 3.1).
  const int p = GENERATE(2, 3, 4, 6, 8);
  const int m = GENERATE(15, 16, 37);
  const PassTimes times = GENERATE(PassTimes{1, 1, 1}, PassTimes{10, 11, 8});
  CAPTURE(p, m, times.weight);
  const auto [f, b, w] = times;
  CHECK(play(plan_of(PipelineSchedule::ZbH1, p, 1, m), times)->longest_span == m * times.all() + (p - 1) * (f + b - w));
  CHECK(play(plan_of(PipelineSchedule::ZbH2, p, 1, m), times)->longest_span == m * times.all() + (p - 1) * (f + b - 2 * w));
  // with a barrier after the step every schedule pays for the last stage's late start
  CHECK(play(plan_of(PipelineSchedule::ZbH2, p, 1, m), times)->makespan >= m * times.all() + (p - 1) * f);
}

TEST_CASE("ZB-V has no bubble with equal passes and at least 2 p - 1 micro-batches", "[published]") {
  // Qi et al. 2024, arXiv:2401.10241, section 6: zero bubble where T_F = T_B = T_W, in p passes' worth of activations: 2 p of
  // half a stage each.
  const int p = GENERATE(2, 3, 4, 6, 8);
  const int more = GENERATE(0, 1, 20);
  const int m = 2 * p - 1 + more;
  CAPTURE(p, m);
  const ParallelPlan plan = plan_of(PipelineSchedule::ZbV, p, 2, m);
  CHECK(play(plan, {})->longest_span == 2 * m * 3);
  for (int stage = 0; stage < p; ++stage) CHECK(most_in_flight(stage_schedule(plan, stage)) == 2 * p);
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

namespace {

/// `slots` with `more` periods behind the part of them that repeats.
std::vector<Slot> with_more_periods(const std::vector<Slot>& slots, const PipelinePeriod& period, std::uint32_t more) {
  const SlotRange range = repeating_slots(slots, period);
  std::vector<Slot> longer(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(range.last));
  for (std::size_t i = 0; i < std::size_t{more} * period.slots; ++i) {
    longer.push_back(longer[longer.size() - period.slots]);
    longer.back().micro_batch += period.micro_batches;
  }
  for (std::size_t i = range.last; i < slots.size(); ++i) {
    longer.push_back(slots[i]);
    longer.back().micro_batch += more * period.micro_batches;
  }
  return longer;
}

}  // namespace

TEST_CASE("an order that repeats is, for more micro-batches, the same with the repeating part longer", "[property]") {
  const PipelineSchedule schedule =
      GENERATE(PipelineSchedule::GPipe, PipelineSchedule::OneForwardOneBackward, PipelineSchedule::Interleaved,
               PipelineSchedule::ZbH1, PipelineSchedule::ZbH2, PipelineSchedule::ZbV);
  const int stages = GENERATE(2, 3, 4, 8);
  const bool rounds = schedule == PipelineSchedule::Interleaved;
  const int chunks = rounds ? GENERATE(2, 3) : schedule == PipelineSchedule::ZbV ? 2 : 1;
  for (int micro_batches = 2 * stages; micro_batches <= 8 * stages; micro_batches += rounds ? stages : 1) {
    const ParallelPlan plan = plan_of(schedule, stages, chunks, micro_batches);
    const PipelinePeriod period = pipeline_period(plan);
    const ParallelPlan longer = plan_of(schedule, stages, chunks, micro_batches + 3 * static_cast<int>(period.micro_batches));
    for (int stage = 0; stage < stages; ++stage) {
      const std::vector<Slot> slots = stage_schedule(plan, stage);
      const SlotRange range = repeating_slots(slots, period);
      CAPTURE(to_string(schedule), stages, chunks, micro_batches, stage, range.first, range.last);
      const bool repeats = range.last > range.first;
      if (repeats) CHECK(with_more_periods(slots, period, 3) == stage_schedule(longer, stage));
      if (micro_batches == 8 * stages) CHECK(repeats == (schedule != PipelineSchedule::GPipe));
    }
  }
}
