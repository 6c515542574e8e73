// SPDX-License-Identifier: Apache-2.0
#include "sim/layer_nodes.hpp"

#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

std::int64_t count(const std::vector<LayerNode>& nodes, LayerNode::Kind kind) {
  return std::count_if(nodes.begin(), nodes.end(), [&](const LayerNode& node) { return node.kind == kind; });
}

Layer<Count> block(bool parallel) {
  const Work<Count> work =
      micro_batch_work(scenario_of(small_decoder, {{"techniques.parallel_block", parallel ? "true" : "false"}}));
  for (const LayerGroup<Count>& group : work.towers.front().groups) {
    if (group.layer.name == "block") return group.layer;
  }
  throw std::logic_error("the decoder has blocks");
}

}  // namespace

TEST_CASE("one rank exchanges nothing; several enter and leave each split region once", "[unit]") {
  CHECK(count(expand_layer(block(false), {1, false}), LayerNode::Kind::Enter) == 0);
  const std::vector<LayerNode> serial = expand_layer(block(false), {4, true});
  CHECK(count(serial, LayerNode::Kind::Enter) == 2);
  CHECK(count(serial, LayerNode::Kind::Leave) == 2);
}

TEST_CASE("a parallel block halves the exchanges: its branches are summed before they leave", "[published]") {
  // MegaScale, arXiv:2402.15627, section 3.1: one all-gather and one reduce-scatter a block instead of two.
  const std::vector<LayerNode> parallel = expand_layer(block(true), {4, true});
  CHECK(count(parallel, LayerNode::Kind::Enter) == 1);
  CHECK(count(parallel, LayerNode::Kind::Leave) == 1);
  CHECK(count(parallel, LayerNode::Kind::Join) == 1);
}

TEST_CASE("nodes read only nodes before them", "[property]") {
  for (const bool parallel : {false, true}) {
    const std::vector<LayerNode> nodes = expand_layer(block(parallel), {4, true});
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      for (const int input : nodes[i].inputs) CHECK(input < static_cast<int>(i));
    }
  }
}
