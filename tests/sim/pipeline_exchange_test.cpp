// SPDX-License-Identifier: Apache-2.0
#include "sim/layer_pass.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

const Step& send_of(const Run& run) {
  const auto found = std::find_if(run.step.steps.begin(), run.step.steps.end(),
                                  [](const Step& step) { return step.name == "send activations"; });
  REQUIRE(found != run.step.steps.end());
  return *found;
}

Settings plan_with(const std::string& sequence) {
  return {{"cluster.gpus", "16"}, {"parallel.tensor", "4"}, {"parallel.pipeline", "4"}, {"parallel.sequence", sequence}};
}

}  // namespace

TEST_CASE("tensor ranks send shares, and gather them where they need the whole", "[property]") {
  const Run whole = run(small_decoder, plan_with("false"));
  const Run shares = run(small_decoder, plan_with("true"));
  const double elements = 1024.0 * 1024;  // tokens x width of a micro-batch
  const Step gather = tensor_collective(layer_context(whole.scenario), Collective::AllGather, elements, "gather");
  CHECK(send_of(whole).bytes == send_of(shares).bytes);
  const Picoseconds more = send_of(whole).duration - send_of(shares).duration;
  CHECK(std::abs((more - gather.duration).count()) <= 1);  // rounded once together, or apart
}
