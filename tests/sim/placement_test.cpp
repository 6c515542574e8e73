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

TEST_CASE("stages before replicas: the groups and neighbours of either order are those of its numbering", "[property]") {
  constexpr int gpus_per_node = 8;
  const int tensor = GENERATE(1, 2, 8);
  const int context = GENERATE(1, 2, 4);
  const int data = GENERATE(1, 2, 8);
  const int stages = GENERATE(1, 2, 4, 16);
  const RankOrder order = GENERATE(RankOrder::DataBeforePipeline, RankOrder::PipelineBeforeData);
  CAPTURE(tensor, context, data, stages, to_string(order));
  ParallelPlan plan;
  plan.tensor = tensor;
  plan.context = context;
  plan.data = data;
  plan.pipeline = stages;
  plan.rank_order = order;
  plan.zero = 1;
  Cluster cluster;
  cluster.gpus = tensor * context * data * stages;
  cluster.gpus_per_node = gpus_per_node;
  const auto node_of = [&](int t, int c, int d, int p) {
    const int outer = order == RankOrder::PipelineBeforeData ? d * stages + p : p * data + d;
    return ((outer * context + c) * tensor + t) / gpus_per_node;
  };

  int on_first_node = 0;
  for (int rank = 0; rank < context * data; ++rank) on_first_node += node_of(0, rank % context, rank / context, 0) == 0 ? 1 : 0;
  CHECK(data_group(plan, cluster).ranks_per_node == on_first_node);
  plan.shard_group = context;
  int replicas_on_first_node = 0;
  for (int d = 0; d < data; ++d) replicas_on_first_node += node_of(0, 0, d, 0) == 0 ? 1 : 0;
  CHECK(shard_replicas(plan, cluster).ranks_per_node == replicas_on_first_node);

  for (int stage = 0; stage + 1 < stages; ++stage) {
    bool apart = false;
    for (int rank = 0; rank < tensor * context * data; ++rank) {
      const int t = rank % tensor;
      const int c = rank / tensor % context;
      const int d = rank / tensor / context;
      apart = apart || node_of(t, c, d, stage) != node_of(t, c, d, stage + 1);
    }
    CHECK((pair_reach(plan, cluster, stage, stage + 1) == PairReach::Network) == apart);
  }
}
