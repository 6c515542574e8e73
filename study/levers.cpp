// SPDX-License-Identifier: Apache-2.0
#include "study/levers.hpp"

#include "base/document.hpp"
#include "hardware/scaled_rates.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace mfusim {
namespace {

constexpr double twice = 2;

class Levers {
 public:
  Levers(const ScenarioDocument& document, const Scenario& scenario) : document_(document), scenario_(scenario) {}

  void hardware(const std::string& name, GpuRate rate) {
    levers_.push_back({name, LeverKind::Hardware, [this_scenario = &scenario_, rate] {
                         Scenario faster = *this_scenario;
                         faster.cluster.gpu = with_rate(faster.cluster.gpu, rate, twice);
                         return faster;
                       }});
  }

  void network(const std::string& name) {
    levers_.push_back({name, LeverKind::Hardware, [this_scenario = &scenario_] {
                         Scenario faster = *this_scenario;
                         faster.cluster.network = with_bandwidth(faster.cluster.network, twice);
                         return faster;
                       }});
  }

  void key(const std::string& name, LeverKind kind, Settings settings) {
    levers_.push_back({name, kind, [this_document = &document_, settings = std::move(settings)] {
                         Node root = this_document->root;
                         for (const auto& [path, value] : settings) set_value(root, path, value);
                         return read_scenario(root, this_document->folder, this_document->name);
                       }});
  }

  void toggle(const std::string& technique, bool on, LeverKind kind = LeverKind::Technique) {
    key(fmt::format("{} {}", technique, on ? "off" : "on"), kind, {{"techniques." + technique, on ? "false" : "true"}});
  }

  [[nodiscard]] std::vector<Lever> take() { return std::move(levers_); }

 private:
  const ScenarioDocument& document_;
  const Scenario& scenario_;
  std::vector<Lever> levers_;
};

void add_machine(const Scenario& scenario, Levers& levers) {
  levers.hardware("matrix peak x 2", GpuRate::Compute);
  levers.hardware("memory bandwidth x 2", GpuRate::Memory);
  if (scenario.cluster.gpus > 1)
    levers.hardware(scenario.cluster.gpu.nvlink_per_direction.value() > 0 ? "NVLink x 2" : "PCIe x 2", GpuRate::NodeLinks);
  if (scenario.cluster.gpus > scenario.cluster.gpus_per_node) levers.network("network x 2");
  if (scenario.stack.launch == LaunchMode::Eager) levers.hardware("kernel launches x 2 as fast", GpuRate::Launches);
}

/// A two-tower model runs its local batch in as few passes as the scenario says: a larger batch is larger passes.
void add_batch(const Scenario& scenario, Levers& levers) {
  const std::string batch = fmt::format("{}", 2 * scenario.training.global_batch);
  const std::string micro_batch = fmt::format("{}", 2 * scenario.training.micro_batch);
  if (is_contrastive(scenario.model)) {
    levers.key("global batch x 2", LeverKind::Batch, {{"training.global_batch", batch}, {"training.micro_batch", micro_batch}});
    return;
  }
  levers.key("global batch x 2", LeverKind::Batch, {{"training.global_batch", batch}});
  levers.key("micro-batch x 2", LeverKind::Batch, {{"training.micro_batch", micro_batch}});
}

void add_recompute(const Scenario& scenario, Levers& levers) {
  for (const Recompute recompute : {Recompute::None, Recompute::Selective, Recompute::Full}) {
    if (recompute == scenario.parallel.recompute) continue;
    levers.key("recompute " + to_string(recompute), LeverKind::Memory, {{"parallel.recompute", to_string(recompute)}});
  }
}

void add_sequence(const Scenario& scenario, Levers& levers) {
  const bool split = scenario.parallel.tensor > 1 && !is_contrastive(scenario.model);
  if (split && !scenario.parallel.sequence)
    levers.key("sequence parallelism on", LeverKind::Memory, {{"parallel.sequence", "true"}});
}

Settings tensor_overlap_on(const Scenario& scenario) {
  Settings settings{{"techniques.tp_overlap", "true"}};
  if (scenario.stack.tp_overlap_chunks < 2) settings.emplace_back("stack_settings.tp_overlap_chunks", "4");
  return settings;
}

/// Those that the plan has a use for.
void add_techniques(const Scenario& scenario, Levers& levers) {
  const Techniques& now = scenario.techniques;
  const ParallelPlan& plan = scenario.parallel;
  if (plan.tensor > 1 && now.tp_overlap) levers.toggle("tp_overlap", true);
  if (plan.tensor > 1 && !now.tp_overlap) levers.key("tp_overlap on", LeverKind::Technique, tensor_overlap_on(scenario));
  if (has_pipelined_tower(scenario)) levers.toggle("pp_overlap", now.pp_overlap);
  if (plan.data > 1) levers.toggle("dp_overlap", now.dp_overlap);
  const bool flash2 = now.attention == AttentionKernel::Flash2;
  levers.key(flash2 ? "flash_attention off" : "flash_attention 2", LeverKind::Technique,
             {{"techniques.flash_attention", flash2 ? "false" : "2"}});
  levers.toggle("fused_operators", now.fused_operators);
  levers.toggle("async_data", now.async_data);
  levers.toggle("shared_loader", now.shared_loader);
}

/// Those that train another network.
void add_model_changes(const Scenario& scenario, Levers& levers) {
  if (!scenario.model.decoder) return;
  if (!scenario.model.decoder->block.style.parallel_block)
    levers.toggle("parallel_block", scenario.techniques.parallel_block, LeverKind::Model);
  const std::int64_t half = std::max<std::int64_t>(1, scenario.training.sequence_length.value_or(2) / 2);
  if (scenario.techniques.sliding_window) {
    levers.key("sliding_window off", LeverKind::Model, {{"techniques.sliding_window", "null"}});
  } else {
    levers.key(fmt::format("sliding_window {}", half), LeverKind::Model,
               {{"techniques.sliding_window", fmt::format("{}", half)}});
  }
}

}  // namespace

std::string to_string(LeverKind kind) {
  switch (kind) {
    case LeverKind::Hardware:
      return "hardware";
    case LeverKind::Batch:
      return "batch";
    case LeverKind::Memory:
      return "memory";
    case LeverKind::Technique:
      return "technique";
    case LeverKind::Model:
      return "model";
  }
  throw std::logic_error("unhandled LeverKind");
}

std::vector<Lever> levers_of(const ScenarioDocument& document, const Scenario& scenario) {
  Levers levers(document, scenario);
  add_machine(scenario, levers);
  add_batch(scenario, levers);
  add_recompute(scenario, levers);
  add_sequence(scenario, levers);
  add_techniques(scenario, levers);
  add_model_changes(scenario, levers);
  return levers.take();
}

}  // namespace mfusim
