// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_space.hpp"

#include "study/sweep.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <array>
#include <set>
#include <utility>

namespace {

using mfusim::tests::small_sweep;
using mfusim::tests::sweep_space;

std::string refusal(const std::string& sweep) {
  try {
    static_cast<void>(mfusim::run_sweep(sweep_space(sweep), {}, nullptr));
  } catch (const mfusim::InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::vector<std::string> values_of(const std::string& axis) {
  return sweep_space("sweep: {axes: {" + axis + "}}").axes.front().labels;
}

}  // namespace

TEST_CASE("an axis is a list, a range, the divisors of something, or what the key can be", "[unit]") {
  using Labels = std::vector<std::string>;
  CHECK(values_of("parallel.tensor: [1, 4]") == Labels{"1", "4"});
  CHECK(values_of("parallel.tensor: {from: 1, to: 9, times: 2}") == Labels{"1", "2", "4", "8"});
  CHECK(values_of("parallel.tensor: {from: 0, to: 7, step: 3}") == Labels{"0", "3", "6"});
  CHECK(values_of("parallel.tensor: {divisors: 12}") == Labels{"1", "2", "3", "4", "6", "12"});
  CHECK(values_of("parallel.tensor: {divisors: 12, from: 2, to: 6}") == Labels{"2", "3", "4", "6"});
  CHECK(values_of("parallel.pipeline: {divisors: model.layers}") == Labels{"1", "2", "4"});
  CHECK(values_of("parallel.tensor: auto") == Labels{"1", "2", "4", "8"});
  CHECK(values_of("parallel.pipeline: auto") == Labels{"1", "2", "4"});
  CHECK(values_of("parallel.zero: auto") == Labels{"0", "1", "2", "3"});
  CHECK(values_of("techniques.dp_overlap: auto") == Labels{"false", "true"});
}

TEST_CASE("the layers of a catalog model can be divided", "[unit]") {
  const std::string sweep = GENERATE("{divisors: model.layers, to: 8}", "auto");
  const mfusim::Node document = mfusim::parse_yaml(
      "model: meta-llama/Meta-Llama-3-8B\n"  // 32 layers: its config.json
      "cluster: {gpu: h100-sxm5-80gb, gpus: 8}\ntraining: {global_batch: 16}\n"
      "sweep: {axes: {parallel.pipeline: " +
          sweep + "}}\n",
      "space.yaml");
  const auto labels = mfusim::read_sweep_space(document, "space.yaml", mfusim::Limited::No).axes.front().labels;
  REQUIRE(labels.size() >= 4);
  CHECK(std::vector(labels.begin(), labels.begin() + 4) == std::vector<std::string>{"1", "2", "4", "8"});
  CHECK(labels.back() == (sweep == "auto" ? "32" : "8"));
}

TEST_CASE("the numbers of a space are all its combinations, each once", "[property]") {
  const mfusim::SweepSpace space = sweep_space(small_sweep);
  CHECK(space.size == 4 * 3 * 3 * 2);
  std::set<std::vector<std::size_t>> seen;
  for (std::int64_t index = 0; index < space.size; ++index) seen.insert(mfusim::choices_of(space, index));
  CHECK(static_cast<std::int64_t>(seen.size()) == space.size);
}

TEST_CASE("a configuration is the scenario with the values of its axes", "[unit]") {
  const mfusim::SweepSpace space =
      sweep_space("sweep: {axes: {parallel.tensor: [1, 2], cluster: [{gpus: 8}, {gpus: 16, network: ib-8x400g}]}}");
  const auto at = [&](std::int64_t index, const char* path) {
    const mfusim::Node document = mfusim::configuration_document(space, index);
    const mfusim::Node* value = mfusim::value_at(document, path);
    return value != nullptr ? value->text : std::string("nothing");
  };
  CHECK(at(0, "parallel.tensor") == "1");
  CHECK(at(3, "parallel.tensor") == "2");
  CHECK(at(1, "cluster.gpus") == "16");
  CHECK(at(1, "cluster.gpu") == "a100-sxm4-80gb");  // a mapping is laid over the section
  CHECK(at(1, "cluster.network") == "ib-8x400g");
  CHECK(at(0, "cluster.network") == "nothing");
}

TEST_CASE("a space that asks for nothing, or for something else, is refused with its line", "[unit]") {
  const std::array<std::pair<const char*, const char*>, 25> wrong{{
      {"sweep:", "sweep: "},
      {"sweep: {axes: {}}", "no axis"},
      {"sweep: {axes: {parallel.tensor: []}}", "space.yaml:6: sweep.axes.parallel.tensor: an empty axis"},
      {"sweep: {axes: {parallel.tensor: {from: 4, to: 2, times: 2}}}", "an empty axis"},
      {"sweep: {axes: {parallel.tensor: [1, 2, 1]}}", "'1' is given twice"},
      {"sweep: {axes: {parallel.tensor: 4}}", "expected a list, a range, divisors or auto"},
      {"sweep: {axes: {parallel.tensor: {from: 1, to: 4}}}", "expected one of times"},
      {"sweep: {axes: {parallel.tensor: {divisors: model.depth}}}", "key of the scenario"},
      {"sweep: {axes: {parallel.zero: auto}, price_per_gpu_hour: 2.5}",
       "price_per_gpu_hour: expected a price for each GPU, as {a100-sxm4-80gb: 1.6}, got '2.5'"},
      {"sweep: {axes: {model.hidden_size: auto}}", "auto is not known for this key"},
      {"sweep: {axes: {parallel.tensr: [1]}}", "unknown key"},
      {"sweep: {axes: {parallel: [{tensor: 1}], parallel.tensor: [1]}}", "lies inside"},
      {"sweep: {axes: {parallel.tensor: [1]}, objective: speed}", "sweep.objective: expected one of"},
      {"sweep: {axes: {parallel.tensor: [1]}, objective: cost}", "missing: a price for a100-sxm4-80gb"},
      {"sweep: {axes: {parallel.tensor: [1]}, colour: red}", "sweep.colour: unknown key"},
      {"sweep: {axes: {parallel.tensor: [1, 2]}, largest: 1}", "2 configurations, over the largest of 1"},
      {"sweep: {axes: {parallel.tensor: [1]}, constraints: [tensor >]}", "at character"},
      {"sweep: {axes: {parallel.tensor: [1]}, pareto: [mfu]}", "at least two objectives, got one"},
      {"sweep: {axes: {parallel.tensor: [1]}, pareto: [mfu, mfu]}", "'mfu' is given twice"},
      {"sweep: {axes: {parallel.tensor: [1]}, constraints: [tensor = 1]}", "at character 8: a comparison is written =="},
      {"sweep: {axes: {sweep: [a, b]}}", "sweep: is no part of a run"},
      {"sweep: {axes: {measured.mfu: [0.1, 0.2]}}", "measured.mfu: is no part of a run"},
      {"sweep: {axes: {description: [a, b]}}", "description: is no part of a run"},
      {"sweep: {axes: {training.micro_batch.size: [1, 2]}}",
       "space.yaml:6: sweep.axes.training.micro_batch.size: micro_batch is no mapping but '1'"},
      {"sweep: {axes: {parallel.tensor: [1], towers.vision.gpus: [1]}, constraints: [gpus == 8]}",
       "it may be cluster.gpus, towers.vision.gpus"},
  }};
  for (const auto& [sweep, message] : wrong) {
    CAPTURE(sweep);
    CHECK_THAT(refusal(sweep), ContainsSubstring(message));
  }
}

TEST_CASE("constraints that leave nothing are refused by the one to blame", "[unit]") {
  const std::string axes = "sweep: {axes: {parallel.tensor: [1, 2], parallel.pipeline: [1, 2]}, constraints: ";
  CHECK_THAT(refusal(axes + "[tensor >= 1, pipeline > 2]}"), ContainsSubstring("no configuration meets 'pipeline > 2'"));
  CHECK_THAT(refusal(axes + "[pipeline < 3, tensor == 1, tensor * pipeline == 4]}"),
             ContainsSubstring("contradictory: no configuration meets both 'tensor == 1' and 'tensor * pipeline == 4'"));
  // each two can be met, all three cannot
  CHECK_THAT(
      refusal(axes + "[tensor + pipeline > 2, tensor < 2 or pipeline < 2, tensor == pipeline]}"),
      ContainsSubstring("contradictory: no configuration that meets the constraints before it meets 'tensor == pipeline'"));
}

TEST_CASE("constraints exclude exactly the configurations that break them", "[property]") {
  const char* const constraints =
      GENERATE("tensor * pipeline <= 4", "pipeline > 1 and recompute == full", "data >= 4", "micro_batch != 5", "tensor != 3",
               "not (recompute == full)", "true", "micro_batches >= 4");
  CAPTURE(constraints);
  const mfusim::SweepSpace all = sweep_space(small_sweep);
  const mfusim::SweepSpace some = sweep_space(small_sweep + std::string("  constraints: [\"") + constraints + "\"]\n");
  mfusim::SweepConstraints condition(some);
  std::int64_t expected = 0;
  for (std::int64_t index = 0; index < all.size; ++index) {
    const std::vector<std::size_t> choices = mfusim::choices_of(all, index);
    for (std::size_t axis = 0; axis < choices.size(); ++axis) condition.choose(axis, choices[axis]);
    if (!condition.violated()) ++expected;
  }
  const mfusim::SweepAnswer answer = mfusim::run_sweep(some, {}, nullptr);
  CHECK(answer.counts.all() == expected);
  CHECK(answer.excluded == all.size - expected);
}

TEST_CASE("sequence: auto is in a constraint what it comes to", "[property]") {
  const std::string axes = GENERATE("parallel.sequence: [auto], parallel.tensor: [1, 2, 4]",
                                    "parallel.tensor: [1, 2, 4], parallel.sequence: [auto, false, true]");
  const std::string model = GENERATE("", ", model: [ViT-B-32]");
  const std::string condition =
      GENERATE("sequence", "parallel.sequence == (tensor > 1)", "sequence == false", "sequence == true");
  CAPTURE(axes, model, condition);
  const mfusim::SweepSpace space = sweep_space("sweep: {axes: {" + axes + model + "}, constraints: ['" + condition + "']}");
  mfusim::SweepConstraints constraints(space);
  const bool two_towers = !model.empty();
  for (std::int64_t index = 0; index < space.size; ++index) {
    const std::vector<std::size_t> choices = mfusim::choices_of(space, index);
    for (std::size_t axis = 0; axis < choices.size(); ++axis) constraints.choose(axis, choices[axis]);
    const mfusim::Node document = mfusim::configuration_document(space, index);
    const std::string tensor = mfusim::value_at(document, "parallel.tensor")->text;
    const std::string asked = mfusim::value_at(document, "parallel.sequence")->text;
    const bool sequence = asked == "auto" ? tensor != "1" && !two_towers : asked == "true";
    const bool expected = condition == "sequence == false"                ? !sequence
                          : condition.find("tensor") != std::string::npos ? sequence == (tensor != "1")
                                                                          : sequence;
    CAPTURE(tensor, asked);
    CHECK(!constraints.violated() == expected);
  }
}
