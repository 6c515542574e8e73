// SPDX-License-Identifier: Apache-2.0
#include "sim/placement.hpp"

#include "tests/catch.hpp"

using namespace mfusim;

namespace {

/// Ranks of the first group whose members are `stride` apart, and how many of them are on the first node.
struct Counted {
  int ranks = 0;
  int on_first_node = 0;
};
Counted count(int ranks, int stride, int gpus_per_node) {
  Counted counted{.ranks = ranks};
  for (int i = 0; i < ranks; ++i) counted.on_first_node += i * stride < gpus_per_node ? 1 : 0;
  return counted;
}

void check(const Group& group, const Counted& expected, int gpus_per_node) {
  CHECK(group.ranks == expected.ranks);
  CHECK(group.ranks_per_node == expected.on_first_node);
  CHECK(group.ranks_per_node * group.concurrent_groups_per_node <= gpus_per_node);
}

}  // namespace

TEST_CASE("ranks are numbered tensor, context, data, pipeline: counting members on the first node gives each group's",
          "[property]") {
  constexpr int gpus_per_node = 8;
  const int tensor = GENERATE(1, 2, 8);
  const int context = GENERATE(1, 2, 4, 16);
  const int data = GENERATE(1, 2, 8);
  CAPTURE(tensor, context, data);
  ParallelPlan plan;
  plan.tensor = tensor;
  plan.data = data;
  plan.context = context;
  plan.zero = 3;
  Cluster cluster;
  cluster.gpus = tensor * context * data;
  cluster.gpus_per_node = gpus_per_node;
  check(data_group(plan, cluster), count(data * context, tensor, gpus_per_node), gpus_per_node);
  check(context_group(plan, cluster), count(context, tensor, gpus_per_node), gpus_per_node);
  for (const int shards : {1, context, context * data}) {
    plan.shard_group = shards;
    CHECK(shard_ranks(plan) == shards);
    check(shard_group(plan, cluster), count(shards, tensor, gpus_per_node), gpus_per_node);
    check(shard_replicas(plan, cluster), count(context * data / shards, tensor * shards, gpus_per_node), gpus_per_node);
  }
}

TEST_CASE("a ring's links are inside the node as long as its ranks are", "[unit]") {
  Cluster cluster;
  cluster.gpus = 32;
  cluster.gpus_per_node = 8;
  const auto pair = [&](int tensor, int context) {
    ParallelPlan plan;
    plan.tensor = tensor;
    plan.context = context;
    return context_pair(plan, cluster);
  };
  CHECK(pair(2, 4).ranks_per_node == 2);
  CHECK(pair(2, 8).ranks_per_node == 1);
  CHECK(pair(2, 8).concurrent_groups_per_node == 2);  // two tensor ranks' rings leave the node
  CHECK(pair(8, 4).concurrent_groups_per_node == 8);
}

TEST_CASE("neighbouring stages are apart where any of their ranks sit on different nodes", "[property]") {
  constexpr int gpus_per_node = 8;
  const int tensor = GENERATE(1, 2, 4, 8);
  const int data = GENERATE(1, 2, 3, 8);
  CAPTURE(tensor, data);
  ParallelPlan plan;
  plan.tensor = tensor;
  plan.data = data;
  plan.pipeline = 16;
  Cluster cluster;
  cluster.gpus_per_node = gpus_per_node;
  bool leaves = false;
  const int ranks = tensor * data;
  for (int stage = 0; stage + 1 < plan.pipeline; ++stage) {
    CAPTURE(stage);
    bool apart = false;  // rank by rank
    for (int rank = stage * ranks; rank < (stage + 1) * ranks; ++rank)
      apart = apart || rank / gpus_per_node != (rank + ranks) / gpus_per_node;
    CHECK((pair_reach(plan, cluster, stage, stage + 1) == PairReach::Network) == apart);
    CHECK(pair_reach(plan, cluster, stage + 1, stage) == pair_reach(plan, cluster, stage, stage + 1));
    leaves = leaves || apart;
  }
  CHECK((furthest_pair(plan, cluster) == PairReach::Network) == leaves);
  CHECK(pipeline_pair(plan, cluster, PairReach::Node).ranks_per_node == 2);
  CHECK(pipeline_pair(plan, cluster, PairReach::Network).ranks_per_node == 1);
}
