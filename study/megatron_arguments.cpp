// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_arguments.hpp"

#include "base/document.hpp"
#include "base/nearest.hpp"
#include "base/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace mfusim {
namespace {

using Given = std::map<std::string, std::string>;  // argument -> its value; empty: a flag

/// Arguments with one value and the key that takes it as it is.
const std::map<std::string, std::string, std::less<>>& value_keys() {
  static const std::map<std::string, std::string, std::less<>> keys{{"num-layers", "model.layers"},
                                                                    {"hidden-size", "model.hidden_size"},
                                                                    {"ffn-hidden-size", "model.mlp_size"},
                                                                    {"num-attention-heads", "model.heads"},
                                                                    {"num-query-groups", "model.kv_heads"},
                                                                    {"vocab-size", "model.vocabulary"},
                                                                    {"seq-length", "training.sequence_length"},
                                                                    {"micro-batch-size", "training.micro_batch"},
                                                                    {"global-batch-size", "training.global_batch"},
                                                                    {"optimizer", "training.optimizer"},
                                                                    {"tensor-model-parallel-size", "parallel.tensor"},
                                                                    {"pipeline-model-parallel-size", "parallel.pipeline"},
                                                                    {"context-parallel-size", "parallel.context"},
                                                                    {"recompute-granularity", "parallel.recompute"},
                                                                    {"nproc-per-node", "cluster.gpus_per_node"}};
  return keys;
}

struct FlagMeaning {
  const char* key;
  const char* value;
};

const std::map<std::string, FlagMeaning, std::less<>>& flag_meanings() {
  static const std::map<std::string, FlagMeaning, std::less<>> meanings{
      {"bf16", {"training.precision", "bf16"}},
      {"fp16", {"training.precision", "fp16"}},
      {"sequence-parallel", {"parallel.sequence", "true"}},
      {"use-distributed-optimizer", {"parallel.zero", "1"}},
      {"overlap-grad-reduce", {"techniques.dp_overlap", "true"}},
      {"tp-comm-overlap", {"techniques.tp_overlap", "true"}},
      {"no-overlap-p2p-communication", {"techniques.pp_overlap", "false"}},
      {"use-flash-attn", {"techniques.flash_attention", "2"}},
      {"disable-bias-linear", {"model.bias", "false"}},
      {"untie-embeddings-and-output-weights", {"model.tied_embedding", "false"}},
      {"use-rotary-position-embeddings", {"model.positions", "rotary"}},
      {"swiglu", {"model.mlp", "swiglu"}}};
  return meanings;
}

/// What changes no step, and what another argument says already.
constexpr std::array<const char*, 40> passed_over{"nnodes",
                                                  "node-rank",
                                                  "master-addr",
                                                  "master-port",
                                                  "rdzv-endpoint",
                                                  "rdzv-backend",
                                                  "rdzv-id",
                                                  "kv-channels",
                                                  "train-iters",
                                                  "train-samples",
                                                  "lr",
                                                  "min-lr",
                                                  "lr-decay-style",
                                                  "lr-decay-iters",
                                                  "lr-warmup-fraction",
                                                  "lr-warmup-iters",
                                                  "lr-warmup-samples",
                                                  "lr-decay-samples",
                                                  "weight-decay",
                                                  "clip-grad",
                                                  "adam-beta1",
                                                  "adam-beta2",
                                                  "init-method-std",
                                                  "log-interval",
                                                  "save-interval",
                                                  "eval-interval",
                                                  "eval-iters",
                                                  "save",
                                                  "load",
                                                  "data-path",
                                                  "vocab-file",
                                                  "merge-file",
                                                  "tokenizer-type",
                                                  "tokenizer-model",
                                                  "split",
                                                  "seed",
                                                  "tensorboard-dir",
                                                  "num-workers",
                                                  "max-position-embeddings",
                                                  "distributed-backend"};
constexpr std::array<const char*, 6> passed_over_flags{"group-query-attention", "overlap-param-gather", "recompute-num-layers",
                                                       "recompute-method",      "use-mcore-models",     "log-throughput"};

bool is_passed_over(const std::string& name) {
  const auto is_it = [&](const char* known) { return name == known; };
  return std::any_of(passed_over.begin(), passed_over.end(), is_it) ||
         std::any_of(passed_over_flags.begin(), passed_over_flags.end(), is_it);
}

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
    } else if (!name.empty() && given[name].empty() && !flag_meanings().contains(name)) {
      given[name] = word;
    }
  }
  return given;
}

/// Values that have other names in a scenario.
std::optional<FlagMeaning> worded(const std::string& name, const std::string& value) {
  if (name == "normalization" && value == "RMSNorm") return FlagMeaning{"model.norm", "rms_norm"};
  if (name == "normalization" && value == "LayerNorm") return FlagMeaning{"model.norm", "layer_norm"};
  if (name == "position-embedding-type" && value == "rope") return FlagMeaning{"model.positions", "rotary"};
  if (name == "position-embedding-type" && value == "learned_absolute") return FlagMeaning{"model.positions", "learned"};
  return std::nullopt;
}

[[noreturn]] void refuse(const std::string& source, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [argument, key] : value_keys()) known.push_back(argument);
  for (const auto& [argument, meaning] : flag_meanings()) known.push_back(argument);
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
  if (const auto key = value_keys().find(name); key != value_keys().end()) {
    if (value.empty()) throw InputError(fmt::format("{}: --{}: expected a value", source, name));
    return set_value(document, key->second, value);
  }
  if (const std::optional<FlagMeaning> meaning = worded(name, value)) return set_value(document, meaning->key, meaning->value);
  const auto flag = flag_meanings().find(name);
  if (flag == flag_meanings().end()) refuse(source, name);
  set_value(document, flag->second.key, flag->second.value);
}

}  // namespace

Node read_megatron_arguments(std::string_view text, const std::string& source, const std::string& gpu,
                             const std::string& network) {
  const Given given = arguments_in(text);
  Node document;
  document.kind = Node::Kind::Mapping;
  set_value(document, "model.kind", "decoder");
  set_value(document, "cluster.gpu", gpu);
  set_value(document, "cluster.gpus",
            fmt::format("{}", number_of(given, source, "nnodes", 1) * number_of(given, source, "nproc-per-node", 8)));
  if (!network.empty()) set_value(document, "cluster.network", network);
  if (given.count("bf16") + given.count("fp16") == 0) set_value(document, "training.precision", "fp32");
  for (const char* off_unless_given : {"techniques.tp_overlap", "techniques.dp_overlap"})
    set_value(document, off_unless_given, "false");
  for (const auto& [name, value] : given) {
    if (name == "num-layers-per-virtual-pipeline-stage") {
      set_virtual_stages(document, given, source);
    } else if (!is_passed_over(name)) {
      set_argument(document, source, name, value);
    }
  }
  return document;
}

}  // namespace mfusim
