// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_trace.hpp"

#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/fold.hpp"
#include "sim/step_library.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// What changes how a step begins or ends, and no pass of it.
Settings other_ends(Draw& draw) {
  return {{"parallel.zero", draw.one_of<std::string>({"0", "1"})},
          {"techniques.dp_overlap", draw.flag()},
          {"techniques.async_data", draw.flag()},
          {"techniques.pp_overlap", draw.flag()}};
}

Settings changed(Settings plan, const Settings& changes) {
  plan.insert(plan.end(), changes.begin(), changes.end());
  return plan;
}

StepLibrary library_of(const Scenario& scenario) {
  return StepLibrary(scenario, context_share(micro_batch_work(scenario), scenario.parallel.context));
}

/// Four stages, two replicas, eight micro-batches.
const Settings pipeline{{"cluster.gpus", "8"},
                        {"parallel.pipeline", "4"},
                        {"training.global_batch", "16"},
                        {"techniques.pp_overlap", "true"},
                        {"techniques.async_data", "true"},
                        {"stack", "megascale"}};

Folded folded(StepLibrary& library, const Settings& plan) {
  const std::optional<Folded> folded = fold_step(scenario_of(tiny_decoder, plan), library);
  REQUIRE(folded);
  return *folded;
}

}  // namespace

TEST_CASE("steps that begin alike take over what is alike, and no time changes by a picosecond", "[property]") {
  constexpr int plans = 60;
  constexpr int steps_each = 8;
  std::size_t groups = 0;
  std::size_t common = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(9000 + seed));
    Settings plan = random_plan(draw);
    plan.emplace_back("stack_settings.optimizer_kernels", "fused");  // others are launched by the host: not folded
    plan.emplace_back("stack", "megascale");
    plan.emplace_back("stack_settings.launch", draw.one_of<std::string>({"graph", "eager"}));
    plan.emplace_back("training.sequence_length", draw.one_of<std::string>({"512", "32"}));  // 32: the host is behind
    plan = changed(plan, other_ends(draw));
    StepLibrary library = library_of(scenario_of(tiny_decoder, plan));
    for (int step = 0; step < steps_each; ++step) {
      plan = changed(plan, other_ends(draw));
      CAPTURE(seed, step, text_of(plan));
      const Scenario scenario = scenario_of(tiny_decoder, plan);
      if (!library.holds(scenario)) continue;
      const std::optional<Folded> by_library = fold_step(scenario, library);
      const std::optional<Folded> by_itself = fold_step(scenario, micro_batch_work(scenario));
      REQUIRE(by_library.has_value() == by_itself.has_value());
      if (!by_itself) continue;
      CHECK(by_library->makespan == by_itself->makespan);
      CHECK(by_itself->common_groups == 0);
      groups += by_library->groups;
      common += by_library->common_groups;
    }
  }
  CHECK(common > groups / 6);  // else there would be little to see
}

TEST_CASE("a step that only reduces its gradients otherwise takes its passes over", "[unit]") {
  const Settings reduced_behind = changed(pipeline, {{"parallel.zero", "0"}, {"techniques.dp_overlap", "false"}});
  StepLibrary library = library_of(scenario_of(tiny_decoder, reduced_behind));
  const Folded first = folded(library, reduced_behind);
  CHECK(first.common_groups == 0);

  SECTION("or nothing otherwise") {
    const Folded again = folded(library, reduced_behind);
    CHECK(again.makespan == first.makespan);
    CHECK(again.simulated_tasks == 0);
    CHECK(again.common_groups >= first.groups / 2);
    CHECK(again.common_groups < first.groups);  // what comes behind the passes is looked at anew
  }
  SECTION("whole, not in shards") {
    const Folded sharded = folded(library, changed(reduced_behind, {{"parallel.zero", "1"}}));
    CHECK(sharded.common_groups >= first.groups / 2);
  }
  SECTION("but not where weights are gathered under its first passes") {
    const Folded gathered = folded(library, changed(pipeline, {{"parallel.zero", "1"}, {"techniques.dp_overlap", "true"}}));
    CHECK(gathered.common_groups == 0);
  }
  SECTION("nor where its passes are wired otherwise") {
    const Folded blocking = folded(library, changed(reduced_behind, {{"techniques.pp_overlap", "false"}}));
    CHECK(blocking.common_groups == 0);
  }
  SECTION("nor what was forgotten") {
    library.forget_chunks();
    const Folded anew = folded(library, reduced_behind);
    CHECK(anew.makespan == first.makespan);
    CHECK(anew.common_groups == 0);
    CHECK(anew.simulated_tasks == first.simulated_tasks);
  }
}

