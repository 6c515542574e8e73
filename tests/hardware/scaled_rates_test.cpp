// SPDX-License-Identifier: Apache-2.0
#include "hardware/scaled_rates.hpp"

#include "hardware/collective.hpp"
#include "tests/catch.hpp"

#include <stdexcept>
#include <vector>

using namespace mfusim;

namespace {

const std::vector<GpuRate> all_rates{GpuRate::Compute, GpuRate::Memory, GpuRate::NodeLinks, GpuRate::Launches};

/// Times of one kernel of each kind, and of a collective inside a node.
std::vector<double> times_of(const Gpu& gpu) {
  const Cluster cluster{.gpu = gpu, .gpus = 8, .gpus_per_node = 8, .network = {}};
  return {
      gemm_time(gpu, {.m = 4096, .n = 4096, .k = 4096}).time.count(),
      attention_time(gpu, {.batch = 4, .heads = 16, .kv_heads = 16, .queries = 2048, .keys = 2048, .window = 2048}).time.count(),
      memory_time(gpu, {.op = MemoryOperator::LayerNorm, .bytes = Bytes(1e9)}).time.count(),
      collective_time(cluster, {.kind = Collective::AllGather, .message = Bytes(1e9), .group = {.ranks = 8, .ranks_per_node = 8}})
          .time.count(),
      eager_launch_cost(gpu).count()};
}

}  // namespace

TEST_CASE("a rate times one is the same GPU, and no rate makes anything slower by growing", "[property]") {
  for (const std::string& name : gpu_names()) {
    const Gpu gpu = load_gpu(name);
    if (!supports(gpu, DataType::Bf16)) continue;
    const std::vector<double> before = times_of(gpu);
    for (const GpuRate rate : all_rates) {
      CAPTURE(name, static_cast<int>(rate));
      CHECK(times_of(with_rate(gpu, rate, 1)) == before);
      const std::vector<double> after = times_of(with_rate(gpu, rate, 2));
      for (std::size_t i = 0; i < before.size(); ++i) {
        CAPTURE(i);
        CHECK(after[i] <= before[i]);
        CHECK(after[i] >= before[i] / 2 - 1e-15);
      }
    }
    CHECK(times_of(gpu) == before);  // the entry that was copied is as it was
  }
}

TEST_CASE("each rate moves what it should move, and leaves the rest", "[unit]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const std::vector<double> before = times_of(gpu);
  const std::vector<std::pair<GpuRate, std::size_t>> owns{
      {GpuRate::Compute, 0}, {GpuRate::Compute, 1}, {GpuRate::Memory, 2}, {GpuRate::NodeLinks, 3}, {GpuRate::Launches, 4}};
  for (const auto& [rate, kernel] : owns) CHECK(times_of(with_rate(gpu, rate, 2))[kernel] < 0.75 * before[kernel]);
  CHECK(times_of(with_rate(gpu, GpuRate::NodeLinks, 2))[0] == before[0]);
  CHECK(times_of(with_rate(gpu, GpuRate::Compute, 2))[2] == before[2]);
  CHECK(times_of(with_rate(gpu, GpuRate::Memory, 2))[4] == before[4]);
  CHECK(with_rate(gpu, GpuRate::Compute, 2).peak.at(DataType::Bf16) == 2 * gpu.peak.at(DataType::Bf16));
}

TEST_CASE("a network's bandwidth scales without its latency", "[unit]") {
  const Network network = load_network("roce-8x200g");
  const Network faster = with_bandwidth(network, 2);
  CHECK(faster.nic_bandwidth == 2 * network.nic_bandwidth);
  CHECK(faster.latency == network.latency);
}

TEST_CASE("a rate cannot be scaled to nothing", "[unit]") {
  CHECK_THROWS_AS(with_rate(load_gpu("a100-sxm4-80gb"), GpuRate::Memory, 0), std::logic_error);
  CHECK_THROWS_AS(with_bandwidth(load_network("roce-8x200g"), -1), std::logic_error);
}
