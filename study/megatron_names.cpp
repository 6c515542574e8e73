// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_names.hpp"

#include <algorithm>
#include <array>

namespace mfusim {

const std::map<std::string, std::string, std::less<>>& megatron_value_keys() {
  static const std::map<std::string, std::string, std::less<>> keys{
      {"num-layers", "model.layers"},
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
      {"num-virtual-stages-per-pipeline-rank", "parallel.virtual_stages"},
      {"decoder-first-pipeline-num-layers", "parallel.first_stage_layers"},
      {"decoder-last-pipeline-num-layers", "parallel.last_stage_layers"},
      {"recompute-method", "parallel.recompute_method"},
      {"recompute-num-layers", "parallel.recompute_layers"},
      {"kv-channels", "model.head_dim"},
      {"hidden-dropout", "model.dropout"},
      {"recompute-granularity", "parallel.recompute"},
      {"nproc-per-node", "cluster.gpus_per_node"}};
  return keys;
}

const std::map<std::string, FlagMeaning, std::less<>>& megatron_flags() {
  static const std::map<std::string, FlagMeaning, std::less<>> meanings{
      {"bf16", {"training.precision", "bf16"}},
      {"fp16", {"training.precision", "fp16"}},
      {"sequence-parallel", {"parallel.sequence", "true"}},
      {"use-distributed-optimizer", {"parallel.zero", "1"}},
      {"overlap-grad-reduce", {"techniques.dp_overlap", "true"}},
      {"tp-comm-overlap", {"techniques.tp_overlap", "true"}},
      {"use-tp-pp-dp-mapping", {"parallel.rank_order", "tp-cp-pp-dp"}},
      {"no-overlap-p2p-communication", {"techniques.pp_overlap", "false"}},
      {"use-flash-attn", {"techniques.flash_attention", "2"}},
      {"disable-bias-linear", {"model.bias", "false"}},
      {"untie-embeddings-and-output-weights", {"model.tied_embedding", "false"}},
      {"use-rotary-position-embeddings", {"model.positions", "rotary"}},
      {"add-qkv-bias", {"model.qkv_bias", "true"}},
      {"recompute-activations", {"parallel.recompute", "selective"}},
      {"account-for-embedding-in-pipeline-split", {"parallel.account_for_embedding", "true"}},
      {"account-for-loss-in-pipeline-split", {"parallel.account_for_loss", "true"}},
      {"squared-relu", {"model.mlp", "squared_relu"}},
      {"swiglu", {"model.mlp", "swiglu"}}};
  return meanings;
}

namespace {

constexpr std::array<const char*, 95> disregarded{"nnodes",
                                                  "node-rank",
                                                  "master-addr",
                                                  "master-port",
                                                  "rdzv-endpoint",
                                                  "rdzv-backend",
                                                  "rdzv-id",
                                                  "rdzv-conf",
                                                  "standalone",
                                                  "max-restarts",
                                                  "log-dir",
                                                  "tee",
                                                  "redirects",
                                                  "train-iters",
                                                  "train-samples",
                                                  "lr",
                                                  "min-lr",
                                                  "lr-decay-style",
                                                  "lr-decay-iters",
                                                  "lr-decay-samples",
                                                  "lr-warmup-fraction",
                                                  "lr-warmup-iters",
                                                  "lr-warmup-samples",
                                                  "lr-warmup-init",
                                                  "weight-decay",
                                                  "clip-grad",
                                                  "adam-beta1",
                                                  "adam-beta2",
                                                  "adam-eps",
                                                  "init-method-std",
                                                  "log-interval",
                                                  "log-throughput",
                                                  "log-progress",
                                                  "timing-log-level",
                                                  "save-interval",
                                                  "eval-interval",
                                                  "eval-iters",
                                                  "save",
                                                  "load",
                                                  "data-path",
                                                  "data-cache-path",
                                                  "mock-data",
                                                  "split",
                                                  "vocab-file",
                                                  "merge-file",
                                                  "tokenizer-type",
                                                  "tokenizer-model",
                                                  "seed",
                                                  "tensorboard-dir",
                                                  "wandb-project",
                                                  "wandb-exp-name",
                                                  "wandb-save-dir",
                                                  "num-workers",
                                                  "max-position-embeddings",
                                                  "make-vocab-size-divisible-by",
                                                  "norm-epsilon",
                                                  "rotary-base",
                                                  "distributed-backend",
                                                  "distributed-timeout-minutes",
                                                  "loss-scale",
                                                  "initial-loss-scale",
                                                  "exit-interval",
                                                  "exit-duration-in-mins",
                                                  "ckpt-format",
                                                  "no-load-optim",
                                                  "no-load-rng",
                                                  "use-mcore-models",
                                                  "group-query-attention",
                                                  "overlap-param-gather",
                                                  "use-megatron-fsdp",
                                                  "log-timers-to-tensorboard",
                                                  "log-validation-ppl-to-tensorboard",
                                                  "log-memory-to-tensorboard",
                                                  "tensorboard-log-interval",
                                                  "tensorboard-queue-size",
                                                  "use-checkpoint-args",
                                                  "auto-detect-ckpt-format",
                                                  "use-dist-ckpt",
                                                  "dist-ckpt-format",
                                                  "async-save",
                                                  "no-save-optim",
                                                  "no-save-rng",
                                                  "override-opt-param-scheduler",
                                                  "exit-signal-handler",
                                                  "train-data-path",
                                                  "valid-data-path",
                                                  "test-data-path",
                                                  "num-dataset-builder-threads",
                                                  "no-mmap-bin-files",
                                                  "min-loss-scale",
                                                  "loss-scale-window",
                                                  "hysteresis",
                                                  "start-weight-decay",
                                                  "end-weight-decay",
                                                  "weight-decay-incr-style"};

}  // namespace

bool is_passed_over(std::string_view name) {
  const auto is_it = [&](const char* known) { return name == known; };
  return std::any_of(disregarded.begin(), disregarded.end(), is_it);
}

namespace {

struct WordMeaning {
  const char* argument;
  const char* word;
  FlagMeaning meaning;
};

const auto& word_meanings() {
  static constexpr std::array<WordMeaning, 16> words{
      {{"normalization", "RMSNorm", {"model.norm", "rms_norm"}},
       {"normalization", "LayerNorm", {"model.norm", "layer_norm"}},
       {"position-embedding-type", "rope", {"model.positions", "rotary"}},
       {"position-embedding-type", "learned_absolute", {"model.positions", "learned"}},
       {"position-embedding-type", "none", {"model.positions", "none"}},
       {"attention-backend", "flash", {"techniques.flash_attention", "2"}},
       {"attention-backend", "unfused", {"techniques.flash_attention", "false"}},
       {"attention-backend", "auto", {"techniques.flash_attention", "transformer-engine"}},
       {"attention-backend", "fused", {"techniques.flash_attention", "transformer-engine"}},
       {"data-parallel-sharding-strategy", "no_shard", {"parallel.zero", "0"}},
       {"data-parallel-sharding-strategy", "optim_grads", {"parallel.zero", "2"}},
       {"data-parallel-sharding-strategy", "optim_grads_params", {"parallel.zero", "3"}},
       {"cp-comm-type", "p2p", {"parallel.context_exchange", "ring"}},
       {"cp-comm-type", "a2a", {"parallel.context_exchange", "all-to-all"}},
       {"cp-comm-type", "allgather", {"parallel.context_exchange", "all-gather"}},
       {"cp-comm-type", "all_gather", {"parallel.context_exchange", "all-gather"}}}};
  return words;
}

}  // namespace

std::vector<std::string> megatron_words(std::string_view name) {
  std::vector<std::string> words;
  for (const WordMeaning& one : word_meanings()) {
    if (name == one.argument) words.emplace_back(one.word);
  }
  return words;
}

bool is_computed(std::string_view name) {
  return name == "num-layers-per-virtual-pipeline-stage" || name == "pipeline-model-parallel-layout" ||
         name == "num-distributed-optimizer-instances" || name == "attention-dropout";
}

std::optional<FlagMeaning> megatron_word(const std::string& name, const std::string& value) {
  for (const WordMeaning& one : word_meanings()) {
    if (name == one.argument && value == one.word) return one.meaning;
  }
  return std::nullopt;
}

}  // namespace mfusim
