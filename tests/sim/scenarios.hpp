// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/document.hpp"
#include "base/input_error.hpp"
#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/scenario.hpp"
#include "sim/summarize.hpp"

#include <string>
#include <utility>
#include <vector>

namespace mfusim::tests {

/// A small language model on a few A100: tests change what they vary.
inline const char* const small_decoder = R"(
model: {kind: decoder, layers: 16, hidden_size: 1024, heads: 16, kv_heads: 16, mlp_size: 4096, mlp: gelu, vocabulary: 32000}
cluster: {gpu: a100-sxm4-80gb, gpus: 1, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 16, micro_batch: 1, sequence_length: 1024, precision: bf16, optimizer: adam}
parallel: {tensor: 1, pipeline: 1, data: auto, zero: 0, recompute: none}
stack: megatron-lm-2023-01
)";

inline const char* const small_clip = R"(
model: openai/clip-vit-large-patch14-336
cluster: {gpu: a100-sxm4-80gb, gpus: 8, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 128, text_length: 77, image_size: 336, precision: bf16, optimizer: adamw}
parallel: {data: auto}
stack: pytorch-ddp-2024
)";

inline Scenario scenario_of(const std::string& text, const Settings& settings = {}) {
  Node root = parse_yaml(text, "test.yaml");
  for (const auto& [key, value] : settings) set_value(root, key, value);
  return read_scenario(root, ".", "test.yaml");
}

/// The message of the error that a scenario meets; "accepted" where it meets none.
inline std::string refusal_of(const std::string& text, const Settings& settings = {}) {
  try {
    static_cast<void>(scenario_of(text, settings));
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

/// Bytes that a rank's steps of one class move.
inline Bytes sent(const BuiltStep& step, StepClass step_class, int rank) {
  Bytes total;
  for (const Task& task : step.graph.tasks) {
    if (rank_of(task.stream) == rank && step.steps[task.label].step_class == step_class) total += step.steps[task.label].bytes;
  }
  return total;
}

/// FLOPs of a rank's matrix products and attention.
inline double kernel_flops(const BuiltStep& step, int rank) {
  double total = 0;
  for (const Task& task : step.graph.tasks) {
    const Step& what = step.steps[task.label];
    const bool matmul = what.step_class == StepClass::Matmul || what.step_class == StepClass::Attention;
    if (matmul && rank_of(task.stream) == rank) total += what.flops.value();
  }
  return total;
}

struct Run {
  Scenario scenario;
  Work<Count> work;
  BuiltStep step;
  Timeline timeline;
  Result result;
};

inline Run run_scenario(const Scenario& scenario) {
  Work<Count> work = micro_batch_work(scenario);
  BuiltStep step = build_step(scenario, work);
  Timeline timeline = simulate(step.graph);
  Result result = summarize(scenario, work, step, timeline);
  return {scenario, std::move(work), std::move(step), std::move(timeline), std::move(result)};
}

inline Run run(const std::string& text, const Settings& settings = {}) {
  return run_scenario(scenario_of(text, settings));
}

}  // namespace mfusim::tests
