// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_arguments.hpp"

#include "base/document.hpp"
#include "base/nearest.hpp"
#include "base/number.hpp"
#include "study/megatron_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

namespace mfusim {
namespace {

using Given = std::map<std::string, std::string>;  // argument -> its value; empty: a flag

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\\') {
      if (!words.back().empty()) words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

/// `--name value`, `--name=value`, `--flag`; torchrun also takes `_` for `-`.
Given arguments_in(std::string_view text) {
  Given given;
  std::string name;
  for (const std::string& word : words_of(text)) {
    if (word.starts_with("--")) {
      const std::size_t equals = std::min(word.find('='), word.size());
      name = word.substr(2, equals - 2);
      std::replace(name.begin(), name.end(), '_', '-');
      given[name] = word.substr(std::min(equals + 1, word.size()));
    } else if (!name.empty() && given[name].empty() && !megatron_flags().contains(name)) {
      given[name] = word;
    }
  }
  return given;
}

[[noreturn]] void refuse(const std::string& source, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [argument, key] : megatron_value_keys()) known.push_back(argument);
  for (const auto& [argument, meaning] : megatron_flags()) known.push_back(argument);
  throw InputError(fmt::format("{}: --{}: not modelled{}", source, shown(name), suggestion(name, known)));
}

std::int64_t number_of(const Given& given, const std::string& source, const std::string& name, std::int64_t fallback) {
  const auto at = given.find(name);
  if (at == given.end()) return fallback;
  const std::optional<std::int64_t> number = parse_integer(at->second);
  if (!number || *number < 1)
    throw InputError(fmt::format("{}: --{}: expected a positive integer, got '{}'", source, name, shown(at->second)));
  return *number;
}

/// Megatron-LM counts layers a virtual stage; a scenario counts virtual stages.
void set_virtual_stages(Node& document, const Given& given, const std::string& source) {
  const std::string name = "num-layers-per-virtual-pipeline-stage";
  const std::int64_t layers = number_of(given, source, "num-layers", 1);
  const std::int64_t chunk = number_of(given, source, name, 1) * number_of(given, source, "pipeline-model-parallel-size", 1);
  if (layers % chunk != 0)
    throw InputError(fmt::format("{}: --{}: x pipeline ({}) does not divide --num-layers ({})", source, name, chunk, layers));
  set_value(document, "parallel.virtual_stages", fmt::format("{}", layers / chunk));
}

void set_argument(Node& document, const std::string& source, const std::string& name, const std::string& value) {
  if (const auto key = megatron_value_keys().find(name); key != megatron_value_keys().end()) {
    if (value.empty()) throw InputError(fmt::format("{}: --{}: expected a value", source, name));
    return set_value(document, key->second, value);
  }
  if (const std::optional<FlagMeaning> meaning = megatron_word(name, value))
    return set_value(document, meaning->key, meaning->value);
  const auto flag = megatron_flags().find(name);
  if (flag == megatron_flags().end()) refuse(source, name);
  set_value(document, flag->second.key, flag->second.value);
}

/// Layers of each chunk out of a layout such as 'Ettt|tttL'; other letters and multiplications are not understood.
void set_layout(Node& document, std::string layout, const Given& given, const std::string& source) {
  std::erase(layout, '\'');
  std::erase(layout, '"');
  if (layout.find_first_not_of("EtL|") != std::string::npos)
    throw InputError(
        fmt::format("{}: --pipeline-model-parallel-layout: expected E, t, L and | alone, got '{}'", source, shown(layout)));
  std::vector<std::int64_t> stages(1);
  for (const char letter : layout) {
    if (letter == '|') stages.push_back(0);
    if (letter == 't') ++stages.back();
  }
  const std::int64_t pipeline = number_of(given, source, "pipeline-model-parallel-size", 1);
  set_value(document, "parallel.virtual_stages", fmt::format("{}", std::max<std::int64_t>(1, std::ssize(stages) / pipeline)));
  set_value(document, "parallel.stages", fmt::format("[{}]", fmt::join(stages, ", ")));
}

/// Copies of the optimizer's shards over the ranks that the model's split leaves.
void set_shard_group(Node& document, const Given& given, const std::string& source) {
  const std::int64_t gpus = number_of(given, source, "nnodes", 1) * number_of(given, source, "nproc-per-node", 1);
  const std::int64_t of_a_model =
      number_of(given, source, "tensor-model-parallel-size", 1) * number_of(given, source, "pipeline-model-parallel-size", 1);
  const std::int64_t instances = number_of(given, source, "num-distributed-optimizer-instances", 1);
  if (gpus % (of_a_model * instances) != 0)
    throw InputError(
        fmt::format("{}: --num-distributed-optimizer-instances: {} x tensor x pipeline ({}) does not divide the GPUs ({})",
                    source, instances, of_a_model, gpus));
  set_value(document, "parallel.shard_group", fmt::format("{}", gpus / of_a_model / instances));
}

/// Both kinds of dropout are on or off together in a scenario.
void check_attention_dropout(const Given& given, const std::string& source) {
  const auto value = [&](const char* name) {
    const auto at = given.find(name);
    return at == given.end() ? std::optional<double>(0.1) : parse_number(at->second);  // Megatron-LM's default
  };
  const std::optional<double> attention = value("attention-dropout");
  const std::optional<double> hidden = value("hidden-dropout");
  if (!attention || !hidden || (*attention > 0) != (*hidden > 0))
    throw InputError(fmt::format("{}: --attention-dropout: must be on or off together with --hidden-dropout", source));
}

/// torchrun starts one process on one node where it is not told otherwise; without torchrun's arguments nobody knows.
void set_gpus(Node& document, const Given& given, const std::string& source) {
  if (!given.contains("nnodes") && !given.contains("nproc-per-node")) return;
  const std::int64_t gpus = number_of(given, source, "nnodes", 1) * number_of(given, source, "nproc-per-node", 1);
  set_value(document, "cluster.gpus", fmt::format("{}", gpus));
}

/// What Megatron-LM does where an argument is missing, and a scenario would do otherwise.
void set_defaults(Node& document, const Given& given, const std::string& source) {
  const bool interleaved =
      given.contains("num-layers-per-virtual-pipeline-stage") || given.contains("num-virtual-stages-per-pipeline-rank");
  for (const FlagMeaning& one : {FlagMeaning{"model.mlp", "gelu"},
                                 {"model.norm", "layer_norm"},
                                 {"model.positions", "learned"},
                                 {"model.bias", "true"},
                                 {"model.tied_embedding", "true"},
                                 {"model.dropout", "0.1"},
                                 {"training.optimizer", "adam"},
                                 {"techniques.tp_overlap", "false"},
                                 {"techniques.dp_overlap", "false"},
                                 {"techniques.pp_overlap", interleaved ? "true" : "false"}})
    set_value(document, one.key, one.value);
  if (given.count("bf16") + given.count("fp16") == 0) set_value(document, "training.precision", "fp32");
  if (!given.contains("swiglu") || given.contains("ffn-hidden-size")) return;
  constexpr std::int64_t multiple = 64;  // Megatron-LM keeps the size of 4 h with two matrices: 8 h / 3, in whole 64s
  const std::int64_t size = number_of(given, source, "hidden-size", 1) * 8 / 3 / multiple * multiple;
  set_value(document, "model.mlp_size", fmt::format("{}", size));
}

/// Passed over, or said by another argument.
bool says_nothing_more(const std::string& name, const Given& given) {
  const bool by_strategy = name == "use-distributed-optimizer" && given.contains("data-parallel-sharding-strategy");
  return by_strategy || name == "attention-dropout" || is_passed_over(name);
}

}  // namespace

Node read_megatron_arguments(std::string_view text, const std::string& source, const std::string& gpu,
                             const std::string& network) {
  const Given given = arguments_in(text);
  Node document;
  document.kind = Node::Kind::Mapping;
  set_value(document, "model.kind", "decoder");
  set_value(document, "cluster.gpu", gpu);
  set_gpus(document, given, source);
  if (!network.empty()) set_value(document, "cluster.network", network);
  check_attention_dropout(given, source);
  set_defaults(document, given, source);
  for (const auto& [name, value] : given) {
    if (name == "num-layers-per-virtual-pipeline-stage") {
      set_virtual_stages(document, given, source);
    } else if (name == "pipeline-model-parallel-layout") {
      set_layout(document, value, given, source);
    } else if (name == "num-distributed-optimizer-instances") {
      set_shard_group(document, given, source);
    } else if (!says_nothing_more(name, given)) {
      set_argument(document, source, name, value);
    }
  }
  return document;
}

}  // namespace mfusim
