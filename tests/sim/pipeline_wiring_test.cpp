// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_wiring.hpp"

#include "sim/stage_phases.hpp"
#include "tests/catch.hpp"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

using namespace mfusim;

namespace {

/// Keys that each schedule accepts, with whatever blocks, and some chunks without weight gradients.
std::vector<WiringKey> random_keys(std::mt19937& random) {
  const auto up_to = [&](unsigned most) { return static_cast<std::int64_t>(random() % most) + 1; };
  std::vector<WiringKey> keys;
  for (const ScheduleKind& kind : schedule_kinds()) {
    for (int accepted = 0; accepted < 12;) {
      WiringKey key{.schedule = kind.schedule,
                    .stages = up_to(7),
                    .chunks = up_to(4),
                    .micro_batches = up_to(24),
                    .blocks_in_steady_phase = random() % 2 == 0,
                    .blocks_outside = random() % 2 == 0,
                    .ends_each_micro_batch = random() % 2 == 0};
      if (!kind.fault(pipeline_shape(plan_of(key))).key.empty()) continue;
      ++accepted;
      for (std::int64_t chunk = 0; kind.splits_backward && chunk < key.stages * key.chunks; ++chunk)
        key.no_weight_gradient.push_back(random() % 3 == 0);
      keys.push_back(key);
    }
  }
  return keys;
}

/// What a slot is, in the whole model.
struct Place {
  int stage = 0;
  std::size_t slot = 0;
};
using Passed = std::tuple<bool, std::uint32_t, std::uint32_t>;  // forward?, chunk of the model, micro-batch

/// Everything that a wiring says, beside what the orders of slots ask for.
class Check {
 public:
  explicit Check(const WiringKey& key)
      : key_(key), plan_(plan_of(key)), orders_(stage_schedules(plan_, {})), wiring_(key, orders_) {
    std::uint32_t number = 0;
    for (std::size_t stage = 0; stage < orders_.size(); ++stage) {
      for (const Slot& slot : orders_[stage]) {
        if (does_nothing(stage, slot)) continue;
        if (slot.kind != Slot::Kind::WeightGradient)
          numbers_[{slot.kind == Slot::Kind::Forward, chunk_of(stage, slot), slot.micro_batch}] = number;
        ++number;
      }
    }
    REQUIRE(wiring_.size() == number);
  }

  void run() {
    std::uint32_t number = 0;
    for (std::size_t stage = 0; stage < orders_.size(); ++stage) {
      CHECK(wiring_.first(stage) == number);
      const StagePhases phases(orders_[stage], plan_.virtual_stages);
      std::optional<std::uint32_t> blocking;
      for (std::size_t i = 0; i < orders_[stage].size(); ++i) {
        const Slot& slot = orders_[stage][i];
        if (does_nothing(stage, slot)) continue;
        CHECK(wiring_.stage_of(number) == stage);
        CHECK(wiring_[number].micro_batch == slot.micro_batch);
        const PassKind kind = pass_kind(wiring_[number].kind);
        CHECK((kind.chunk == slot.chunk && kind.slot == slot.kind && !kind.in_turn));
        CHECK(waits_of(number) == expected(stage, slot, blocking));
        const bool blocks = phases.steady(i) ? key_.blocks_in_steady_phase : key_.blocks_outside;
        blocking = blocks && receiver(stage, slot) ? std::optional(number) : std::nullopt;
        ++number;
      }
      check_gradient_ends(stage);
      check_blocks(static_cast<std::uint32_t>(stage));
    }
    check_turns();
  }

 private:
  using Waits = std::set<std::pair<std::uint32_t, bool>>;  // pass, sent?

  [[nodiscard]] std::uint32_t chunk_of(std::size_t stage, const Slot& slot) const {
    return model_chunk(plan_, static_cast<int>(stage), slot.chunk);
  }
  [[nodiscard]] std::uint32_t last_chunk() const { return static_cast<std::uint32_t>(key_.stages * key_.chunks) - 1; }
  [[nodiscard]] bool does_nothing(std::size_t stage, const Slot& slot) const {
    return slot.kind == Slot::Kind::WeightGradient && !key_.no_weight_gradient.empty() &&
           key_.no_weight_gradient[chunk_of(stage, slot)];
  }

  /// The other stage that needs what a slot makes.
  [[nodiscard]] std::optional<int> receiver(std::size_t stage, const Slot& slot) const {
    const std::uint32_t chunk = chunk_of(stage, slot);
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (slot.kind == Slot::Kind::WeightGradient || chunk == (forward ? last_chunk() : 0)) return std::nullopt;
    const int other = stage_of_chunk(plan_, forward ? chunk + 1 : chunk - 1);
    return other == static_cast<int>(stage) ? std::nullopt : std::optional(other);
  }

  [[nodiscard]] Waits waits_of(std::uint32_t pass) const {
    Waits waits;
    for (const PipelineWiring::Wait& wait : wiring_.waits_of(pass)) {
      CHECK(wait.stage == wiring_.stage_of(wait.pass));
      if (wait.sent == 0) CHECK(wiring_.is_awaited(wait.pass));
      waits.emplace(wait.pass, wait.sent != 0);
    }
    return waits;
  }

