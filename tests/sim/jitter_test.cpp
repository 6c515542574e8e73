// SPDX-License-Identifier: Apache-2.0
#include "sim/jitter.hpp"

#include "base/input_error.hpp"
#include "sim/fold.hpp"
#include "sim/jitter_cost.hpp"
#include "sim/task_graph_builder.hpp"
#include "sim/unfold.hpp"
#include "sim/variation.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr std::int64_t second = 1'000'000'000'000;

Variation::Jitter jitter_of(double deviation, JitterDistribution distribution) {
  return {.relative_deviation = deviation, .distribution = distribution, .seed = 11};
}

/// One kernel of a second on each of `ranks` ranks and a barrier after it.
BuiltStep kernel_and_barrier(int ranks) {
  Step kernel;
  kernel.name = "kernel forward";
  kernel.duration = Picoseconds(second);
  Step barrier;
  barrier.step_class = StepClass::DataCommunication;
  barrier.stream = StreamKind::Data;
  TaskGraphBuilder builder;
  for (int i = 0; i < ranks * streams_per_rank; ++i) static_cast<void>(builder.add_stream());
  std::vector<TaskId> kernels;
  for (int rank = 0; rank < ranks; ++rank)
    kernels.push_back(builder.add({.duration = kernel.duration, .stream = stream_of(rank, StreamKind::Compute), .label = 0}));
  static_cast<void>(builder.add({.duration = {}, .stream = stream_of(0, StreamKind::Data), .label = 1}, kernels));
  return {std::move(builder).build(), {kernel, barrier}, ranks};
}

double drawn_seconds(BuiltStep& step, const Variation::Jitter& jitter, std::int64_t sample) {
  const JitteredRanks ranks{.slowdown = {}, .schedule = &schedule_kind(PipelineSchedule::OneForwardOneBackward)};
  jitter_kernels(step, jitter, sample, ranks);
  return to_seconds(simulate(step.graph).makespan).count();
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

/// Over `samples` draws of the step.
Moments drawn_moments(BuiltStep& step, const Variation::Jitter& jitter, int samples) {
  Moments moments;
  for (int i = 0; i < samples; ++i) {
    const double time = drawn_seconds(step, jitter, i);
    moments.mean += time / samples;
    moments.variance += time * time / samples;
  }
  moments.variance -= moments.mean * moments.mean;
  return moments;
}

/// Mean and variance of the largest of n draws with distribution function F on [0, top]: E X = int (1 - F^n) dx,
/// E X^2 = int 2 x (1 - F^n) dx.
template <class F>
Moments largest_of(int n, double top, F distribution) {
  constexpr int steps = 200'000;
  double first = 0;
  double second_moment = 0;
  for (int i = 0; i < steps; ++i) {
    const double x = (i + 0.5) * top / steps;
    const double above = 1 - std::pow(distribution(x), n);
    first += above * top / steps;
    second_moment += 2 * x * above * top / steps;
  }
  return {first, second_moment - first * first};
}

std::string jitter_text(const std::string& rest) {
  return "{jitter: {" + rest + "}}";
}

Settings with(Settings plan, const std::string& variation) {
  plan.emplace_back("variation", variation);
  return plan;
}

BuiltStep step_of(const Scenario& scenario) {
  return build_step(scenario, micro_batch_work(scenario));
}

/// Every rank of the job on its own, each with its own draws.
BuiltStep each_rank(Scenario scenario) {
  const Variation variation = *scenario.variation;
  scenario.variation.reset();
  BuiltStep step = unfold(step_of(scenario), scenario);
  const std::vector<double> slowdown = slowdown_of_ranks(variation, scenario.cluster);
  jitter_kernels(step, *variation.jitter, 0,
                 {.tensor = 1, .slowdown = slowdown, .schedule = &schedule_kind(scenario.parallel.schedule)});
  return step;
}

}  // namespace

TEST_CASE("a pass's factor has mean 1 and the deviation that was asked for", "[property]") {
  const JitterDistribution distribution = GENERATE(JitterDistribution::Lognormal, JitterDistribution::Gamma);
  const double deviation = GENERATE(0.01, 0.1, 0.5);
  CAPTURE(distribution, deviation);
  constexpr int draws = 40'000;
  double sum = 0;
  double squares = 0;
  for (int rank = 0; rank < draws; ++rank) {
    const double off = jitter_factor(jitter_of(deviation, distribution), 0, {.rank = rank}) - 1;
    sum += off;
    squares += off * off;
  }
  // The mean of n draws deviates by s / sqrt(n). Their mean square deviates by s^2 sqrt((k - 1) / n) with the kurtosis k, which
  // is largest for the lognormal at 0.5: w^4 + 2 w^3 + 3 w^2 - 3 = 8.0 with w = 1 + s^2. Four such deviations are allowed.
  constexpr double kurtosis = 8.1;
  CHECK(std::abs(sum / draws) <= 4 * deviation / std::sqrt(draws));
  CHECK(std::abs(squares / draws / (deviation * deviation) - 1) <= 4 * std::sqrt((kurtosis - 1) / draws));
}

