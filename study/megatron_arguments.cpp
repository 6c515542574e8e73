// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_arguments.hpp"

#include "base/document.hpp"
#include "base/number.hpp"
#include "study/megatron_command.hpp"
#include "study/megatron_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace mfusim {
namespace {

bool says_gpus(const MegatronCommand& launch) {
  return launch.has("nnodes") || launch.has("nproc-per-node");
}

/// torchrun starts one process on one node where it is not told otherwise.
std::int64_t gpus_of(const MegatronCommand& launch) {
  return launch.number("nnodes", 1) * launch.number("nproc-per-node", 1);
}

/// Megatron-LM counts layers a virtual stage; a scenario counts virtual stages.
void set_virtual_stages(Node& document, const MegatronCommand& launch) {
  const std::string name = "num-layers-per-virtual-pipeline-stage";
  const std::int64_t layers = launch.number("num-layers", 1);
  const std::int64_t chunk = launch.number(name, 1) * launch.number("pipeline-model-parallel-size", 1);
  if (layers % chunk != 0) launch.fail(name, fmt::format("x pipeline ({}) does not divide --num-layers ({})", chunk, layers));
  set_value(document, "parallel.virtual_stages", fmt::format("{}", layers / chunk));
}

bool interleaves(const MegatronCommand& launch) {
  if (launch.has("num-layers-per-virtual-pipeline-stage") || launch.has("num-virtual-stages-per-pipeline-rank")) return true;
  const auto layout = launch.given.find("pipeline-model-parallel-layout");
  if (layout == launch.given.end()) return false;
  const std::int64_t chunks = 1 + std::count(layout->second.value.begin(), layout->second.value.end(), '|');
  return chunks > launch.number("pipeline-model-parallel-size", 1);
}

/// Query groups belong to grouped-query attention, which has one group where it is not told otherwise.
/// Source: NVIDIA/Megatron-LM, megatron/training/arguments.py (core_transformer_config_from_args).
void set_query_groups(Node& document, const MegatronCommand& launch) {
  if (launch.has("num-query-groups") && !launch.has("group-query-attention"))
    launch.fail("num-query-groups", "Megatron-LM reads it with --group-query-attention only: give both or none");
  if (launch.has("group-query-attention") && !launch.has("num-query-groups")) set_value(document, "model.kv_heads", "1");
}

/// One micro-batch a data-parallel rank, where the GPUs are known.
/// Source: NVIDIA/Megatron-LM, megatron/training/arguments.py (validate_args).
void set_global_batch(Node& document, const MegatronCommand& launch) {
  if (launch.has("global-batch-size") || !launch.has("micro-batch-size") || !says_gpus(launch)) return;
  const std::int64_t of_a_replica = launch.number("tensor-model-parallel-size", 1) *
                                    launch.number("pipeline-model-parallel-size", 1) * launch.number("context-parallel-size", 1);
  const std::int64_t replicas = std::max<std::int64_t>(1, gpus_of(launch) / of_a_replica);
  set_value(document, "training.global_batch", fmt::format("{}", replicas * launch.number("micro-batch-size", 1)));
}

void set_argument(Node& document, const MegatronCommand& launch, const std::string& name) {
  const LaunchArgument& argument = launch.given.at(name);
  if (const auto key = megatron_value_keys().find(name); key != megatron_value_keys().end()) {
    if (argument.value.empty()) launch.fail(name, "expected a value");
    return set_value(document, key->second, argument.value);
  }
  if (const std::vector<std::string> words = megatron_words(name); !words.empty()) {
    const std::optional<FlagMeaning> meaning = megatron_word(name, argument.value);
    if (!meaning)
      launch.fail(name, fmt::format("expected one of {} (others are not modelled), got {}", fmt::join(words, ", "),
                                    shown_value(argument)));
    return set_value(document, meaning->key, meaning->value);
  }
  const FlagMeaning& flag = megatron_flags().at(name);
  set_value(document, flag.key, flag.value);
}

/// Layers of each chunk out of a layout such as 'Ettt|tttL'; other letters and multiplications are not understood.
void set_layout(Node& document, std::string layout, const MegatronCommand& launch) {
  std::erase(layout, '\'');
  std::erase(layout, '"');
  if (layout.find_first_not_of("EtL|") != std::string::npos)
    launch.fail("pipeline-model-parallel-layout", fmt::format("expected E, t, L and | alone, got '{}'", shown(layout)));
  std::vector<std::int64_t> stages(1);
  for (const char letter : layout) {
    if (letter == '|') stages.push_back(0);
    if (letter == 't') ++stages.back();
  }
  const std::int64_t pipeline = launch.number("pipeline-model-parallel-size", 1);
  set_value(document, "parallel.virtual_stages", fmt::format("{}", std::max<std::int64_t>(1, std::ssize(stages) / pipeline)));
  set_value(document, "parallel.stages", fmt::format("[{}]", fmt::join(stages, ", ")));
}

/// Copies of the optimizer's shards over the ranks that the model's split leaves.
void set_shard_group(Node& document, const MegatronCommand& launch) {
  const std::int64_t gpus = gpus_of(launch);
  const std::int64_t of_a_model =
      launch.number("tensor-model-parallel-size", 1) * launch.number("pipeline-model-parallel-size", 1);
  const std::int64_t instances = launch.number("num-distributed-optimizer-instances", 1);
  if (gpus % (of_a_model * instances) != 0)
    launch.fail("num-distributed-optimizer-instances",
                fmt::format("{} x tensor x pipeline ({}) does not divide the GPUs ({})", instances, of_a_model, gpus));
  set_value(document, "parallel.shard_group", fmt::format("{}", gpus / of_a_model / instances));
}

/// Both kinds of dropout are on or off together in a scenario.
void check_attention_dropout(const MegatronCommand& launch) {
  const auto value = [&](const char* name) {
    const auto at = launch.given.find(name);
    return at == launch.given.end() ? std::optional<double>(0.1) : parse_number(at->second.value);  // Megatron-LM's default
  };
  const std::optional<double> attention = value("attention-dropout");
  const std::optional<double> hidden = value("hidden-dropout");
  if (!attention || !hidden || (*attention > 0) != (*hidden > 0))
    launch.fail("attention-dropout", "must be on or off together with --hidden-dropout");
}

/// Without torchrun's arguments nobody knows.
void set_gpus(Node& document, const MegatronCommand& launch) {
  if (says_gpus(launch)) set_value(document, "cluster.gpus", fmt::format("{}", gpus_of(launch)));
}

/// What Megatron-LM does where an argument is missing, and a scenario would do otherwise.
void set_defaults(Node& document, const MegatronCommand& launch) {
  for (const FlagMeaning& one : {FlagMeaning{"model.mlp", "gelu"},
                                 {"model.norm", "layer_norm"},
                                 {"model.positions", "learned"},
                                 {"model.bias", "true"},
                                 {"model.tied_embedding", "true"},
                                 {"model.dropout", "0.1"},
                                 {"training.optimizer", "adam"},
                                 {"techniques.tp_overlap", "false"},
                                 {"techniques.dp_overlap", "false"},
                                 {"techniques.pp_overlap", interleaves(launch) ? "true" : "false"}})
    set_value(document, one.key, one.value);
  set_query_groups(document, launch);
  set_global_batch(document, launch);
  if (!launch.has("bf16") && !launch.has("fp16")) set_value(document, "training.precision", "fp32");
  if (!launch.has("swiglu") || launch.has("ffn-hidden-size")) return;
  constexpr std::int64_t multiple = 64;  // Megatron-LM keeps the size of 4 h with two matrices: 8 h / 3, in whole 64s
  const std::int64_t size = launch.number("hidden-size", 1) * 8 / 3 / multiple * multiple;
  set_value(document, "model.mlp_size", fmt::format("{}", size));
}

/// Passed over, or said by another argument.
bool says_nothing_more(const std::string& name, const MegatronCommand& launch) {
  const bool by_strategy = name == "use-distributed-optimizer" && launch.has("data-parallel-sharding-strategy");
  return by_strategy || name == "attention-dropout" || is_passed_over(name);
}

}  // namespace

Node read_megatron_arguments(std::string_view text, const std::string& source, const std::string& gpu,
                             const std::string& network) {
  const MegatronCommand launch = read_megatron_command(text, source);
  Node document;
  document.kind = Node::Kind::Mapping;
  set_value(document, "model.kind", "decoder");
  set_value(document, "cluster.gpu", gpu);
  set_gpus(document, launch);
  if (!network.empty()) set_value(document, "cluster.network", network);
  check_attention_dropout(launch);
  set_defaults(document, launch);
  for (const auto& [name, argument] : launch.given) {
    if (name == "num-layers-per-virtual-pipeline-stage") {
      set_virtual_stages(document, launch);
    } else if (name == "pipeline-model-parallel-layout") {
      set_layout(document, argument.value, launch);
    } else if (name == "num-distributed-optimizer-instances") {
      set_shard_group(document, launch);
    } else if (!says_nothing_more(name, launch)) {
      set_argument(document, launch, name);
    }
  }
  return document;
}

}  // namespace mfusim
