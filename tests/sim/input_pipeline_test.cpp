// SPDX-License-Identifier: Apache-2.0
#include "sim/input_pipeline.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using mfusim::tests::run;
using mfusim::tests::scenario_of;
using mfusim::tests::small_decoder;

namespace {

Settings node_of_eight(const std::string& tensor, const std::string& shared, const std::string& async) {
  return {{"cluster.gpus", "8"},
          {"parallel.tensor", tensor},
          {"data.decode_per_node", "1000 samples/s"},
          {"techniques.shared_loader", shared},
          {"techniques.async_data", async}};
}

}  // namespace

TEST_CASE("without one loader a node every rank of a tensor group loads the same samples again", "[published]") {
  // MegaScale, arXiv:2402.15627, section 3.4: the workers of a tensor group read the same data.
  for (const int tensor : {1, 2, 4, 8}) {
    CAPTURE(tensor);
    const auto time = [&](const char* shared) {
      return loading_time(scenario_of(small_decoder, node_of_eight(std::to_string(tensor), shared, "true"))).count();
    };
    CHECK_THAT(time("true"), WithinRel(16.0 / 1000, 1e-9));  // the node's share of the batch, once
    CHECK_THAT(time("false"), WithinRel(tensor * 16.0 / 1000, 1e-9));
  }
}

TEST_CASE("pipeline stages that share a node read a sample once", "[property]") {
  for (const char* stages : {"1", "2", "4", "8"}) {
    CAPTURE(stages);
    Settings settings = node_of_eight("1", "true", "true");
    settings.emplace_back("parallel.pipeline", stages);
    CHECK_THAT(loading_time(scenario_of(small_decoder, settings)).count(), WithinRel(16.0 / 1000, 1e-9));
  }
}

TEST_CASE("loading ahead is no part of a step that outlasts it, and what it outlasts the step by is", "[property]") {
  const std::string stages = GENERATE("1", "4");
  CAPTURE(stages);
  const auto step = [&](const std::string& rate) {  // eager: between the kernels of a small model the GPU waits for the host
    Settings settings = node_of_eight("1", "true", "true");
    settings.insert(settings.end(), {{"parallel.pipeline", stages},
                                     {"stack", "pytorch-ddp-2024"},
                                     {"model.hidden_size", "256"},
                                     {"data.decode_per_node", rate + " samples/s"}});
    return run(small_decoder, settings).result;
  };
  const Result alone = step("1e15");
  const double time = alone.iteration_time.count();
  constexpr double samples = 16;
  CHECK(step(std::to_string(samples / (0.9 * time))).breakdown == alone.breakdown);
  const Result slow = step(std::to_string(samples / (1.5 * time)));
  CHECK_THAT(slow.iteration_time.count(), WithinRel(1.5 * time, 1e-6));
  const auto loading = [](const Result& result) {
    for (const auto& [name, part] : result.breakdown) {
      if (name == "data_loading") return part.count();
    }
    return 0.0;
  };
  if (slow.critical_rank == 0) CHECK_THAT(loading(slow) - loading(alone), WithinRel(0.5 * time, 1e-6));
}

TEST_CASE("loading ahead hides under the step, loading in time adds to it", "[property]") {
  const std::string rate = GENERATE("1000000 samples/s", "1000 samples/s", "20 samples/s");
  CAPTURE(rate);
  const auto step = [&](const char* async) {
    Settings settings = node_of_eight("1", "true", async);
    settings.emplace_back("data.decode_per_node", rate);
    return run(small_decoder, settings).result.iteration_time;
  };
  Settings settings = node_of_eight("1", "true", "true");
  settings.emplace_back("data.decode_per_node", rate);
  const Seconds loading = loading_time(scenario_of(small_decoder, settings));
  Settings fast = settings;
  fast.emplace_back("data.decode_per_node", "1e15 samples/s");
  const Seconds alone = run(small_decoder, fast).result.iteration_time;
  CHECK_THAT(step("true").count(), WithinRel(std::max(alone, loading).count(), 1e-9));
  CHECK_THAT(step("false").count(), WithinRel((alone + loading).count(), 1e-9));
}

TEST_CASE("a step that asks for more cores to decode than nodes have says so, unless the rate of decoding is stated", "[unit]") {
  const auto warning = [](double images_per_gpu, const Settings& more) {
    return decoding_warning(scenario_of(mfusim::tests::small_clip, more), 8 * images_per_gpu);
  };
  CHECK_FALSE(warning(12 * 243 - 1, {}));
  REQUIRE(warning(20 * 243, {}));
  CHECK_THAT(*warning(20 * 243, {}), ContainsSubstring("4860 images/s a GPU") && ContainsSubstring("about 20 cores"));
  CHECK_FALSE(warning(20 * 243, {{"data.decode_per_node", "1000 samples/s"}}));
  CHECK_FALSE(decoding_warning(scenario_of(small_decoder), 1e9));
}