TEST_CASE("a step of one kernel and a barrier lasts as long as the largest of so many lognormal draws", "[property]") {
  const int ranks = GENERATE(1, 8, 64);
  constexpr double deviation = 0.1;
  constexpr int samples = 1000;
  CAPTURE(ranks);
  const double s = std::sqrt(std::log1p(deviation * deviation));
  const Moments expected =
      largest_of(ranks, 4.0, [s](double x) { return std::erfc(-(std::log(x) + s * s / 2) / (s * std::numbers::sqrt2)) / 2; });
  BuiltStep step = kernel_and_barrier(ranks);
  const Moments drawn = drawn_moments(step, jitter_of(deviation, JitterDistribution::Lognormal), samples);
  CHECK(std::abs(drawn.mean - expected.mean) <= 4 * std::sqrt(expected.variance / samples));
}

TEST_CASE("with exponential draws such a step lasts the harmonic number of its ranks", "[property]") {
  // A gamma distribution with deviation 1 is the exponential one; the largest of n has mean sum 1/i and variance sum 1/i^2.
  const int ranks = GENERATE(1, 8, 64);
  constexpr int samples = 1000;
  CAPTURE(ranks);
  Moments expected;
  for (int i = 1; i <= ranks; ++i) {
    expected.mean += 1.0 / i;
    expected.variance += 1.0 / i / i;
  }
  BuiltStep step = kernel_and_barrier(ranks);
  const Moments drawn = drawn_moments(step, jitter_of(1, JitterDistribution::Gamma), samples);
  CHECK(std::abs(drawn.mean - expected.mean) <= 4 * std::sqrt(expected.variance / samples));
}

TEST_CASE("a draw depends on seed, sample, rank and pass, and on nothing else", "[property]") {
  const Variation::Jitter jitter = jitter_of(0.1, JitterDistribution::Lognormal);
  const JitteredPass pass{.rank = 3, .kind = 1, .instance = 4096};
  const double factor = jitter_factor(jitter, 0, pass);
  CHECK(jitter_factor(jitter, 0, pass) == factor);
  Variation::Jitter other_seed = jitter;
  other_seed.seed = 12;
  CHECK(jitter_factor(other_seed, 0, pass) != factor);
  CHECK(jitter_factor(jitter, 1, pass) != factor);
  CHECK(jitter_factor(jitter, 0, {.rank = 4, .kind = 1, .instance = 4096}) != factor);
  CHECK(jitter_factor(jitter, 0, {.rank = 3, .kind = 0, .instance = 4096}) != factor);
  CHECK(jitter_factor(jitter, 0, {.rank = 3, .kind = 1, .instance = 4097}) != factor);
}

TEST_CASE("no deviation is no jitter, and one seed is one timeline", "[property]") {
  constexpr std::uint64_t plans = 10;
  for (std::uint64_t seed = 0; seed < plans; ++seed) {
    Draw draw(300 + seed);
    const Settings plan = random_plan(draw);
    CAPTURE(seed, text_of(plan));
    const Scenario calm = scenario_of(tiny_decoder, plan);
    const Scenario none = scenario_of(tiny_decoder, with(plan, jitter_text("relative_deviation: 0")));
    const Scenario some = scenario_of(tiny_decoder, with(plan, jitter_text("relative_deviation: 0.05, seed: 4")));
    const Picoseconds usual = simulate(step_of(calm).graph).makespan;
    CHECK(simulate(step_of(none).graph).makespan == usual);
    CHECK(simulate(step_of(some).graph) == simulate(step_of(some).graph));
    CHECK(simulate(step_of(some).graph).makespan != usual);
    CHECK_FALSE(fold(record_step(some, micro_batch_work(some)), some));
  }
}

