// SPDX-License-Identifier: Apache-2.0
#include "study/open_plan.hpp"

#include "study/sweep.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <algorithm>
#include <set>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

SweepSpace open_space(const std::string& more, const std::string& asked = "") {
  return read_sweep_space(sweep_document(more), "space.yaml", Limited::No, asked);
}

std::set<std::string> paths_of(const SweepSpace& space) {
  std::set<std::string> paths;
  for (const SweepAxis& axis : space.axes) paths.insert(axis.path);
  return paths;
}

std::string refusal(const std::string& more, const std::string& asked = "") {
  try {
    static_cast<void>(open_space(more, asked));
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

const std::string two_towers = R"(
model: ViT-B-32
cluster: {gpu: a100-sxm4-80gb, gpus: 8}
training: {global_batch: 1024}
)";

}  // namespace

TEST_CASE("without a sweep block the plan that the scenario leaves open is searched", "[unit]") {
  const SweepSpace space = open_space("");  // its micro-batch is stated
  CHECK(space.open_plan);
  CHECK(paths_of(space) == std::set<std::string>{"parallel.tensor", "parallel.pipeline", "parallel.virtual_stages",
                                                 "parallel.recompute", "parallel.zero"});
  CHECK(paths_of(open_space("parallel: {tensor: 2, recompute: full}\n")) ==
        std::set<std::string>{"parallel.pipeline", "parallel.virtual_stages", "parallel.zero"});
  CHECK_FALSE(open_space(small_sweep).open_plan);
}

TEST_CASE("what is stated stays, and what is open is no worse than any plan of its own", "[property]") {
  const SweepAnswer open = run_sweep(open_space("parallel: {zero: 1}\n"), {}, nullptr);
  REQUIRE(!open.best.empty());
  CHECK(open.counts.invalid == 0);  // what cannot be is excluded, not tried
  CHECK(open.counts.fits > 20);
  for (const char* plan : {"{zero: 1, tensor: 2}", "{zero: 1, pipeline: 2, virtual_stages: 2}", "{zero: 1, recompute: full}"}) {
    CAPTURE(plan);
    const SweepAnswer narrow = run_sweep(open_space(std::string("parallel: ") + plan + "\n"), {}, nullptr);
    REQUIRE(!narrow.best.empty());
    CHECK(narrow.counts.fits < open.counts.fits);
    CHECK(narrow.best.front().row.iteration_time >= open.best.front().row.iteration_time);
  }
}

TEST_CASE("a long sequence may be split, two towers have no layers to cut", "[unit]") {
  const SweepSpace long_sequence =
      read_sweep_space(parse_yaml("model: {kind: decoder, layers: 4, hidden_size: 256, heads: 16, vocabulary: 1000}\n"
                                  "cluster: {gpu: a100-sxm4-80gb, gpus: 8}\n"
                                  "training: {global_batch: 16, sequence_length: 16384}\n",
                                  "space.yaml"),
                       "space.yaml", Limited::No);
  CHECK(paths_of(long_sequence).contains("parallel.context"));
  const SweepAnswer answer = run_sweep(long_sequence, {}, nullptr);
  CHECK(answer.counts.invalid == 0);
  const bool splits =
      std::any_of(answer.best.begin(), answer.best.end(), [](const RankedRow& ranked) { return ranked.row.plan.context > 1; });
  CHECK(splits);

  const SweepSpace pairs = read_sweep_space(parse_yaml(two_towers, "space.yaml"), "space.yaml", Limited::No);
  CHECK(paths_of(pairs) == std::set<std::string>{"training.micro_batch", "parallel.recompute", "parallel.zero"});
  CHECK(pairs.axes.front().labels == std::vector<std::string>{"16", "32", "64", "128"});
  CHECK(run_sweep(pairs, {}, nullptr).counts.invalid == 0);
}

TEST_CASE("embedding and logits count as layers where stages divide the layers only so", "[unit]") {
  const auto space_of = [](int layers) {
    const std::string model =
        fmt::format("model: {{kind: decoder, layers: {}, hidden_size: 256, heads: 8, vocabulary: 1000}}\n", layers);
    return read_sweep_space(parse_yaml(model + "cluster: {gpu: a100-sxm4-80gb, gpus: 8}\n"
                                               "training: {global_batch: 16, micro_batch: 1, sequence_length: 64}\n",
                                       "space.yaml"),
                            "space.yaml", Limited::No);
  };
  CHECK_FALSE(paths_of(space_of(8)).contains("parallel.account_for_loss"));
  const SweepSpace space = space_of(6);  // 8 over 4 stages
  REQUIRE(paths_of(space).contains("parallel.account_for_loss"));
  SweepOptions options;
  options.top = 1000;
  const SweepAnswer answer = run_sweep(space, options, nullptr);
  CHECK(answer.counts.invalid == 0);
  const auto with = [&](int stages) {
    return std::count_if(answer.best.begin(), answer.best.end(), [&](const RankedRow& ranked) {
      return ranked.row.plan.pipeline == stages && ranked.row.plan.virtual_stages == 1;
    });
  };
  CHECK(with(4) > 0);
  CHECK(with(6) == 0);  // does not divide the GPUs
  CHECK(with(8) == 0);  // ends without a layer
}

TEST_CASE("a key that is asked about has values around its own, stated or not", "[unit]") {
  const SweepSpace gpus = open_space("", "cluster.gpus");
  REQUIRE(gpus.axes.front().path == "cluster.gpus");
  CHECK(gpus.axes.front().labels == std::vector<std::string>{"1", "2", "4", "8", "16", "32", "64"});
  CHECK(open_space("", "training.micro_batch").axes.front().labels == std::vector<std::string>{"1", "2", "4", "8"});
  CHECK(open_space("", "cluster.gpu").axes.front().labels.size() > 10);
}

TEST_CASE("a scenario that leaves nothing open, or cannot be searched, is refused with its line", "[unit]") {
  CHECK_THAT(refusal("parallel: {tensor: 1, pipeline: 1, virtual_stages: 1, recompute: none, zero: 0}\n"),
             ContainsSubstring("space.yaml:2: sweep: missing, and the scenario leaves nothing of its plan open"));
  CHECK_THAT(refusal("", "model.depth"), ContainsSubstring("no number of model.depth to vary"));
  CHECK_THAT(refusal("towers: {placement: disjoint, vision: {gpus: 4}, text: {gpus: 4}}\n"),
             ContainsSubstring("`mfusim split` places them"));
}

TEST_CASE("constraints know context ranks and a micro-batch that is not stated", "[unit]") {
  const std::string scenario =
      "model: {kind: decoder, layers: 4, hidden_size: 256, heads: 16, vocabulary: 1000}\n"
      "cluster: {gpu: a100-sxm4-80gb, gpus: 8}\n"
      "training: {global_batch: 16, sequence_length: 64}\n"
      "sweep: {axes: {parallel.context: [1, 2, 4]}, constraints: ['data * context == 8', 'micro_batches == 2 * context']}\n";
  const SweepAnswer answer =
      run_sweep(read_sweep_space(parse_yaml(scenario, "space.yaml"), "space.yaml", Limited::No), {}, nullptr);
  CHECK(answer.excluded == 0);
  CHECK(answer.counts.fits == 3);
  const std::string pairs = two_towers + "sweep: {axes: {parallel.zero: [0, 1]}, constraints: ['micro_batches == 1']}\n";
  CHECK(run_sweep(read_sweep_space(parse_yaml(pairs, "space.yaml"), "space.yaml", Limited::No), {}, nullptr).excluded == 0);
}
