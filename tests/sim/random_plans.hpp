// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/sim/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace mfusim::tests {

/// Small enough for 64 ranks one by one, large enough for communication to run beside kernels.
inline const char* const tiny_decoder = R"(
model: {kind: decoder, layers: 16, hidden_size: 1024, heads: 8, kv_heads: 8, mlp_size: 4096, mlp: gelu, vocabulary: 4096}
cluster: {gpu: a100-sxm4-80gb, gpus: 1, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 16, micro_batch: 1, sequence_length: 512, precision: bf16, optimizer: adam}
)";

/// What a `variation` section of the tiny decoder meets.
inline std::string refusal_of_variation(const std::string& variation) {
  return refusal_of(tiny_decoder, {{"variation", variation}});
}

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  template <class T>
  T one_of(const std::vector<T>& values) {
    return values[random_() % values.size()];
  }
  std::string flag() { return one_of<std::string>({"true", "false"}); }

 private:
  std::mt19937_64 random_;
};

/// Tensor x pipeline x data ranks, at most 64.
struct Split {
  int tensor = 1, pipeline = 1, data = 1;
  [[nodiscard]] int ranks() const { return tensor * pipeline * data; }
};
inline Split random_split(Draw& draw) {
  const std::vector<int> sizes{1, 2, 4, 8};
  while (true) {
    const Split split{draw.one_of(sizes), draw.one_of(sizes), draw.one_of(sizes)};
    if (split.ranks() <= 64) return split;
  }
}

inline Settings random_plan(Draw& draw) {
  const Split split = random_split(draw);
  const std::string schedule =
      split.pipeline == 1 ? "1f1b" : draw.one_of<std::string>({"1f1b", "gpipe", "interleaved-1f1b", "zb-h1", "zb-h2", "zb-v"});
  const bool interleaved = schedule == "interleaved-1f1b";
  const bool two_chunks = interleaved || schedule == "zb-v";
  const int micro_batches = interleaved ? split.pipeline * draw.one_of<int>({1, 2}) : draw.one_of<int>({1, 2, 3, 5, 8});
  const bool sequence = split.tensor > 1 && draw.flag() == "true";
  Settings plan{{"cluster.gpus", std::to_string(split.ranks())},
                {"training.global_batch", std::to_string(split.data * micro_batches)},
                {"parallel.tensor", std::to_string(split.tensor)},
                {"parallel.sequence", sequence ? "true" : "false"},
                {"parallel.pipeline", std::to_string(split.pipeline)},
                {"parallel.virtual_stages", two_chunks ? "2" : "1"},
                {"parallel.schedule", schedule},
                {"parallel.zero", draw.one_of<std::string>({"0", "1"})},
                {"parallel.recompute", draw.one_of<std::string>({"none", "selective", "full"})},
                {"techniques.tp_overlap", sequence ? draw.flag() : "false"},
                {"techniques.pp_overlap", draw.flag()},
                {"techniques.dp_overlap", draw.flag()},
                {"techniques.async_data", draw.flag()},
                {"stack_settings.tp_overlap_chunks", "4"},
                {"data.decode_per_node", "5000 samples/s"},
                {"stack", draw.one_of<std::string>({"megatron-lm-2023-01", "megascale", "pytorch-ddp-2024"})}};
  return plan;
}

/// Plans without a pipeline that shard state or divide sequences: what random_plan leaves out.
inline Settings random_sharded_plan(Draw& draw) {
  const int tensor = draw.one_of<int>({1, 2, 4});
  const int context = draw.one_of<int>({1, 1, 2, 4});
  const int data = draw.one_of<int>({1, 2, 4});
  const int micro_batches = draw.one_of<int>({1, 2, 3});
  const int zero = draw.one_of<int>({0, 1, 2, 3, 3});
  const bool sequence = tensor > 1 && draw.flag() == "true";
  Settings plan{{"cluster.gpus", std::to_string(tensor * context * data)},
                {"training.global_batch", std::to_string(data * micro_batches)},
                {"parallel.tensor", std::to_string(tensor)},
                {"parallel.sequence", sequence ? "true" : "false"},
                {"parallel.context", std::to_string(context)},
                {"parallel.zero", std::to_string(zero)},
                {"parallel.recompute", draw.one_of<std::string>({"none", "full"})},
                {"training.gradient_reduction", draw.one_of<std::string>({"fp32", "bf16"})},
                {"techniques.tp_overlap", "false"},
                {"techniques.dp_overlap", draw.flag()},
                {"stack", draw.one_of<std::string>({"deepspeed-2023", "megatron-core-2024"})}};
  if (context > 1) {
    const bool all_to_all = 8 / tensor % context == 0;
    plan.emplace_back("parallel.context_exchange",
                      draw.one_of<std::string>({"ring", "all-gather", all_to_all ? "all-to-all" : "ring"}));
  }
  if (zero > 0) plan.emplace_back("parallel.shard_group", std::to_string(draw.one_of<int>({1, data, data * context})));
  if (zero == 3) {
    plan.emplace_back("parallel.fsdp.reshard_after_forward", draw.flag());
    plan.emplace_back("parallel.fsdp.forward_prefetch", draw.one_of<std::string>({"0", "1", "3"}));
    plan.emplace_back("parallel.fsdp.backward_prefetch", draw.one_of<std::string>({"0", "1", "3"}));
  }
  return plan;
}

/// Tasks of each stream in their order; a joint task stands on each of its streams.
inline std::vector<std::vector<TaskId>> tasks_by_stream(const BuiltStep& step) {
  std::vector<std::vector<TaskId>> tasks(step.graph.streams);
  for (TaskId task = 0; task < step.graph.size(); ++task) tasks[step.graph.tasks[task].stream].push_back(task);
  for (const JointStream& joint : step.graph.joint_streams) tasks[joint.stream].push_back(joint.task);
  for (std::vector<TaskId>& stream : tasks) std::sort(stream.begin(), stream.end());
  return tasks;
}

inline std::string text_of(const Settings& settings) {
  std::string text;
  for (const auto& [key, value] : settings) text += fmt::format(" {}={}", key, value);
  return text;
}

}  // namespace mfusim::tests