TEST_CASE("with jitter tensor groups cost nearly what their ranks do one by one, and never less", "[property]") {
  // As with slow ranks (variation_test.cpp), ranks of a group may be apart by the kernels after the last exchange of a pass.
  // Those follow another rank's draw in the next pass, so the difference adds up over the passes: at most a tenth of the
  // deviation, 0.5 % of the step.
  constexpr std::uint64_t plans = 20;
  constexpr double deviation = 0.05;
  for (std::uint64_t seed = 0; seed < plans; ++seed) {
    Draw draw(400 + seed);
    const Settings plan = with(random_plan(draw), jitter_text("relative_deviation: 0.05, seed: 2"));
    CAPTURE(seed, text_of(plan));
    const Scenario scenario = scenario_of(tiny_decoder, plan);
    const Picoseconds groups = simulate(step_of(scenario).graph).makespan;
    const Picoseconds ranks = simulate(each_rank(scenario).graph).makespan;
    CAPTURE(groups.count(), ranks.count());
    if (scenario.parallel.tensor == 1) {
      CHECK(groups == ranks);
    } else {
      CHECK(ranks <= groups);
      CHECK(to_seconds(groups - ranks) <= deviation / 10 * to_seconds(groups));
    }
  }
}

TEST_CASE("more replicas wait longer for the slowest of them", "[property]") {
  // Nothing overlaps, and both steps reduce over the same network: what grows is the wait alone.
  Seconds before{};
  for (const int replicas : {2, 8, 64}) {
    CAPTURE(replicas);
    const Run varied = run(tiny_decoder, {{"cluster.gpus", std::to_string(replicas)},
                                          {"training.global_batch", std::to_string(replicas)},
                                          {"techniques.dp_overlap", "false"},
                                          {"variation", jitter_text("relative_deviation: 0.05, samples: 8")}});
    REQUIRE(varied.result.jitter);
    const Result::Jitter& cost = *varied.result.jitter;
    CHECK(cost.samples == 8);
    CHECK(cost.shortest <= cost.mean);
    CHECK(cost.mean <= cost.longest);
    CHECK(cost.deviation > Seconds{});
    CHECK(cost.mean - cost.without > before);
    before = cost.mean - cost.without;
  }
}

TEST_CASE("a step with one sample has no spread, and its samples are steps of their own", "[unit]") {
  const Settings plan{{"cluster.gpus", "4"}};
  const Run one = run(tiny_decoder, with(plan, jitter_text("relative_deviation: 0.05")));
  const Run two = run(tiny_decoder, with(plan, jitter_text("relative_deviation: 0.05, samples: 2")));
  CHECK_FALSE(one.result.jitter->deviation);
  CHECK(one.result.jitter->mean == one.result.iteration_time);
  CHECK(two.result.iteration_time == one.result.iteration_time);
  CHECK(two.result.jitter->shortest < two.result.jitter->longest);
  CHECK(one.result.jitter->without == run(tiny_decoder, plan).result.iteration_time);
  CHECK(one.result.warnings.front() == "variation: passes last a random time, 5 % around their usual one");
}

TEST_CASE("slow ranks jitter around their own pace", "[property]") {
  const Settings plan{{"cluster.gpus", "2"}, {"techniques.dp_overlap", "false"}};
  const std::string slow = "slow_ranks: [{rank: 1, slowdown: 1.5}]";
  const Run calm = run(tiny_decoder, with(plan, "{" + slow + "}"));
  const Run none = run(tiny_decoder, with(plan, "{" + slow + ", jitter: {relative_deviation: 0}}"));
  const Run some = run(tiny_decoder, with(plan, "{" + slow + ", jitter: {relative_deviation: 0.02, samples: 4}}"));
  CHECK(none.result.iteration_time == calm.result.iteration_time);
  CHECK(some.result.jitter->without == calm.result.iteration_time);
  CHECK_THAT(some.result.jitter->mean / calm.result.iteration_time, WithinRel(1.0, 0.03));
}

TEST_CASE("jitter that cannot be is refused with the rule and the value", "[unit]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"relative_deviation: -0.1", "variation.jitter.relative_deviation: expected a number from 0 to 1, got '-0.1'"},
      {"relative_deviation: 1.5", "relative_deviation: expected a number from 0 to 1, got '1.5'"},
      {"relative_deviation: .nan", "relative_deviation: expected a number"},
      {"seed: 3", "relative_deviation: missing"},
      {"relative_deviation: 0.1, seed: 1.5", "variation.jitter.seed: expected"},
      {"relative_deviation: 0.1, seed: -1", "variation.jitter.seed: expected"},
      {"relative_deviation: 0.1, samples: 0", "variation.jitter.samples: expected a positive integer, got '0'"},
      {"relative_deviation: 0.1, samples: 2000", "variation.jitter.samples: expected at most 1000 steps, got 2000"},
      {"relative_deviation: 0.1, distribution: normal", "variation.jitter.distribution: "},
      {"relative_deviation: 0.1, per: kernel", "per: unknown key"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK_THAT(refusal_of_variation(jitter_text(text)), ContainsSubstring(message));
  }
}
