// SPDX-License-Identifier: Apache-2.0
// Time of one look-up of a kernel or collective time.
#include "hardware/collective.hpp"
#include "hardware/gpu.hpp"
#include "hardware/network.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace mfusim;

void gemm(benchmark::State& state) {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  GemmShape shape{.m = 2048, .n = 4608, .k = 12288};
  for (auto unused : state) {
    shape.m = shape.m == 2048 ? 2049 : 2048;  // no two look-ups in a row are the same
    benchmark::DoNotOptimize(gemm_time(gpu, shape));
  }
}
BENCHMARK(gemm);

void attention(benchmark::State& state) {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  AttentionShape shape{.batch = 64, .heads = 16, .kv_heads = 16, .queries = 577, .keys = 577, .window = 577};
  for (auto unused : state) {
    shape.batch = shape.batch == 64 ? 65 : 64;
    benchmark::DoNotOptimize(attention_time(gpu, shape));
  }
}
BENCHMARK(attention);

void memory_bound(benchmark::State& state) {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  for (auto unused : state) {
    benchmark::DoNotOptimize(memory_time(gpu, {.op = MemoryOperator::LayerNorm, .bytes = Bytes(5e7)}));
  }
}
BENCHMARK(memory_bound);

void collective(benchmark::State& state) {
  const Cluster cluster{.gpu = load_gpu("a100-sxm4-80gb"), .gpus = 256, .gpus_per_node = 8, .network = load_network("ib-8x200g")};
  const CollectiveShape shape{.kind = Collective::AllReduce,
                              .message = Bytes(5e8),
                              .group = {.ranks = 32, .ranks_per_node = 1, .concurrent_groups_per_node = 8}};
  for (auto unused : state) benchmark::DoNotOptimize(collective_time(cluster, shape));
}
BENCHMARK(collective);

}  // namespace

BENCHMARK_MAIN();
