// SPDX-License-Identifier: Apache-2.0
#include "study/sweep.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/scenario_document.hpp"
#include "sim/summarize.hpp"
#include "study/configuration.hpp"
#include "study/step_bound.hpp"
#include "study/sweep_twins.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"
#include "tests/study/temporary_file.hpp"

#include <random>
#include <utility>

namespace {

using namespace mfusim;
using tests::small_sweep;
using tests::sweep_space;

SweepOptions with_top(std::size_t top, int jobs = 1) {
  SweepOptions options;
  options.top = top;
  options.jobs = jobs;
  return options;
}

/// What `mfusim run` says of the configuration; empty where it refuses.
std::optional<Result> run_alone(const SweepSpace& space, std::int64_t index) {
  try {
    const Scenario scenario = read_scenario(configuration_document(space, index), ".", "space.yaml");
    const Work<Count> work = micro_batch_work(scenario);
    const BuiltStep step = build_step(scenario, work);
    return summarize(scenario, work, step, simulate(step.graph));
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace

TEST_CASE("a sweep finds what running every configuration alone finds", "[property]") {
  const SweepSpace space = sweep_space(small_sweep);
  const SweepAnswer answer = run_sweep(space, with_top(1000), nullptr);
  std::map<std::int64_t, const SweepRow*> rows;
  for (const RankedRow& ranked : answer.best) rows[ranked.row.index] = &ranked.row;
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    const std::optional<Result> alone = run_alone(space, index);
    REQUIRE(rows.count(index) == (alone ? 1 : 0));
    if (!alone) continue;
    CHECK(to_seconds(rows[index]->iteration_time) == alone->iteration_time);
    CHECK(rows[index]->mfu == alone->mfu);
    CHECK(rows[index]->peak == alone->memory.peak);
    CHECK(rows[index]->plan.data == alone->parallel.data);
  }
  CHECK(answer.counts.all() == space.size);
}

TEST_CASE("the best are the best, whatever the number of threads and however many are asked for", "[property]") {
  const SweepSpace space = sweep_space(small_sweep);
  const SweepAnswer all = run_sweep(space, with_top(1000), nullptr);
  for (std::size_t i = 1; i < all.best.size(); ++i) CHECK(all.best[i - 1].row.iteration_time <= all.best[i].row.iteration_time);
  const std::size_t top = GENERATE(1U, 2U, 7U);
  const int jobs = GENERATE(1, 2, 5);
  const SweepAnswer some = run_sweep(space, with_top(top, jobs), nullptr);
  REQUIRE(some.best.size() == top);
  for (std::size_t i = 0; i < top; ++i) CHECK(some.best[i].row.index == all.best[i].row.index);
}

TEST_CASE("the best with each value is the first of the best rows that has it", "[property]") {
  const SweepAnswer answer = run_sweep(sweep_space(small_sweep), with_top(1000), nullptr);
  for (const AxisEffect& effect : answer.effects) {
    CAPTURE(effect.path, effect.value);
    const auto axis = std::find(answer.axes.begin(), answer.axes.end(), effect.path) - answer.axes.begin();
    const auto has_it = [&](const RankedRow& row) { return row.values[static_cast<std::size_t>(axis)] == effect.value; };
    const auto first = std::find_if(answer.best.begin(), answer.best.end(), has_it);
    CHECK(effect.fits == std::count_if(answer.best.begin(), answer.best.end(), has_it));
    REQUIRE(effect.best.has_value() == (first != answer.best.end()));
    if (effect.best) CHECK(effect.best->index == first->row.index);
  }
}

TEST_CASE("the Pareto front is what no row beats in everything", "[property]") {
  const SweepSpace space = sweep_space(small_sweep + std::string("  pareto: [step_time, memory_headroom]\n"));
  const SweepAnswer answer = run_sweep(space, with_top(1000), nullptr);
  REQUIRE(!answer.front.empty());
  const auto beats = [](const SweepRow& a, const SweepRow& b) {
    return a.iteration_time <= b.iteration_time && a.peak <= b.peak && (a.iteration_time < b.iteration_time || a.peak < b.peak);
  };
  for (const RankedRow& ranked : answer.best) {
    const auto is_it = [&](const RankedRow& other) { return other.row.index == ranked.row.index; };
    const auto beats_it = [&](const RankedRow& other) { return beats(other.row, ranked.row); };
    const auto equals_it = [&](const RankedRow& other) {
      return other.row.index < ranked.row.index && other.row.iteration_time == ranked.row.iteration_time &&
             other.row.peak == ranked.row.peak;
    };
    const bool beaten = std::any_of(answer.best.begin(), answer.best.end(), beats_it) ||
                        std::any_of(answer.best.begin(), answer.best.end(), equals_it);
    CHECK(std::any_of(answer.front.begin(), answer.front.end(), is_it) == !beaten);
  }
}

TEST_CASE("the best with headroom is the first of the best that leaves a twentieth free, and nothing that could be it is pruned",
          "[property]") {
  const int seed = GENERATE(range(1, 30));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const SweepSpace space = sweep_space(small_sweep);
  const std::size_t top = 1 + random() % 4;
  SweepRanking some(space, top);
  SweepRanking all(space, static_cast<std::size_t>(space.size));
  for (std::int64_t index = 0; index < space.size; ++index) {
    SweepRow row{
        .index = index, .status = RowStatus::Fits, .reason = {}, .peak = {}, .capacity = Bytes(100), .gpu = {}, .plan = {}};
    row.iteration_time = Picoseconds(1 + static_cast<std::int64_t>(random() % 1000));
    row.peak = Bytes(static_cast<double>(90 + random() % 11));
    const auto number = [&] { return some.best_with_headroom() ? some.best_with_headroom()->index : -1; };
    const std::int64_t before = number();
    const bool could = some.can_change(row);
    some.add(row);
    all.add(row);
    if (!could) CHECK(number() == before);
  }
  const auto first =
      std::find_if(all.best().begin(), all.best().end(), [](const SweepRow& row) { return row.peak.value() <= 95; });
  REQUIRE(first != all.best().end());
  REQUIRE(some.best_with_headroom().has_value());
  CHECK(some.best_with_headroom()->index == first->index);
}

TEST_CASE("a row that does not fit is counted and not simulated", "[unit]") {
  const SweepSpace space = sweep_space("sweep: {axes: {model.hidden_size: [256, 65536]}}");
  const SweepAnswer answer = run_sweep(space, with_top(10), nullptr);
  CHECK(answer.counts.fits == 1);
  CHECK(answer.counts.too_large == 1);
}

TEST_CASE("an objective turns the order its own way", "[unit]") {
  const std::string axes = "sweep: {axes: {cluster.gpus: [1, 2, 4]}, ";
  const auto first = [&](const std::string& rest) {
    return run_sweep(sweep_space(axes + rest), with_top(3), nullptr).best.front().values.front();
  };
  CHECK(first("objective: step_time}") == "4");
  CHECK(first("objective: samples_per_s}") == "4");
  CHECK(first("objective: gpus}") == "1");
  // the same price for each GPU, and no GPU gains from company
  CHECK(first("objective: cost, price_per_gpu_hour: {a100-sxm4-80gb: 2}}") == first("objective: samples_per_gpu_hour}"));
}

TEST_CASE("the cost of a million samples is GPU-hours times price", "[unit]") {
  SweepRow row;
  row.iteration_time = Picoseconds(2'000'000'000'000);  // 2 s
  row.global_batch = 100;
  row.gpus = 16;
  row.gpu = "g";
  // 10^6 samples take 10^4 steps of 2 s on 16 GPUs: 16 x 20000 / 3600 GPU-hours
  CHECK_THAT(cost_per_million_samples(row, {{"g", 3.0}}), WithinRel(3.0 * 16 * 20000 / 3600, 1e-12));
}

TEST_CASE("a condition on rows filters the answer", "[property]") {
  const SweepSpace space = sweep_space(small_sweep);
  SweepOptions options = with_top(1000);
  const SweepAnswer all = run_sweep(space, options, nullptr);
  options.where = "tensor == 2 and recompute == none and mfu >= 0";
  const SweepAnswer some = run_sweep(space, options, nullptr);
  const auto wanted = [](const RankedRow& row) { return row.row.plan.tensor == 2 && row.row.plan.recompute == "none"; };
  CHECK(std::all_of(some.best.begin(), some.best.end(), wanted));
  CHECK(static_cast<std::ptrdiff_t>(some.best.size()) == std::count_if(all.best.begin(), all.best.end(), wanted));
  options.where = "tensor =";
  CHECK_THROWS_AS(run_sweep(space, options, nullptr), InputError);
}

TEST_CASE("the answer's name of a peak and the condition's are one", "[unit]") {
  const SweepSpace space = sweep_space(small_sweep);
  SweepOptions options = with_top(1000);
  const auto matching = [&](const std::string& where) {
    options.where = where;
    return run_sweep(space, options, nullptr).matching->fits;
  };
  CHECK(matching("peak_gb == memory_gb") == matching("memory_gb > 0"));
}

TEST_CASE("one plan in two words has one place among the best, and names the other", "[property]") {
  // with flash attention nothing is left for selective recomputation; `auto` is true where layers are split and false where not
  const std::string flash = GENERATE("2", "false");
  CAPTURE(flash);
  const SweepSpace space = sweep_space("techniques: {flash_attention: " + flash +
                                       ", tp_overlap: false}\nsweep:\n  axes:\n    parallel.tensor: [1, 2, 4]\n"
                                       "    parallel.recompute: [none, selective, full]\n    parallel.sequence: [auto, false]\n");
  const SweepAnswer all = run_sweep(space, with_top(1000), nullptr);
  std::size_t named = 0;
  for (std::size_t i = 0; i < all.best.size(); ++i) {
    named += 1 + all.best[i].twins.size();
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(are_twins(all.axes, all.best[i], all.best[j]));
    for (const RankedRow::Twin& twin : all.best[i].twins) {
      const std::optional<Result> one = run_alone(space, all.best[i].row.index);
      const std::optional<Result> other = run_alone(space, twin.index);
      CHECK(one->iteration_time == other->iteration_time);
      CHECK(one->memory.peak == other->memory.peak);
      CHECK(one->parallel.sequence == other->parallel.sequence);
    }
  }
  CHECK(named == static_cast<std::size_t>(all.counts.fits));
  CHECK(all.counts.fits == space.size);
  // tensor 1: auto is false; tensor 2 and 4: two plans each; none is selective where attention is fused
  CHECK(all.best.size() == (flash == "2" ? 2U : 3U) * 5);
  const std::size_t top = 1 + all.best.size() / 2;
  const SweepAnswer some = run_sweep(space, with_top(top), nullptr);
  REQUIRE(some.best.size() == top);
  for (std::size_t i = 0; i < top; ++i) CHECK(some.best[i].row.index == all.best[i].row.index);
}

TEST_CASE("a condition reaches rows that were not simulated, by their status and their axes", "[property]") {
  const SweepSpace space = sweep_space(small_sweep);
  SweepOptions options = with_top(1000);
  const SweepCounts all = run_sweep(space, options, nullptr).counts;
  REQUIRE(all.invalid > 0);
  options.where = "status == invalid";
  const SweepAnswer invalid = run_sweep(space, options, nullptr);
  CHECK(invalid.best.empty());
  CHECK(invalid.matching->invalid == all.invalid);
  CHECK(invalid.matching->all() == all.invalid);
  options.where = "tensor == 3";  // does not divide the heads: no row has a plan
  const SweepAnswer three = run_sweep(space, options, nullptr);
  CHECK(three.matching->invalid == space.size / 4);
  CHECK(three.matching->all() == space.size / 4);
  options.where = "status == invalid and mfu > 0";
  CHECK(run_sweep(space, options, nullptr).matching->all() == 0);
}

TEST_CASE("reasons do not say where a value stood, whichever file it came from", "[unit]") {
  const tests::TemporaryFolder folder;
  static_cast<void>(folder.write("base.yaml", tests::small_scenario));
  const auto path = folder.write("space.yaml", "extends: base.yaml\nsweep: {axes: {parallel.tensor: [1, 3]}}\n");
  const SweepSpace space = read_sweep_space(load_scenario_document(path).root, path, Limited::No);
  const SweepCounts counts = run_sweep(space, with_top(1), nullptr).counts;
  REQUIRE(counts.invalid_by_key.size() == 1);
  CHECK(counts.invalid_by_key.begin()->first == "parallel.tensor");
  CHECK(counts.invalid_by_key.begin()->second.reason.starts_with("parallel.tensor: "));
}

TEST_CASE("plans that have a lower bound are pruned beside plans that have none", "[property]") {
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    parallel.pipeline: [2, 4]
    parallel.schedule: [zb-h1, 1f1b, gpipe]
    training.micro_batch: [1, 2]
)");
  SweepOptions options = with_top(3);
  const SweepAnswer exhaustive = run_sweep(space, options, nullptr);
  options.pruning = Pruning::On;
  const SweepAnswer pruned = run_sweep(space, options, nullptr);
  REQUIRE(pruned.best.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(pruned.best[i].row.index == exhaustive.best[i].row.index);
}

TEST_CASE("ranges cover what is to do once, whatever is finished", "[property]") {
  const SweepSpace space = sweep_space("sweep: {axes: {training.global_batch: {from: 1, to: 1000, step: 1}}}");
  const std::vector<IndexRange> finished{{0, 64}, {100, 130}, {200, 640}, {990, 1000}};
  const std::int64_t shards = GENERATE(1, 2, 3);
  const std::optional<std::int64_t> limit = GENERATE(std::optional<std::int64_t>(), std::optional<std::int64_t>(777));
  std::vector<int> times(static_cast<std::size_t>(space.size));
  for (std::int64_t shard = 1; shard <= shards; ++shard) {
    for (const IndexRange& range : pending_ranges(space, {limit, {shard, shards}}, finished)) {
      for (std::int64_t i = range.first; i < range.last; ++i) ++times[static_cast<std::size_t>(i)];
    }
  }
  for (std::int64_t i = 0; i < space.size; ++i) {
    const bool done =
        std::any_of(finished.begin(), finished.end(), [&](const IndexRange& r) { return r.first <= i && i < r.last; });
    REQUIRE(times[static_cast<std::size_t>(i)] == (done || i >= limit.value_or(space.size) ? 0 : 1));
  }
}

TEST_CASE("ranges with a short end cover the same, and the last ones are small", "[property]") {
  const SweepSpace space = sweep_space("sweep: {axes: {training.global_batch: {from: 1, to: 1000, step: 1}}}");
  const std::vector<IndexRange> whole = pending_ranges(space, {}, {});
  const int workers = GENERATE(1, 2, 3, 100);
  CAPTURE(workers);
  std::int64_t next = 0;
  for (const IndexRange& range : with_short_end(whole, workers)) {
    CHECK(range.first == next);
    CHECK(range.last > range.first);
    next = range.last;
  }
  CHECK(next == space.size);
  const IndexRange last = with_short_end(whole, workers).back();
  CHECK((workers == 1 || last.last - last.first < range_size(space) / 2));
}

TEST_CASE("no step is shorter than its lower bound", "[property]") {
  const SweepSpace space = sweep_space(R"(sweep:
  axes:
    parallel.tensor: [1, 2]
    parallel.pipeline: [1, 4]
    parallel.virtual_stages: [1, 2]
    parallel.schedule: [gpipe, 1f1b, interleaved-1f1b]
    parallel.sequence: [false, true]
    techniques.tp_overlap: [false, true]
    parallel.zero: [1, 3]
    parallel.recompute: [none, selective, full]
)");
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    const std::optional<Result> alone = run_alone(space, index);
    if (!alone) continue;
    const Scenario scenario = read_scenario(configuration_document(space, index), ".", "space.yaml");
    const Picoseconds least = least_step_time(scenario, price_work(scenario));
    CHECK(least > Picoseconds{});
    CHECK(to_seconds(least) <= alone->iteration_time);
  }
}

TEST_CASE("a pruned search gives the answers of an exhaustive one", "[property]") {
  const int seed = GENERATE(range(1, 13));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const auto any_of = [&](const std::vector<const char*>& choices) { return choices[random() % choices.size()]; };
  const std::string sweep =
      std::string("sweep:\n  axes:\n") + any_of({"    parallel.tensor: [1, 2, 4]\n", "    parallel.tensor: [4, 2]\n"}) +
      any_of({"    parallel.pipeline: [1, 2, 4]\n", "    parallel.pipeline: [2]\n"}) +
      any_of({"    training.micro_batch: [1, 2, 4]\n", "    training.micro_batch: [2, 1]\n"}) +
      any_of({"    model.hidden_size: [256, 1024]\n", "    training.sequence_length: [64, 512, 100000]\n"}) +
      any_of({"    parallel.recompute: [none, full]\n", "    parallel.zero: [0, 1]\n"}) +
      any_of({"  objective: mfu\n", "  objective: step_time\n", "  objective: samples_per_gpu_hour\n"}) +
      any_of({"", "  pareto: [step_time, memory_headroom]\n"});
  CAPTURE(sweep);
  const SweepSpace space = sweep_space(sweep);
  SweepOptions options = with_top(1 + random() % 8, 1 + static_cast<int>(random() % 3));
  const SweepAnswer exhaustive = run_sweep(space, options, nullptr);
  options.pruning = Pruning::On;
  const SweepAnswer pruned = run_sweep(space, options, nullptr);
  const auto numbers = [](const std::vector<RankedRow>& rows) {
    std::vector<std::int64_t> all;
    for (const RankedRow& row : rows) all.push_back(row.row.index);
    return all;
  };
  CHECK(numbers(pruned.best) == numbers(exhaustive.best));
  CHECK(numbers(pruned.front) == numbers(exhaustive.front));
  CHECK(pruned.best_with_headroom.has_value() == exhaustive.best_with_headroom.has_value());
  CHECK(pruned.counts.fits + pruned.counts.pruned == exhaustive.counts.fits);
  for (std::size_t i = 0; i < pruned.effects.size(); ++i) {
    REQUIRE(pruned.effects[i].best.has_value() == exhaustive.effects[i].best.has_value());
    CHECK(pruned.effects[i].fits == exhaustive.effects[i].fits);
    if (pruned.effects[i].best) CHECK(pruned.effects[i].best->index == exhaustive.effects[i].best->index);
  }
}
