// SPDX-License-Identifier: Apache-2.0
#include "study/mixed_workload.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <cmath>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

Scenario sixteen_gpus(std::int64_t batch = 2048) {
  return scenario_of(small_clip, {{"cluster.gpus", "16"}, {"training.global_batch", std::to_string(batch)}});
}

Workload drawn(InputDistribution distribution) {
  Workload workload;
  workload.distribution = std::move(distribution);
  workload.rebuild = Seconds(30);
  return workload;
}

const InputDistribution two_sizes{.iterations = 400, .images = {{112, 0.75}, {336, 0.25}}, .texts = {{77, 1}}};

const PolicyTime& policy(const WorkloadReport& report, const std::string& start) {
  return *std::find_if(report.policies.begin(), report.policies.end(),
                       [&](const auto& one) { return one.policy.starts_with(start); });
}

}  // namespace

TEST_CASE("samples that are all alike are a phase", "[property]") {
  const InputDistribution constant{.iterations = 500, .images = {{336, 1}}, .texts = {{77, 1}}};
  const WorkloadReport mixed = split_workload(sixteen_gpus(), drawn(constant));
  const WorkloadReport phase = split_workload(sixteen_gpus(), {.phases = {{500, 336, 77}}, .rebuild = Seconds(30)});
  CHECK(mixed.static_vision_gpus == phase.static_vision_gpus);
  CHECK(mixed.noise_percent == 0);
  CHECK(mixed.drawn->deviation_percent == 0);
  for (const char* name : {"colocated", "static split", "swing"}) {
    CAPTURE(name);
    CHECK_THAT(policy(mixed, name).total.count(), WithinRel(policy(phase, name).total.count(), 1e-12));
  }
  CHECK(policy(mixed, "reallocation at each iteration").reallocations == 0);
}

TEST_CASE("a batch of equal shares of two sizes takes colocated the mean of their steps", "[unit]") {
  const auto colocated = [](std::int64_t image_size) {
    Scenario scenario = with_colocated(sixteen_gpus());
    scenario.training.image_size = image_size;
    return split_point(scenario).step_time;
  };
  const WorkloadReport report = split_workload(sixteen_gpus(), drawn(two_sizes));
  const double mean = 0.75 * colocated(112).count() + 0.25 * colocated(336).count();
  // the mean of 400 batches of 2048 samples is within 5 standard errors of the expectation
  const double error = 5 * report.noise_percent / 100 / std::sqrt(400.0);
  CHECK_THAT(policy(report, "colocated").total.count() / 400, WithinRel(mean, error));
}

TEST_CASE("the noise of a batch is that of a sample by the root of the batch", "[property]") {
  const auto report = [](std::int64_t batch) { return split_workload(sixteen_gpus(batch), drawn(two_sizes)); };
  const WorkloadReport small = report(512);
  const WorkloadReport large = report(4 * 512);
  CHECK_THAT(small.noise_percent / large.noise_percent, WithinRel(2.0, 1e-9));
  for (const WorkloadReport& one : {small, large}) {
    // a deviation estimated from 400 batches errs by 1 / sqrt(2 * 400) = 3.5 %; four times that
    CHECK_THAT(one.drawn->deviation_percent, WithinRel(one.noise_percent, 0.14));
  }
}

TEST_CASE("the variation of a sample's work comes from the sizes' FLOPs and shares", "[unit]") {
  const Scenario scenario = sixteen_gpus();
  const SampleWork work = sample_work(scenario, two_sizes);
  const double small = work.images[0] + work.texts[0];
  const double large = work.images[1] + work.texts[0];
  // two values with shares 3/4 and 1/4: deviation (large - small) sqrt(3) / 4
  CHECK_THAT(work.variation, WithinRel((large - small) * std::sqrt(3.0) / 4 / (0.75 * small + 0.25 * large), 1e-12));
  // 9 times the patches: (576 + 1) / (64 + 1) tokens in the linear layers, more in attention
  CHECK(work.images[1] / work.images[0] > 577.0 / 65.0);
}

TEST_CASE("one seed draws the same batches, another draws others", "[property]") {
  InputDistribution distribution{
      .iterations = 1, .images = {{112, 0.2}, {224, 0.5}, {336, 0.3}}, .texts = {{16, 0.5}, {77, 0.5}}};
  const auto first_batches = [&](std::int64_t seed) {
    distribution.seed = seed;
    BatchDraws draws(distribution, 4096);
    std::vector<double> shares;
    for (int i = 0; i < 20; ++i) {
      const BatchShares batch = draws.next();
      shares.insert(shares.end(), batch.images.begin(), batch.images.end());
      shares.insert(shares.end(), batch.texts.begin(), batch.texts.end());
      CHECK_THAT(batch.images[0] + batch.images[1] + batch.images[2], WithinRel(1.0, 1e-12));
    }
    return shares;
  };
  CHECK(first_batches(7) == first_batches(7));
  CHECK(first_batches(7) != first_batches(8));
}

TEST_CASE("binomial draws have the probabilities of the binomial distribution", "[property]") {
  // 3 trials of chance 1/4: 27, 27, 9 and 1 of 64; one draw in the middle of each 6400th of the unit interval counts them
  std::vector<int> counts(4);
  for (int i = 0; i < 6400; ++i) ++counts[static_cast<std::size_t>(binomial(3, 0.25, (i + 0.5) / 6400))];
  CHECK(counts == std::vector<int>{2700, 2700, 900, 100});
  CHECK(binomial(100, 0, 0.5) == 0);
  CHECK(binomial(100, 1, 0.5) == 100);
  const double last = 1 - 0x1p-53;
  for (const double uniform : {0.0, 0.5, last}) {
    const std::int64_t drawn = binomial(32768, 0.3, uniform);
    CHECK(drawn >= 0);
    CHECK(drawn <= 32768);
  }
}

TEST_CASE("reallocating at each iteration chases noise: it saves less than its stops cost", "[property]") {
  const WorkloadReport report = split_workload(sixteen_gpus(), drawn(two_sizes));
  const PolicyTime& chase = policy(report, "reallocation at each iteration");
  const PolicyTime& fixed = policy(report, "static split");
  CHECK(chase.total - chase.reallocation <= fixed.total * (1 + 1e-12));
  CHECK(chase.total >= fixed.total * (1 - 1e-12));
}
