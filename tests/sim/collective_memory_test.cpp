// SPDX-License-Identifier: Apache-2.0
#include "sim/collective_memory.hpp"

#include "sim/memory.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"
#include "tests/sim/stage_memory.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

constexpr double u = 1024.0 * 1024;  // tokens x hidden size of the small decoder
constexpr double layers = 16;

Settings tensor_plan(int ranks, const std::string& sequence, const std::string& recorded) {
  return {{"cluster.gpus", std::to_string(ranks)},
          {"parallel.tensor", std::to_string(ranks)},
          {"parallel.sequence", sequence},
          {"stack_settings.recorded_collectives", recorded}};
}

HeldByCollectives held_with(const Settings& settings) {
  const Scenario scenario = scenario_of(small_decoder, settings);
  const Work<Count> work = micro_batch_work(scenario);
  return held_by_collectives(scenario, cut_into_chunks(work.towers.front().groups, 1).front());
}

StageMemory stage_with(const Settings& settings) {
  return memory_by_stage(scenario_of(small_decoder, settings)).front();
}

}  // namespace

TEST_CASE("without sequence parallelism a layer's two sums are held back in either direction, 2 u bytes each", "[unit]") {
  for (const char* recorded : {"all", "asynchronous"}) {
    CAPTURE(recorded);
    const HeldByCollectives held = held_with(tensor_plan(4, "false", recorded));
    CHECK_THAT(held.forward.value(), WithinRel(layers * 2 * 2 * u, 1e-12));
    CHECK_THAT(held.backward.value(), WithinRel(layers * 2 * 2 * u, 1e-12));
  }
}

TEST_CASE("with sequence parallelism gathered inputs are held back too; asynchronous ones alone are those of backward",
          "[unit]") {
  for (const double t : {2.0, 4.0}) {
    CAPTURE(t);
    const HeldByCollectives all = held_with(tensor_plan(static_cast<int>(t), "true", "all"));
    CHECK_THAT(all.forward.value(), WithinRel(layers * 2 * (4 + 2 / t) * u, 1e-12));
    CHECK_THAT(all.backward.value(), WithinRel(layers * 2 * (6 + 2 / t) * u, 1e-12));
    const HeldByCollectives some = held_with(tensor_plan(static_cast<int>(t), "true", "asynchronous"));
    CHECK(some.forward == Bytes());
    CHECK_THAT(some.backward.value(), WithinRel(layers * 2 * (4 + 2 / t) * u, 1e-12));
  }
}

TEST_CASE("a backward pass that computes its layers again repeats their collectives", "[unit]") {
  Settings full = tensor_plan(4, "false", "all");
  const HeldByCollectives kept = held_with(full);
  full.emplace_back("parallel.recompute", "full");
  CHECK(held_with(full).forward == kept.forward);
  CHECK_THAT(held_with(full).backward.value(), WithinRel((kept.forward + kept.backward).value(), 1e-12));
}

TEST_CASE("nothing is held back with one tensor rank, with userbuffers, or where nothing is recorded", "[property]") {
  CHECK(held_with({{"stack_settings.recorded_collectives", "all"}}).forward == Bytes());
  CHECK(held_with(tensor_plan(4, "true", "none")).backward == Bytes());
  Settings userbuffers = tensor_plan(4, "true", "all");
  userbuffers.emplace_back("techniques.tp_overlap", "true");
  userbuffers.emplace_back("stack_settings.tp_overlap_chunks", "4");
  CHECK(held_with(userbuffers).forward == Bytes());
}

TEST_CASE("what is held back is reserved, not allocated, and adds at most what a pass holds", "[property]") {
  for (const char* sequence : {"false", "true"}) {
    CAPTURE(sequence);
    const StageMemory without = stage_with(tensor_plan(4, sequence, "none"));
    const StageMemory with = stage_with(tensor_plan(4, sequence, "all"));
    const HeldByCollectives held = held_with(tensor_plan(4, sequence, "all"));
    CHECK(with.allocated() == without.allocated());
    CHECK_THAT((with.reserved() - without.reserved()).value(), WithinRel(part(with, "held_back").value(), 1e-9));
    CHECK(part(with, "held_back") > Bytes());
    CHECK(part(with, "held_back") <= std::max(held.forward, held.backward));
  }
}

TEST_CASE("what is held back takes no more than the GPU has left: the allocator waits where memory is short", "[property]") {
  for (const char* batch : {"1", "64", "128", "256"}) {
    Settings plan = tensor_plan(4, "false", "all");
    plan.emplace_back("training.micro_batch", batch);
    plan.emplace_back("training.global_batch", "256");
    CAPTURE(batch);
    const StageMemory stage = stage_with(plan);
    const Bytes capacity = scenario_of(small_decoder).cluster.gpu.memory_capacity;
    const Bytes needed = stage.total() - part(stage, "held_back");
    CHECK(stage.total() <= std::max(capacity, needed));
  }
}
