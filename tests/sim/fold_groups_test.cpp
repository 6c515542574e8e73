// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_groups.hpp"

#include "tests/catch.hpp"

#include <map>
#include <random>

using namespace mfusim;

TEST_CASE("groups of a rank are named by their place, and keep what is added to them, in whichever order", "[property]") {
  const FoldPattern forward, backward, update;
  const WiringKey key{.schedule = PipelineSchedule::OneForwardOneBackward, .stages = 3, .chunks = 1, .micro_batches = 9};
  const PipelineWiring wiring(key, stage_schedules(plan_of(key), {}));
  std::mt19937 random(3);
  for (std::size_t stage = 0; stage < 3; ++stage) {
    const bool sends_forward = stage < 2;
    const bool sends_backward = stage > 0;
    std::vector<FoldGroup> of_kind(wiring.kinds());
    const auto set = [&](Slot::Kind slot, const FoldPattern& pattern, bool sends) {
      FoldGroup& group = of_kind[number_of(PassKind{.chunk = 0, .slot = slot})];
      group.pattern = &pattern;
      if (sends) group.sent = step_items::of_sent(0);
    };
    set(Slot::Kind::Forward, forward, sends_forward);
    set(Slot::Kind::Backward, backward, sends_backward);
    FoldGroups groups;
    groups.add_passes(wiring, stage, of_kind);
    groups.push_back({.pattern = &update, .item = 4});
    const std::uint32_t passes = wiring.first(stage + 1) - wiring.first(stage);
    REQUIRE(groups.size() == passes + 2);

    std::map<std::uint32_t, std::uint32_t> steps;  // by place
    for (std::uint32_t step = 10; step < 18; ++step) {
      const auto place = static_cast<std::uint32_t>(random() % groups.size());
      groups.own(place).first_step = step;
      steps[place] = step;
    }
    FoldGroups::Walk walk(groups);
    for (std::uint32_t place = 0; place < groups.size(); ++place, walk.next()) {
      REQUIRE((!walk.is_done() && walk.place() == place));
      const FoldGroup group = groups[place];
      CHECK((group.item == groups.item_of(place) && group.item == walk.item()));
      CHECK((group.pattern == walk.group().pattern && group.first_step == walk.group().first_step));
      CHECK(group.first_step == (steps.count(place) > 0 ? steps[place] : FoldGroups::none));
      if (place == 0 || place > passes) {
        CHECK(group.item == (place == 0 ? FoldGroups::none : 4));
        CHECK(group.sent == FoldGroups::none);
        continue;
      }
      const std::uint32_t pass = wiring.first(stage) + place - 1;
      const bool is_forward = pass_kind(wiring[pass].kind).slot == Slot::Kind::Forward;
      CHECK(group.item == step_items::of_pass(pass));
      CHECK(group.pattern == (is_forward ? &forward : &backward));
      CHECK(group.sent == ((is_forward ? sends_forward : sends_backward) ? step_items::of_sent(pass) : FoldGroups::none));
    }
    CHECK(walk.is_done());
  }
}
