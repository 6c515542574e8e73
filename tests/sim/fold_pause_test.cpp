// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcomes.hpp"
#include "tests/catch.hpp"

#include <random>
#include <utility>

using namespace mfusim;

namespace {

constexpr UsageId matmul = 1, bandwidth_bound = 2, collective = 3, gather = 4, send = 5;

/// What communication takes of memory bandwidth.
struct Bandwidths {
  double collective = 30;
  double gather = 80;  ///< Slowed by each of the other two.
  double send = 40;
};

/// SMs and memory bandwidth of one rank; communication is served first.
SharingModel sharing(const Bandwidths& bandwidths = {}) {
  SharingModel model{.resources = 2};
  const std::vector<double> capacities{100, 100};
  const auto add = [&](double sms, double bytes, std::uint32_t priority) {
    Usage usage{.demands = {{0, sms, priority == 0 ? Taking::Held : Taking::ByRate}, {1, bytes}}, .priority = priority};
    static_cast<void>(add_usage(model, capacities, usage));
  };
  add(100, 50, 1);
  add(10, 100, 1);
  add(16, bandwidths.collective, 0);
  add(15, bandwidths.gather, 0);
  add(2, bandwidths.send, 0);
  return model;
}

struct Pass {
  FoldKind kind;

  std::uint32_t add(std::int64_t duration, UsageId usage, StreamKind stream, std::vector<std::uint32_t> waits) {
    kind.add({duration, usage, stream}, waits);
    return static_cast<std::uint32_t>(kind.tasks.size() - 1);
  }
};

/// Layers of two kernels and a collective that every second layer hides behind a kernel; at the end transfers that outlive it.
/// Every second pass waits for its launches.
Pass random_layers(std::mt19937_64& random) {
  Pass pass;
  const auto duration = [&] { return static_cast<std::int64_t>(1000 + random() % 9000); };
  const bool launched = random() % 2 == 0;
  const auto kernel = [&](UsageId usage, std::vector<std::uint32_t> waits) {
    if (launched) waits.push_back(pass.add(duration(), 0, StreamKind::Host, {}));
    return pass.add(duration(), usage, StreamKind::Compute, std::move(waits));
  };
  std::uint32_t before = kernel(matmul, {});
  for (int layer = 0; layer < 6; ++layer) {
    const std::uint32_t reduced = pass.add(duration(), collective, StreamKind::Tensor, {before});
    if (layer % 2 == 0) static_cast<void>(kernel(bandwidth_bound, {}));
    before = kernel(matmul, {reduced});
  }
  return pass;
}

Pass random_pass(std::mt19937_64& random) {
  Pass pass = random_layers(random);
  const std::uint32_t last = pass.kind.queues[static_cast<std::size_t>(StreamKind::Compute)].back();
  static_cast<void>(pass.add(30'000, gather, StreamKind::Data, {last - 1}));
  static_cast<void>(pass.add(9'000, send, StreamKind::PipelineForward, {last}));
  return pass;
}

/// Kinds of one pattern: what a pass sends takes longer or shorter, or nothing is sent; and reductions begin somewhere within it,
/// or at once.
std::vector<FoldKind> random_kinds(const FoldKind& layers, std::mt19937_64& random) {
  const FoldPattern pattern{.tasks = layers.tasks, .waits = layers.waits, .queues = layers.queues, .number = 1};
  const std::vector<std::uint32_t>& kernels = layers.queues[static_cast<std::size_t>(StreamKind::Compute)];
  std::vector<FoldKind> kinds;
  for (int i = 0; i < 4; ++i) {
    FoldKind& kind = kinds.emplace_back(pattern);
    const std::vector<std::uint32_t> end{kernels.back()};
    if (i > 0) kind.add_step({1000 + static_cast<std::int64_t>(random() % 20'000), send, StreamKind::PipelineForward}, end);
    for (int reductions = i / 2; reductions > 0; --reductions) {
      const std::vector<std::uint32_t> ready{kernels[random() % kernels.size()]};
      kind.add_step({15'000, gather, StreamKind::Data}, random() % 8 == 0 ? std::vector<std::uint32_t>{} : ready);
    }
  }
  return kinds;
}

/// A gather with another behind it, and a send, each under way with some work left, or not there.
Situation random_situation(std::mt19937_64& random, std::int64_t longest_gather = 400'000) {
  Situation situation;
  const auto add = [&](UsageId usage, StreamKind stream, std::int64_t most) {
    const double left = static_cast<double>(1 + random() % static_cast<std::uint64_t>(most)) + 0.37;
    const auto since = -static_cast<std::int64_t>(random() % 2);
    situation.tasks.push_back({{most, usage, stream}, Unfinished::Progress::Runs, left, 1.0, since});
  };
  if (random() % 4 != 0) {
    add(gather, StreamKind::Data, longest_gather);
    if (random() % 2 == 0) situation.tasks.push_back({.task = {20'000, gather, StreamKind::Data}});
  }
  if (random() % 2 == 0) add(send, StreamKind::PipelineForward, 30'000);
  return situation;
}

void check_equal(const Outcome& a, const Outcome& b) {
  CHECK(a.ends == b.ends);
  CHECK(a.kernels_end == b.kernels_end);
  CHECK(a.end == b.end);
  CHECK(a.tail == b.tail);
  for (std::int64_t offset = a.kernels_end; offset < a.end; offset += 1 + (a.end - a.kernels_end) / 7) {
    Cut one;
    Cut other;
    cut(a, offset, ~0U, one);
    cut(b, offset, ~0U, other);
    REQUIRE(one.tasks == other.tasks);
    for (std::size_t task = 0; task < one.tasks.size(); ++task) {
      CHECK(one.situation.tasks[task].left == other.situation.tasks[task].left);
      CHECK(one.situation.tasks[task].rate == other.situation.tasks[task].rate);
      CHECK(one.situation.tasks[task].since == other.situation.tasks[task].since);
    }
  }
}

std::int64_t random_lag(std::mt19937_64& random) {
  return static_cast<std::int64_t>(random() % 40'000) - 20'000;
}

/// How a kind goes in some situation, for others to take over from.
Outcome random_model(RankEngine& engine, const FoldKind& kind, std::mt19937_64& random) {
  const Situation situation = random_situation(random);
  Outcome model = engine.run(kind, situation, random_lag(random));
  model.keep(engine.pauses());
  return model;
}

/// Tasks of runs that took over from others, and those of them that were simulated all the same.
struct Takeover {
  std::size_t tasks = 0;
  std::size_t simulated = 0;

  /// Runs a kind with and without `models`, which must make no difference; gives the outcome.
  Outcome check(RankEngine& engine, const FoldKind& kind, const Situation& situation, std::int64_t lag,
                const std::vector<const Outcome*>& models) {
    Outcome whole = engine.run(kind, situation, lag);
    CHECK(engine.simulated_tasks() == whole.ends.size());
    check_equal(engine.run(kind, situation, lag, models), whole);
    tasks += whole.ends.size();
    simulated += engine.simulated_tasks();
    return whole;
  }
};

}  // namespace

TEST_CASE("a pass that takes over what passes in other situations did goes as if simulated whole, to the bit", "[property]") {
  constexpr std::size_t passes = 40, situations = 25;
  std::mt19937_64 random(7);
  const SharingModel model = sharing();
  RankEngine engine(model);
  Takeover all;
  std::size_t survivors = 0;  // with a transfer that outlives the pass, and a part taken over all the same
  for (std::size_t i = 0; i < passes; ++i) {
    const Pass pass = random_pass(random);
    std::vector<Outcome> known;
    for (int run = 0; run < 4; ++run) known.push_back(random_model(engine, pass.kind, random));
    const std::vector<const Outcome*> models{&known[0], &known[1], &known[2], &known[3]};
    for (std::size_t j = 0; j < situations; ++j) {
      CAPTURE(i, j);
      const Situation situation = random_situation(random);
      const Outcome whole = all.check(engine, pass.kind, situation, random_lag(random), models);
      const bool outlives = !situation.tasks.empty() && whole.ends[0] > whole.kernels_end;
      survivors += outlives && engine.simulated_tasks() < whole.ends.size() ? 1 : 0;
    }
  }
  CHECK(all.simulated < all.tasks * 2 / 3);
  CHECK(survivors > passes);
}

TEST_CASE("of two transfers under way a pass takes over only what both outlive, to the bit", "[property]") {
  constexpr std::int64_t like_a_send = 30'000;
  std::mt19937_64 random(19);
  const SharingModel model = sharing({.collective = 50, .gather = 60, .send = 10});  // kernels go on beside a gather and a send
  RankEngine engine(model);
  Takeover all;
  for (std::size_t i = 0; i < 40; ++i) {
    const Pass pass = random_pass(random);
    std::vector<Outcome> known;
    for (int run = 0; run < 4; ++run) {
      known.push_back(engine.run(pass.kind, random_situation(random, like_a_send), random_lag(random)));
      known.back().keep(engine.pauses());
    }
    const std::vector<const Outcome*> models{&known[0], &known[1], &known[2], &known[3]};
    for (std::size_t j = 0; j < 25; ++j) {
      CAPTURE(i, j);
      all.check(engine, pass.kind, random_situation(random, like_a_send), random_lag(random), models);
    }
  }
  CHECK(all.simulated < all.tasks);
}

TEST_CASE("kinds of one pattern take over from each other what goes before their steps, to the bit", "[property]") {
  constexpr std::size_t patterns = 40, situations = 10;
  std::mt19937_64 random(11);
  const SharingModel model = sharing();
  RankEngine engine(model);
  Takeover all;
  for (std::size_t i = 0; i < patterns; ++i) {
    const std::vector<FoldKind> kinds = random_kinds(random_layers(random).kind, random);
    std::vector<Outcome> known;
    for (const FoldKind& kind : kinds) known.push_back(random_model(engine, kind, random));
    for (std::size_t j = 0; j < kinds.size() * situations; ++j) {
      CAPTURE(i, j);
      const std::size_t mine = j % kinds.size();
      std::vector<const Outcome*> others;
      for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
        if (kind != mine) others.push_back(&known[kind]);
      }
      const Situation situation = random_situation(random);
      all.check(engine, kinds[mine], situation, random_lag(random), others);
    }
  }
  CHECK(all.simulated < all.tasks * 9 / 10);
}

TEST_CASE("an outcome that ends behind the clock's range is wrong each time that it is asked for", "[unit]") {
  FoldKinds kinds;
  constexpr std::int64_t half = std::int64_t{1} << 62U;
  const std::uint32_t step = kinds.step_number({.duration = half, .usage = 0, .stream = StreamKind::Data});
  const std::uint32_t one = kinds.kind(nullptr, {step, 0});
  const std::uint32_t two = kinds.kind(nullptr, {step, 0, step, 0});  // one behind the other
  const SharingModel model{.resources = resources_per_rank};
  Outcomes outcomes(kinds, model);
  outcomes.make_room();
  CHECK(outcomes.of(nullptr, one, 0).outcome.end == half);
  CHECK_THROWS_AS(outcomes.of(nullptr, two, 0), InputError);
  CHECK_THROWS_AS(outcomes.of(nullptr, two, 0), InputError);
  CHECK(outcomes.of(nullptr, one, 0).outcome.end == half);
}
