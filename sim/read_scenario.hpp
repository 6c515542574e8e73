// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/catalogs.hpp"
#include "sim/scenario.hpp"

#include <array>
#include <filesystem>
#include <optional>

namespace mfusim {

/// The sections of a scenario, each read from its own mapping and what it follows from. All throw InputError with the rule and
/// the value. ScenarioReader (sim/scenario_reader.hpp) puts them together.
[[nodiscard]] ModelSpec read_model(Reader& root, const std::filesystem::path& folder, Catalogs& catalogs);
[[nodiscard]] Cluster read_cluster(Reader reader, Catalogs& catalogs);
/// GPUs that a node has room for, from the same section; a job of fewer leaves it in part.
[[nodiscard]] int read_node_gpus(const Reader& cluster);

/// `patch_dropout`: images lose a share of their patches in training (FLIP, arXiv:2212.00794).
void read_patch_dropout(Reader& training, ModelSpec& model);
/// Without the types of the state, which follow from the stack.
[[nodiscard]] Training read_training(Reader& reader, const ModelSpec& model, const Cluster& cluster);
/// Keys of the section `parallel` that do not cut anything up: read_parallel() reads them.
constexpr std::array<std::string_view, 7> uncut_keys{
    "sequence", "zero", "fsdp", "shard_group", "recompute", "recompute_method", "recompute_layers"};
/// How the section `parallel` cuts the model, the sequence and the batch up: without the number of micro-batches
/// (complete_batches()), and without what read_parallel() adds.
[[nodiscard]] ParallelPlan read_cut(Reader& reader, const ModelSpec& model, const Cluster& cluster);
/// The whole section: what ranks keep, gather and recompute. `cut`: by read_cut(), of the same section.
[[nodiscard]] ParallelPlan read_parallel(Reader& reader, const ParallelPlan& cut, const ModelSpec& model);
[[nodiscard]] DataPipeline read_data(std::optional<Reader> reader);
[[nodiscard]] std::optional<Measured> read_measured(std::optional<Reader> reader);
/// Without `stack_settings`.
[[nodiscard]] Stack read_stack(Reader& root, const ModelSpec& model, Catalogs& catalogs);

}  // namespace mfusim