TEST_CASE("of two wirings the last trace of each is kept", "[unit]") {
  const Settings plan = changed(pipeline, {{"parallel.zero", "0"}, {"techniques.dp_overlap", "false"}});
  const Settings blocking = changed(plan, {{"techniques.pp_overlap", "false"}});
  const Settings longer = changed(plan, {{"training.global_batch", "18"}});  // nine micro-batches: another wiring
  StepLibrary library = library_of(scenario_of(tiny_decoder, plan));
  for (const Settings& one : {plan, blocking}) CHECK(folded(library, one).common_groups == 0);
  for (const Settings& one : {plan, blocking}) CHECK(folded(library, one).common_groups > 0);
  CHECK(folded(library, longer).common_groups == 0);  // in place of the oldest
  CHECK(folded(library, blocking).common_groups > 0);
  CHECK(folded(library, plan).common_groups == 0);
}

namespace {

/// How many groups of each rank had begun before a moment.
std::vector<std::uint32_t> begun_before(const FoldLog& log, std::int64_t moment) {
  std::vector<std::uint32_t> begun;
  for (const std::vector<FoldLog::Group>& groups : log.ranks) {
    begun.push_back(0);
    for (const FoldLog::Group& group : groups) begun.back() += group.begin < moment ? 1 : 0;
  }
  return begun;
}

std::vector<std::uint32_t> common_until(const FoldTrace& trace, const FoldPlan& plan) {
  std::vector<std::uint32_t> until;
  for (const CommonGroups& rank : common_groups(trace, plan)) {
    CHECK(rank.from < rank.until);
    until.push_back(rank.until);
  }
  return until;
}

}  // namespace

TEST_CASE("plans have in common what began before the first difference", "[unit]") {
  const Settings settings = changed(pipeline, {{"parallel.zero", "0"}, {"techniques.dp_overlap", "false"}});
  const Scenario scenario = scenario_of(tiny_decoder, settings);
  StepLibrary library = library_of(scenario);
  static_cast<void>(folded(library, settings));
  const StepGraph step = build_pipeline_step(scenario, library, 8);  // micro-batches: all of them
  const FoldTrace* known = library.folds().traces().of(*step.record().passes->wiring);
  REQUIRE(known != nullptr);
  FoldTrace trace = *known;
  FoldPlan plan = trace.plan;
  const std::vector<std::uint32_t> all = common_until(trace, plan);
  REQUIRE(all.size() == 4);

  SECTION("an own group") {
    std::int64_t moment = never;
    for (std::size_t rank = 0; rank < 4; ++rank)
      moment = std::min(moment, trace.log.ranks[rank][plan.ranks[rank].first_own()].begin);
    CHECK(all == begun_before(trace.log, moment));
  }
  SECTION("another wait of a pass") {
    constexpr std::uint32_t group = 5;
    plan.entry_waits[2] = {{group, StepTask{0, 0}}};
    const std::vector<std::uint32_t> until = common_until(trace, plan);
    CHECK(until == begun_before(trace.log, trace.log.ranks[2][group].begin));
    CHECK(until[2] == group);
  }
  SECTION("a wait of both for what is of no head") {
    constexpr std::uint32_t group = 5;
    const auto behind = static_cast<std::uint32_t>(plan.group_of.size() - 1);
    REQUIRE(plan.group_of[behind] > 0);
    plan.entry_waits[2] = trace.plan.entry_waits[2] = {{group, StepTask{behind, 0}}};
    CHECK(common_until(trace, plan) == begun_before(trace.log, trace.log.ranks[2][group].begin));
  }
  SECTION("nothing, where a stream is used no longer") {
    plan.last_use[1][static_cast<std::size_t>(StreamKind::PipelineForward)] = 2;
    CHECK(common_groups(trace, plan).empty());
  }
  SECTION("nothing, where heads have other items") {
    const std::uint32_t first = plan.ranks[0][0].first_step;
    REQUIRE(first != FoldPlan::none);
    plan.next_step[first] = static_cast<std::uint32_t>(plan.next_step.size() - 1);
    CHECK(common_groups(trace, plan).empty());
  }
  SECTION("nothing, where another pass is awaited") {
    plan.awaited_passes[3] ^= 1U;
    CHECK(common_groups(trace, plan).empty());
  }
  SECTION("nothing, where a step waits for earlier communication") {
    plan.early.emplace_back(0, StepTask{});
    CHECK(common_groups(trace, plan).empty());
  }
  SECTION("nothing, where an awaited task outlived its group") {
    trace.log.has_late_ends = true;
    CHECK(common_groups(trace, plan).empty());
  }
}
