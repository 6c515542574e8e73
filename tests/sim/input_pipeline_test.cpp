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
