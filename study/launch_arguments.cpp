// SPDX-License-Identifier: Apache-2.0
#include "study/launch_arguments.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Flags and values in order.
class Arguments {
 public:
  void flag(const char* name) { all_.emplace_back(name); }
  void flag_if(bool wanted, const char* name) {
    if (wanted) flag(name);
  }
  template <class T>
  void value(const char* name, const T& value) {
    all_.push_back(fmt::format("{} {}", name, value));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

void add_torchrun(const Cluster& cluster, Arguments& arguments) {
  arguments.flag("torchrun");
  arguments.value("--nnodes", cluster.gpus / cluster.gpus_per_node);
  arguments.value("--nproc-per-node", cluster.gpus_per_node);
}

void add_megatron_model(const Scenario& scenario, Arguments& arguments) {
  const DecoderSpec<Count>& model = *scenario.model.decoder;
  const BlockSpec<Count>& block = model.block;
  arguments.value("--num-layers", block.layers.value());
  arguments.value("--hidden-size", block.hidden_size.value());
  arguments.value("--ffn-hidden-size", block.mlp_size.value());
  arguments.value("--num-attention-heads", block.heads.value());
  if (block.head_dim * block.heads != block.hidden_size) arguments.value("--kv-channels", block.head_dim.value());
  if (block.kv_heads != block.heads) {
    arguments.flag("--group-query-attention");
    arguments.value("--num-query-groups", block.kv_heads.value());
  }
  arguments.value("--seq-length", scenario.training.sequence_length.value_or(1));
  arguments.value("--max-position-embeddings", scenario.training.sequence_length.value_or(1));
  arguments.value("--vocab-size", model.vocabulary.value());
  arguments.flag_if(block.style.norm == NormKind::RmsNorm, "--normalization RMSNorm");
  arguments.flag_if(block.style.activation == ActivationKind::SwiGlu, "--swiglu");
  arguments.flag_if(block.style.position == AttentionPosition::Rotary, "--position-embedding-type rope");
  arguments.flag_if(!block.style.mlp_bias, "--disable-bias-linear");
  arguments.flag_if(!model.style.tied_embedding, "--untie-embeddings-and-output-weights");
}

void add_megatron_recompute(Recompute recompute, Arguments& arguments) {
  switch (recompute) {
    case Recompute::None:
      return;
    case Recompute::Selective:
      return arguments.flag("--recompute-granularity selective");
    case Recompute::Full:
      arguments.flag("--recompute-granularity full");
      return arguments.flag("--recompute-method uniform --recompute-num-layers 1");
  }
}

void add_megatron_plan(const Scenario& scenario, Arguments& arguments) {
  const ParallelPlan& plan = scenario.parallel;
  const Techniques& techniques = scenario.techniques;
  if (plan.pipeline > 1 && plan.schedule == PipelineSchedule::GPipe)
    throw InputError("--launch: Megatron-LM has no GPipe schedule (parallel.schedule: gpipe)");
  arguments.value("--tensor-model-parallel-size", plan.tensor);
  arguments.value("--pipeline-model-parallel-size", plan.pipeline);
  if (plan.virtual_stages > 1) {
    const std::int64_t layers = scenario.model.decoder->block.layers.value();
    arguments.value("--num-layers-per-virtual-pipeline-stage", layers / (std::int64_t{plan.pipeline} * plan.virtual_stages));
  }
  arguments.value("--micro-batch-size", scenario.training.micro_batch);
  arguments.value("--global-batch-size", scenario.training.global_batch);
  arguments.flag_if(plan.sequence, "--sequence-parallel");
  arguments.flag_if(plan.zero >= 1, "--use-distributed-optimizer");
  arguments.flag_if(techniques.dp_overlap, "--overlap-grad-reduce");
  arguments.flag_if(techniques.dp_overlap && plan.zero >= 1, "--overlap-param-gather");
  arguments.flag_if(techniques.tp_overlap && plan.tensor > 1, "--tp-comm-overlap");
  arguments.flag_if(plan.virtual_stages > 1 && !techniques.pp_overlap, "--no-overlap-p2p-communication");
  add_megatron_recompute(plan.recompute, arguments);
}

void add_precision(const Training& training, Arguments& arguments) {
  switch (training.precision) {
    case DataType::Bf16:
      return arguments.flag("--bf16");
    case DataType::Fp16:
      return arguments.flag("--fp16");
    default:
      return;  // single precision is what Megatron-LM does without a flag
  }
}

std::vector<std::string> megatron_arguments(const Scenario& scenario) {
  const Optimizer optimizer = scenario.training.optimizer;
  if (optimizer == Optimizer::Lamb) throw InputError("--launch: Megatron-LM has no LAMB optimizer (training.optimizer: lamb)");
  Arguments arguments;
  add_torchrun(scenario.cluster, arguments);
  arguments.flag("pretrain_gpt.py");
  add_megatron_model(scenario, arguments);
  add_megatron_plan(scenario, arguments);
  add_precision(scenario.training, arguments);
  arguments.flag_if(optimizer == Optimizer::Sgd, "--optimizer sgd");
  arguments.flag_if(scenario.techniques.attention != AttentionKernel::Unfused, "--use-flash-attn");
  return arguments.take();
}

std::vector<std::string> open_clip_arguments(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.tensor > 1 || plan.pipeline > 1 || plan.zero > 0)
    throw InputError("--launch: open_clip trains with data parallelism alone (tensor 1, pipeline 1, zero 0)");
  if (plan.recompute == Recompute::Selective) throw InputError("--launch: open_clip has no selective recomputation");
  Arguments arguments;
  add_torchrun(scenario.cluster, arguments);
  arguments.flag("-m open_clip_train.main");
  arguments.value("--model", scenario.model.name);
  arguments.value("--batch-size", scenario.training.global_batch / plan.data);
  if (scenario.training.image_size) arguments.value("--force-image-size", *scenario.training.image_size);
  arguments.value("--precision", scenario.training.precision == DataType::Fp32   ? "fp32"
                                 : scenario.training.precision == DataType::Fp16 ? "amp"
                                                                                 : "amp_bf16");
  arguments.flag_if(plan.recompute == Recompute::Full, "--grad-checkpointing");
  arguments.flag("--local-loss --gather-with-grad");
  return arguments.take();
}

}  // namespace

std::vector<std::string> launch_arguments(const Scenario& scenario) {
  if (scenario.model.decoder) return megatron_arguments(scenario);
  if (is_contrastive(scenario.model)) return open_clip_arguments(scenario);
  throw InputError("--launch: neither a language model nor one with two towers");
}

}  // namespace mfusim
