// SPDX-License-Identifier: Apache-2.0
#include "study/workload.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/study/temporary_file.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

Scenario sixteen_gpus() {
  return scenario_of(small_clip, {{"cluster.gpus", "16"}, {"training.global_batch", "2048"}});
}

Workload two_phases(std::int64_t first, std::int64_t second) {
  return {.phases = {{first, 336, 77}, {second, 112, 77}}, .rebuild = Seconds(30)};
}

const PolicyTime& policy(const WorkloadReport& report, const std::string& name) {
  return *std::find_if(report.policies.begin(), report.policies.end(), [&](const auto& one) { return one.policy == name; });
}

std::string refusal(const std::string& workload) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.write("workload.yaml", std::string(small_clip) + "workload: " + workload + "\n");
  try {
    static_cast<void>(load_workload(file, {}, scenario_of(small_clip)));
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("inputs that do not change are not worth a reallocation", "[property]") {
  const Workload same{.phases = {{100, 336, 77}, {100, 336, 77}}, .rebuild = Seconds(30)};
  const WorkloadReport report = split_workload(sixteen_gpus(), same);
  CHECK(policy(report, "reallocation at each phase").reallocations == 0);
  CHECK(policy(report, "reallocation at each phase").total == policy(report, "static split").total);
  for (const PhaseSplit& phase : report.phases) CHECK(phase.static_split == phase.best.step_time);
}

TEST_CASE("a policy's total is its steps and its reallocations", "[property]") {
  const std::int64_t iterations = GENERATE(1, 1000, 1000000);
  CAPTURE(iterations);
  const WorkloadReport report = split_workload(sixteen_gpus(), two_phases(iterations, 2 * iterations));
  REQUIRE(report.phases.size() == 2);
  REQUIRE(report.phases[0].best.vision_gpus > report.phases[1].best.vision_gpus);  // small images need fewer GPUs
  const auto n = static_cast<double>(iterations);
  const auto total = [&](Seconds first, Seconds second) { return (n * first + 2 * n * second).count(); };
  const PhaseSplit& large = report.phases[0];
  const PhaseSplit& small = report.phases[1];
  CHECK_THAT(policy(report, "colocated").total.count(), WithinRel(total(large.colocated, small.colocated), 1e-12));
  CHECK_THAT(policy(report, "static split").total.count(), WithinRel(total(large.static_split, small.static_split), 1e-12));
  CHECK_THAT(policy(report, "reallocation at each phase").total.count(),
             WithinRel(total(large.best.step_time, small.best.step_time) + small.reallocation.count(), 1e-12));
  CHECK(small.reallocation > Seconds(30));  // the stop, and the state that moves
  CHECK(policy(report, "swing GPUs that keep both towers").reallocation == Seconds(30));
  CHECK(policy(report, "rebalancing by micro-batch only").total <= policy(report, "static split").total);
}

TEST_CASE("no split that is kept through all phases takes less than the static one", "[property]") {
  const Scenario scenario =
      scenario_of(small_clip, {{"model", "ViT-B-32"}, {"training.image_size", "224"}, {"training.global_batch", "512"}});
  const Workload workload{.phases = {{1000, 448, 16}, {1500, 224, 64}}, .rebuild = Seconds(30)};
  const WorkloadReport report = split_workload(scenario, workload);
  Seconds least = Seconds::max();
  for (const int vision : admissible_vision_gpus(scenario)) {
    Seconds total{};
    for (const WorkloadPhase& phase : workload.phases) {
      Scenario here = scenario;
      here.training.image_size = phase.image_size;
      here.training.sequence_length = phase.text_length;
      const SplitPoint kept = split_point(with_split(here, vision, scenario.cluster.gpus - vision));
      total += static_cast<double>(phase.iterations) * kept.step_time;
    }
    least = std::min(least, total);
  }
  CHECK_THAT(policy(report, "static split").total.count(), WithinRel(least.count(), 1e-12));
}

TEST_CASE("reallocation pays after its break-even and not before", "[property]") {
  const WorkloadReport report = split_workload(sixteen_gpus(), two_phases(100000, 1));
  const PhaseSplit& last = report.phases[1];
  REQUIRE(last.break_even > 1);
  const Seconds saved = last.static_split - last.best.step_time;
  CHECK(static_cast<double>(last.break_even) * saved >= last.reallocation);
  CHECK(static_cast<double>(last.break_even - 1) * saved < last.reallocation);
}

TEST_CASE("moving a GPU costs the state of the tower that it joins", "[unit]") {
  const Scenario scenario = sixteen_gpus();
  const Seconds more_vision = reallocation_time(with_split(scenario, 12, 4), with_split(scenario, 14, 2), Seconds(0));
  // fp32 weights and two moments of 304.3 M parameters over one of the node's 8 NICs of 25 GB/s, at its achieved share
  const double state = 304293888.0 * 12;
  CHECK_THAT(more_vision.count(), WithinRel(state / (25e9 * scenario.cluster.network.efficiency), 1e-9));
  CHECK(reallocation_time(with_split(scenario, 14, 2), with_split(scenario, 12, 4), Seconds(0)) <
        more_vision);  // a smaller tower
  CHECK(reallocation_time(with_split(scenario, 12, 4), with_split(scenario, 12, 4), Seconds(30)) == Seconds(0));
}

TEST_CASE("a trace is phases: equal neighbours are one, and a row that does not parse is named by its line", "[unit]") {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.write("scenario.yaml", std::string(small_clip) + "workload: {trace: inputs.csv}\n");
  const auto outcome = [&](const std::string& rows) -> std::string {
    static_cast<void>(folder.write("inputs.csv", "iterations,image_size,text_length\n" + rows));
    try {
      return std::to_string(load_workload(file, {}, scenario_of(small_clip)).phases.size());
    } catch (const InputError& error) {
      return error.what();
    }
  };
  CHECK(outcome("5,224,77\n3,224,77\n1,336,77\n") == "2");
  CHECK_THAT(outcome("5,224,77\n3,big,77\n"), ContainsSubstring("inputs.csv:3: expected iterations,image_size,text_length"));
  CHECK_THAT(outcome("0,224,77\n"), ContainsSubstring("inputs.csv:2: expected"));
  CHECK_THAT(outcome("5,-224,77\n"), ContainsSubstring("got '5,-224,77'"));
  CHECK_THAT(outcome(""), ContainsSubstring("a trace without iterations"));
}

TEST_CASE("a workload that cannot be is refused with the rule and the value", "[unit]") {
  CHECK_THAT(refusal("{phases: [{iterations: 0}]}"),
             ContainsSubstring("workload.phases[0].iterations: expected a positive integer, got '0'"));
  CHECK_THAT(refusal("{phases: [{iterations: 5, image_size: -224}]}"),
             ContainsSubstring("image_size: expected a positive integer, got '-224'"));
  CHECK_THAT(refusal("{phases: [{iterations: 5, image_size: 100}]}"), ContainsSubstring("image_size"));
  CHECK_THAT(refusal("{phases: [{iterations: 5, text_length: 500}]}"), ContainsSubstring("text_length"));
  CHECK_THAT(refusal("{phases: []}"), ContainsSubstring("expected at least one phase"));
  CHECK_THAT(refusal("{phases: [{steps: 5}]}"), ContainsSubstring("iterations"));
  CHECK(refusal("{phases: [{iterations: 5}]}") == "accepted");
}

TEST_CASE("a distribution that cannot be is refused with the rule and the value", "[unit]") {
  const auto distribution = [](const std::string& keys) { return refusal("{distribution: {" + keys + "}}"); };
  CHECK(distribution("iterations: 5, image_size: {112: 0.25, 336: 0.75}, text_length: {77: 1}, seed: 3") == "accepted");
  CHECK(distribution("iterations: 5") == "accepted");
  CHECK_THAT(distribution("iterations: 0"),
             ContainsSubstring("workload.distribution.iterations: expected a positive integer, got '0'"));
  CHECK_THAT(distribution("iterations: 5, image_size: {112: 0.25, 336: 0.5}"),
             ContainsSubstring("workload.distribution.image_size") &&
                 ContainsSubstring("expected shares that sum to 1, got a sum of 0.75"));
  CHECK_THAT(distribution("iterations: 5, image_size: {-112: 1}"), ContainsSubstring("positive integer as a size, got '-112'"));
  CHECK_THAT(distribution("iterations: 5, image_size: {wide: 1}"), ContainsSubstring("positive integer as a size, got 'wide'"));
  CHECK_THAT(distribution("iterations: 5, image_size: {100: 1}"), ContainsSubstring("distribution.image_size"));
  CHECK_THAT(distribution("iterations: 5, text_length: {500: 1}"), ContainsSubstring("distribution.text_length"));
  CHECK_THAT(distribution("iterations: 5, text_length: {77: 1, 16: 0}"), ContainsSubstring("expected a share above 0, got 0"));
  CHECK_THAT(distribution("iterations: 5, text_length: {}"), ContainsSubstring("expected shares that sum to 1"));
  CHECK_THAT(distribution("iterations: 5, seed: -1"), ContainsSubstring("seed"));
  CHECK_THAT(distribution("iterations: 5, images: {112: 1}"), ContainsSubstring("images"));
  CHECK_THAT(refusal("{distribution: {iterations: 5}, phases: [{iterations: 5}]}"),
             ContainsSubstring("given together with phases"));
  CHECK_THAT(refusal("{phases: [{iterations: 5}], reallocate_every: 0}"),
             ContainsSubstring("workload.reallocate_every: expected a positive integer, got '0'"));
}
