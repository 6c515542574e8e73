// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario_document.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// What somebody published for one step of an ablation.
struct PublishedStep {
  std::optional<double> mfu;
  std::optional<Seconds> iteration_time;
  std::string source;
};

/// One technique, or several that go together: settings laid over those of all steps before.
struct AblationStep {
  std::string name;
  Settings settings;  ///< `path.to.key` and its value as YAML.
  std::optional<PublishedStep> published;
  Location where;
};

/// A baseline and what is added to it, one after another.
struct Ablation {
  ScenarioDocument baseline;
  std::string baseline_name;
  std::optional<PublishedStep> baseline_published;  ///< The scenario's own `measured:` block.
  std::vector<AblationStep> steps;
  std::vector<std::string> left_out;  ///< Standard steps that this scenario has no use for, and why.
};

/// The ablation of a scenario file: its `ablation:` block, or without one the standard steps (study/standard_ablation.hpp).
///
///   ablation:
///     baseline: Megatron-LM                                  # its name
///     steps:
///       - name: parallel block
///         set: {techniques.parallel_block: true}
///         measured: {mfu: 0.523, source: "..."}              # mfu, iteration_time or both; optional
///
/// Throws InputError on a block without steps, a step without a name or settings, a name given twice, a published value without
/// its source or a source without a value.
[[nodiscard]] Ablation load_ablation(const std::filesystem::path& path, const Settings& settings = {});

}  // namespace mfusim
