// SPDX-License-Identifier: Apache-2.0
#include "sim/step_library.hpp"

#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/evaluate.hpp"
#include "sim/fold.hpp"
#include "sim/tied_embedding.hpp"
#include "tests/catch.hpp"
#include "tests/sim/random_plans.hpp"

#include <list>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Libraries by what they hold; the tiny decoder's work depends on the plan only by whether two stages have the token table.
class Shelves {
 public:
  StepLibrary& library_of(const Scenario& scenario, const Work<Count>& work) {
    std::list<StepLibrary>& shelf = shelves_[copies_token_table(scenario.parallel) ? 1 : 0];
    for (StepLibrary& library : shelf) {
      if (library.holds(scenario)) {
        ++found;
        return library;
      }
    }
    return shelf.emplace_back(scenario, context_share(work, scenario.parallel.context));
  }
  int found = 0;

 private:
  std::array<std::list<StepLibrary>, 2> shelves_;
};

}  // namespace

TEST_CASE("what a library knows of other scenarios changes no step time by a picosecond", "[property]") {
  constexpr int plans = 240;
  Shelves shelves;
  std::size_t alone = 0;  // tasks simulated
  std::size_t shared = 0;
  for (int seed = 0; seed < plans; ++seed) {
    Draw draw(static_cast<std::uint64_t>(7000 + seed));
    Settings plan = random_plan(draw);
    plan.emplace_back("stack_settings.optimizer_kernels", "fused");  // others are launched by the host: not folded
    plan.emplace_back("stack",
                      "megascale");  // weight gradients add themselves to their sum, however many micro-batches there are
    CAPTURE(seed, text_of(plan));
    const Scenario scenario = scenario_of(tiny_decoder, plan);
    const Work<Count> work = micro_batch_work(scenario);
    StepLibrary& library = shelves.library_of(scenario, work);
    const std::optional<Folded> by_library = fold_step(scenario, library);
    const std::optional<Folded> by_itself = fold_step(scenario, work);
    REQUIRE(by_library.has_value() == by_itself.has_value());
    if (!by_itself) continue;
    CHECK(by_library->makespan == by_itself->makespan);
    CHECK(step_time(scenario, work, library) == step_time(scenario, work));
    alone += by_itself->simulated_tasks;
    shared += by_library->simulated_tasks;
  }
  CHECK(shelves.found > plans / 2);  // else the cases would not show that libraries can be shared
  CHECK(shared < alone * 3 / 4);
}

TEST_CASE("a library holds what is dealt out otherwise, not what costs or shares something else", "[unit]") {
  const Settings plan{
      {"cluster.gpus", "16"}, {"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"parallel.pipeline", "2"}};
  const Scenario first = scenario_of(tiny_decoder, plan);
  const StepLibrary library(first, micro_batch_work(first));
  const auto holds = [&](const std::string& key, const std::string& value) {
    CAPTURE(key, value);
    Settings changed = plan;
    changed.emplace_back(key, value);
    return library.holds(scenario_of(tiny_decoder, changed));
  };
  CHECK(library.holds(first));
  CHECK(holds("cluster.gpus", "32"));
  CHECK(holds("parallel.pipeline", "4"));
  CHECK(holds("parallel.zero", "1"));
  CHECK(holds("techniques.pp_overlap", "false"));
  CHECK(
      !holds("cluster.gpus", "4"));  // of one node of four: a rank has twice the share of the network cards that it has of eight
  CHECK(!holds("parallel.tensor", "4"));
  CHECK(!holds("parallel.recompute", "full"));
  CHECK(!holds("training.precision", "fp16"));
  CHECK(!holds("techniques.flash_attention", "false"));
}
