// SPDX-License-Identifier: Apache-2.0
#include "study/standard_ablation.hpp"

#include "base/document.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

const Settings all_off{
    {"techniques.parallel_block", "false"},  {"techniques.sliding_window", "null"}, {"techniques.tp_overlap", "false"},
    {"techniques.pp_overlap", "false"},      {"techniques.dp_overlap", "false"},    {"techniques.flash_attention", "false"},
    {"techniques.fused_operators", "false"}, {"techniques.async_data", "false"},    {"techniques.shared_loader", "false"}};

/// Collects the steps that apply and the reasons of those that do not.
class StandardSteps {
 public:
  explicit StandardSteps(Ablation& ablation) : ablation_(ablation) {}

  void add(const std::string& name, Settings settings, bool applies, const std::string& otherwise) {
    if (applies) {
      ablation_.steps.push_back({.name = name, .settings = std::move(settings), .published = {}, .where = {}});
    } else {
      ablation_.left_out.push_back(fmt::format("{}: {}", name, otherwise));
    }
  }

 private:
  Ablation& ablation_;
};

/// The width of MegaScale's window, scaled to the sequence.
std::string window_of(const Scenario& scenario) {
  constexpr double share = 0.607;
  const double keys = share * static_cast<double>(scenario.training.sequence_length.value_or(1));
  return fmt::format("{}", std::max<std::int64_t>(1, static_cast<std::int64_t>(keys)));
}

Settings tensor_overlap(const Scenario& scenario) {
  Settings settings{{"techniques.tp_overlap", "true"}};
  if (scenario.stack.tp_overlap_chunks < 2) settings.emplace_back("stack_settings.tp_overlap_chunks", "4");
  return settings;
}

/// A two-tower model runs its whole local batch at once.
Settings larger_batch(const Scenario& scenario) {
  constexpr std::int64_t times = 3;
  Settings settings{{"training.optimizer", "lamb"},
                    {"training.global_batch", fmt::format("{}", times * scenario.training.global_batch)}};
  if (is_contrastive(scenario.model))
    settings.emplace_back("training.micro_batch", fmt::format("{}", times * scenario.training.micro_batch));
  return settings;
}

void add_steps(const Scenario& scenario, Ablation& ablation) {
  const ParallelPlan& plan = scenario.parallel;
  const bool language = scenario.model.decoder.has_value();
  const bool sequential = language && !scenario.model.decoder->block.style.parallel_block;
  StandardSteps steps(ablation);
  steps.add("parallel block (PTB)", {{"techniques.parallel_block", "true"}}, sequential,
            language ? "the model has parallel blocks already" : "two-tower models keep their blocks");
  steps.add("sliding window (SWA)", {{"techniques.sliding_window", window_of(scenario)}}, language,
            "a language model's attention only");
  steps.add("TP overlap", tensor_overlap(scenario), plan.tensor > 1 && plan.sequence,
            "needs a tensor group with sequence parallelism");
  steps.add("PP overlap", {{"techniques.pp_overlap", "true"}}, has_pipelined_tower(scenario), "needs a pipeline");
  steps.add("DP overlap", {{"techniques.dp_overlap", "true"}}, plan.data > 1, "needs data-parallel replicas");
  steps.add("efficient operators", {{"techniques.flash_attention", "2"}, {"techniques.fused_operators", "true"}}, true, "");
  steps.add("input path", {{"techniques.async_data", "true"}, {"techniques.shared_loader", "true"}}, true, "");
  steps.add("LAMB, batch x 3", larger_batch(scenario), true, "");
}

}  // namespace

Ablation standard_ablation(ScenarioDocument document) {
  Ablation ablation;
  ablation.baseline_name = "baseline: none of the techniques";
  std::erase_if(document.root.members, [](const Node::Member& member) { return member.key == "measured"; });
  for (const auto& [key, value] : all_off) set_value(document.root, key, value);
  add_steps(read_scenario(document.root, document.folder, document.name), ablation);
  ablation.baseline = std::move(document);
  return ablation;
}

}  // namespace mfusim
