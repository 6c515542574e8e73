// SPDX-License-Identifier: Apache-2.0
// Overlap of tensor-parallel exchanges with the products beside them, in sequential and in parallel blocks.
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <set>

using namespace mfusim;
using mfusim::tests::Run;
using mfusim::tests::run;
using mfusim::tests::small_decoder;

namespace {

Run overlapped(const std::string& block, const std::string& overlap) {
  return run(small_decoder, {{"cluster.gpus", "8"},
                             {"model.hidden_size", "8192"},
                             {"model.mlp_size", "32768"},
                             {"model.heads", "64"},
                             {"model.kv_heads", "64"},
                             {"model.layers", "2"},
                             {"parallel.tensor", "8"},
                             {"parallel.sequence", "true"},
                             {"stack_settings.tp_overlap_chunks", "4"},
                             {"techniques.parallel_block", block},
                             {"techniques.tp_overlap", overlap}});
}

/// Tasks of the step called `name`.
int count(const Run& one, const std::string& name) {
  return static_cast<int>(std::count_if(one.step.graph.tasks.begin(), one.step.graph.tasks.end(),
                                        [&](const Task& task) { return one.step.steps[task.label].name == name; }));
}

Seconds exposed(const Run& one) {
  const auto& parts = one.result.breakdown;
  return std::find_if(parts.begin(), parts.end(), [](const auto& part) { return part.first == "exposed_tensor_communication"; })
      ->second;
}

}  // namespace

TEST_CASE("every exchange beside a product is cut: forward and backward, with one branch or two", "[unit]") {
  const std::string block = GENERATE("false", "true");
  CAPTURE(block);
  const Run whole = overlapped(block, "false");
  const Run cut = overlapped(block, "true");
  for (const char* exchange : {"block.all-gather forward", "block.reduce-scatter forward", "block.all-gather backward",
                               "block.reduce-scatter backward"}) {
    CAPTURE(exchange);
    CHECK(count(whole, exchange) > 0);
    CHECK(count(cut, exchange) == 4 * count(whole, exchange));
  }
  CHECK(count(cut, "block.input all-gather backward") ==
        count(whole, "block.input all-gather backward"));  // nothing waits for it
}

TEST_CASE("overlap hides a good part of the exchanges", "[property]") {
  const std::string block = GENERATE("false", "true");
  CAPTURE(block);
  CHECK(exposed(overlapped(block, "true")) < 0.75 * exposed(overlapped(block, "false")));
}

TEST_CASE("a parallel block exchanges half as often", "[published]") {
  // MegaScale, arXiv:2402.15627, section 3.1: attention and MLP share one exchange into and one out of the split region.
  const Run sequential = overlapped("false", "false");
  const Run parallel = overlapped("true", "false");
  for (const char* exchange : {"block.all-gather forward", "block.reduce-scatter forward", "block.all-gather backward",
                               "block.reduce-scatter backward"}) {
    CAPTURE(exchange);
    CHECK(count(sequential, exchange) == 2 * count(parallel, exchange));
  }
}
