// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_arguments.hpp"

#include "base/document.hpp"
#include "study/launch_arguments.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <fmt/format.h>

namespace {

using namespace mfusim;

Scenario scenario_of(const std::string& arguments) {
  const Node document = read_megatron_arguments(arguments, "launch.sh", "a100-sxm4-80gb", "ib-8x200g");
  return read_scenario(document, ".", "launch.sh");
}

}  // namespace

TEST_CASE("what is launched reads back as the same plan", "[property]") {
  const SweepSpace space = tests::sweep_space(R"(sweep:
  axes:
    parallel.tensor: [1, 2]
    parallel.pipeline: [1, 2]
    parallel.virtual_stages: [1, 2]
    parallel.zero: [0, 1]
    parallel.recompute: [none, selective, full]
    training.micro_batch: [1, 2]
)");
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    Scenario scenario;
    try {
      scenario = read_scenario(configuration_document(space, index), ".", "space.yaml");
    } catch (const InputError&) {
      continue;
    }
    const Scenario back = scenario_of(fmt::format("{}", fmt::join(launch_arguments(scenario), " \\\n")));
    CHECK(back.parallel.tensor == scenario.parallel.tensor);
    CHECK(back.parallel.pipeline == scenario.parallel.pipeline);
    CHECK(back.parallel.virtual_stages == scenario.parallel.virtual_stages);
    CHECK(back.parallel.data == scenario.parallel.data);
    CHECK(back.parallel.zero == scenario.parallel.zero);
    CHECK(back.parallel.recompute == scenario.parallel.recompute);
    CHECK(back.parallel.micro_batches == scenario.parallel.micro_batches);
    CHECK(back.model.decoder->block.mlp_size == scenario.model.decoder->block.mlp_size);
    CHECK(back.training.precision == scenario.training.precision);
  }
}

TEST_CASE("an argument that is not modelled is refused by name", "[unit]") {
  CHECK_THROWS_WITH(scenario_of("--num-experts 8"), ContainsSubstring("launch.sh: --num-experts: not modelled"));
  CHECK_THROWS_WITH(scenario_of("--num-layerz 8"), ContainsSubstring("did you mean 'num-layers'?"));
  CHECK_THROWS_WITH(scenario_of("--num-layers"), ContainsSubstring("expected a value"));
  CHECK_THROWS_WITH(scenario_of("--nnodes x"), ContainsSubstring("expected a positive integer"));
}