  [[nodiscard]] Waits expected(std::size_t stage, const Slot& slot, std::optional<std::uint32_t> blocking) const {
    Waits waits;
    if (blocking) waits.emplace(*blocking, true);
    if (slot.kind == Slot::Kind::WeightGradient) return waits;
    const std::uint32_t chunk = chunk_of(stage, slot);
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (!forward && chunk == last_chunk()) {
      waits.emplace(numbers_.at({true, chunk, slot.micro_batch}), false);
    } else if (!forward || chunk > 0) {
      const std::uint32_t before = numbers_.at({forward, forward ? chunk - 1 : chunk + 1, slot.micro_batch});
      waits.emplace(before, wiring_.stage_of(before) != stage);
    }
    return waits;
  }

  /// What a pass sends blocks its stage where the next pass waits for it.
  void check_blocks(std::uint32_t stage) const {
    for (std::uint32_t pass = wiring_.first(stage); pass < wiring_.first(stage + 1); ++pass) {
      const bool is_last = pass + 1 == wiring_.first(stage + 1);
      CHECK(wiring_.blocks(pass) == (!is_last && waits_of(pass + 1).count({pass, true}) > 0));
    }
  }

  /// Each stage has a turn for each of its passes, behind those of all that the pass waits for.
  void check_turns() const {
    std::vector<std::uint32_t> next;
    for (std::uint32_t stage = 0; stage < wiring_.stages(); ++stage) next.push_back(wiring_.first(stage));
    for (const std::uint32_t stage : wiring_.turns()) {
      for (const PipelineWiring::Wait& wait : wiring_.waits_of(next[stage])) CHECK(wait.pass < next[wait.stage]);
      ++next[stage];
    }
    for (std::uint32_t stage = 0; stage < wiring_.stages(); ++stage) CHECK(next[stage] == wiring_.first(stage + 1));
  }

  void check_gradient_ends(std::size_t stage) const {
    const auto& ends = wiring_.gradient_ends(stage);
    std::multiset<std::uint32_t> last;
    for (const PipelineWiring::GradientEnd& end : ends) {
      if (end.last_of_chunk) last.insert(end.chunk);
      CHECK(wiring_.stage_of(end.backward) == stage);
      CHECK(pass_kind(wiring_[end.backward].kind).chunk == end.chunk);
      CHECK(end.last_of_stage >= end.backward);
      const bool nothing_follows = end.last_of_stage + 1 == wiring_.first(stage + 1);
      CHECK(end.next_of_stage == (nothing_follows ? PipelineWiring::none : end.last_of_stage + 1));
    }
    CHECK(last.size() == static_cast<std::size_t>(key_.chunks));
    CHECK(std::set(last.begin(), last.end()).size() == last.size());
    const auto all = static_cast<std::size_t>(key_.chunks * (key_.ends_each_micro_batch ? key_.micro_batches : 1));
    CHECK(ends.size() == all);
  }

  const WiringKey& key_;
  ParallelPlan plan_;
  std::vector<std::vector<Slot>> orders_;
  PipelineWiring wiring_;
  std::map<Passed, std::uint32_t> numbers_;
};

}  // namespace

TEST_CASE("passes wait for the neighbouring chunk's, for sends that block, and for nothing else", "[property]") {
  std::mt19937 random(5);
  for (const WiringKey& key : random_keys(random)) {
    CAPTURE(to_string(key.schedule), key.stages, key.chunks, key.micro_batches);
    Check(key).run();
  }
}

TEST_CASE("gradients that are sent in turn follow the forward pass whose activations their stage receives next") {
  const WiringKey key{.stages = 4, .micro_batches = 6, .exchanges_in_turn = true};
  const PipelineWiring wiring(key, stage_schedules(plan_of(key), {}));
  std::size_t in_turn = 0;
  for (std::uint32_t pass = 0; pass < wiring.size(); ++pass) {
    const std::uint32_t other = wiring.exchange_of(pass);
    CHECK(pass_kind(wiring[pass].kind).in_turn == (other != PipelineWiring::none));
    if (other == PipelineWiring::none) continue;
    ++in_turn;
    CHECK(pass_kind(wiring[pass].kind).slot == Slot::Kind::Backward);
    CHECK(wiring.stage_of(other) + 1 == wiring.stage_of(pass));
    CHECK(pass_kind(wiring[other].kind).slot == Slot::Kind::Forward);
    CHECK(wiring[pass + 1].micro_batch == wiring[other].micro_batch);  // 1F1B: the next pass is that forward pass
  }
  CHECK(in_turn > 0);
}

TEST_CASE("steps of one shape share their wiring") {
  PipelineWirings wirings;
  const WiringKey key{.stages = 4, .micro_batches = 8};
  WiringKey blocking = key;
  blocking.blocks_outside = true;
  CHECK(wirings.of(key) == wirings.of(key));
  CHECK(wirings.of(key) != wirings.of(blocking));
}
