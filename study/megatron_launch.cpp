// SPDX-License-Identifier: Apache-2.0
// Source of the names: NVIDIA/Megatron-LM, megatron/training/arguments.py.
#include "study/command_arguments.hpp"

namespace mfusim {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw InputError(fmt::format("Megatron-LM has no argument for {}", what));
}

void add_sizes(const Scenario& scenario, CommandArguments& arguments) {
  const BlockSpec<Count>& block = scenario.model.decoder->block;
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
  arguments.value("--vocab-size", scenario.model.decoder->vocabulary.value());
}

void add_activation(ActivationKind activation, CommandArguments& arguments) {
  switch (activation) {
    case ActivationKind::Gelu:
      return;
    case ActivationKind::SwiGlu:
      return arguments.flag("--swiglu");
    case ActivationKind::SquaredRelu:
      return arguments.flag("--squared-relu");
    default:
      refuse("this activation (model.mlp): gelu, swiglu and squared_relu alone");
  }
}

void add_position(const DecoderSpec<Count>& model, CommandArguments& arguments) {
  switch (model.block.style.position) {
    case AttentionPosition::Rotary:
      arguments.flag("--position-embedding-type rope");
      if (const Count rotated = model.block.position_size; rotated != 0)
        arguments.value("--rotary-percent", rotated.as_double() / model.block.head_dim.as_double());
      return;
    case AttentionPosition::None:
      return arguments.flag_if(model.style.position == TablePosition::None, "--position-embedding-type none");
    default:
      refuse("these positions (model.positions)");
  }
}

void add_norms(const BlockStyle& style, CommandArguments& arguments) {
  if (style.placement != NormPlacement::Pre) refuse("norms behind attention and MLP");
  if (style.norm == NormKind::LayerNorm && !style.norm_shift) refuse("layer norms without a shift");
  if (style.query_key_norm == QueryKeyNorm::AllHeads) refuse("norms over all heads of queries and keys");
  arguments.flag_if(style.norm == NormKind::RmsNorm, "--normalization RMSNorm");
  arguments.flag_if(style.query_key_norm == QueryKeyNorm::EachHead, "--qk-layernorm");
}

void add_style(const Scenario& scenario, CommandArguments& arguments) {
  const DecoderSpec<Count>& model = *scenario.model.decoder;
  const BlockStyle& style = model.block.style;
  if (style.parallel_block || scenario.techniques.parallel_block) refuse("parallel attention and MLP (parallel_block)");
  if (model.block.window || scenario.techniques.sliding_window) refuse("this sliding window that is certain to mean the same");
  if (model.style.embedding_norm) refuse("a norm behind the embedding (model.embedding_norm)");
  if (style.mlp_bias && !style.query_bias) refuse("biases everywhere but in the attention's inputs (model.qkv_bias: false)");
  add_activation(style.activation, arguments);
  add_position(model, arguments);
  add_norms(style, arguments);
  arguments.flag_if(!style.mlp_bias, "--disable-bias-linear");
  arguments.flag_if(!style.mlp_bias && style.query_bias, "--add-qkv-bias");
  arguments.flag_if(!style.attention_dropout, "--attention-dropout 0");
  arguments.flag_if(!style.hidden_dropout, "--hidden-dropout 0");
  arguments.flag_if(!model.style.tied_embedding, "--untie-embeddings-and-output-weights");
}

/// E, t and L stand for the embedding, a layer and the loss; a bar ends a stage.
std::string layout_of(const std::vector<std::int64_t>& chunk_layers) {
  std::string layout = "E";
  for (std::size_t chunk = 0; chunk < chunk_layers.size(); ++chunk)
    layout += (chunk == 0 ? "" : "|") + std::string(static_cast<std::size_t>(chunk_layers[chunk]), 't');
  return "'" + layout + "L'";  // in quotes: the bar is a pipe for a shell
}

void add_stages(const Scenario& scenario, CommandArguments& arguments) {
  const ParallelPlan& plan = scenario.parallel;
  const PipelineSchedule schedule = plan.schedule;
  if (plan.pipeline > 1 && schedule != PipelineSchedule::OneForwardOneBackward && schedule != PipelineSchedule::Interleaved)
    refuse("other schedules than 1F1B and interleaved 1F1B (parallel.schedule): GPipe, zero-bubble");
  arguments.value("--pipeline-model-parallel-size", plan.pipeline);
  if (!plan.chunk_layers.empty()) {
    arguments.value("--pipeline-model-parallel-layout", layout_of(plan.chunk_layers));
  } else if (plan.virtual_stages > 1) {
    const std::int64_t layers = scenario.model.decoder->block.layers.value();
    arguments.value("--num-layers-per-virtual-pipeline-stage", layers / (std::int64_t{plan.pipeline} * plan.virtual_stages));
  }
  if (plan.pipeline > 1 && plan.virtual_stages == 1 && scenario.techniques.pp_overlap)
    refuse("transfers that overlap in a pipeline without interleaving (techniques.pp_overlap: true)");
  if (plan.virtual_stages == 1 || scenario.techniques.pp_overlap) return;
  if (plan.pipeline == 2) refuse("interleaving over two stages without overlap (techniques.pp_overlap: false)");
  arguments.flag("--no-overlap-p2p-communication");
}

void add_recompute(const ParallelPlan& plan, CommandArguments& arguments) {
  switch (plan.recompute) {
    case Recompute::None:
      return;
    case Recompute::Selective:
      return arguments.flag("--recompute-granularity selective");
    case Recompute::Full:
      arguments.flag("--recompute-granularity full");
      arguments.value("--recompute-method", to_string(plan.recompute_method));
      return arguments.value("--recompute-num-layers", plan.recompute_layers);
  }
}

void add_context(const ParallelPlan& plan, CommandArguments& arguments) {
  if (plan.context == 1) return;
  arguments.value("--context-parallel-size", plan.context);
  switch (plan.context_exchange) {
    case ContextExchange::Ring:
      return arguments.flag("--cp-comm-type p2p");
    case ContextExchange::AllToAll:
      return arguments.flag("--cp-comm-type a2a");
    case ContextExchange::AllGather:
      return arguments.flag("--cp-comm-type allgather");
  }
}

/// ZeRO-1 is the distributed optimizer, ZeRO-2 and 3 are Megatron's own FSDP.
void add_sharding(const Scenario& scenario, CommandArguments& arguments) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.zero == 0) return;
  arguments.flag("--use-distributed-optimizer");
  if (plan.zero > 1) {
    arguments.flag("--use-megatron-fsdp");
    arguments.value("--data-parallel-sharding-strategy", plan.zero == 2 ? "optim_grads" : "optim_grads_params");
    arguments.flag("--ckpt-format fsdp_dtensor");
  }
  const int ranks = plan.data * plan.context;
  if (plan.shard_group < ranks) arguments.value("--num-distributed-optimizer-instances", ranks / plan.shard_group);
  arguments.flag_if(scenario.techniques.dp_overlap, "--overlap-param-gather");
}

void add_plan(const Scenario& scenario, CommandArguments& arguments) {
  const ParallelPlan& plan = scenario.parallel;
  const Techniques& techniques = scenario.techniques;
  arguments.value("--tensor-model-parallel-size", plan.tensor);
  arguments.flag_if(plan.sequence, "--sequence-parallel");
  add_stages(scenario, arguments);
  add_context(plan, arguments);
  arguments.flag_if(plan.rank_order == RankOrder::PipelineBeforeData, "--use-tp-pp-dp-mapping");
  arguments.value("--micro-batch-size", scenario.training.micro_batch);
  arguments.value("--global-batch-size", scenario.training.global_batch);
  arguments.flag_if(techniques.dp_overlap, "--overlap-grad-reduce");
  add_sharding(scenario, arguments);
  arguments.flag_if(techniques.tp_overlap && plan.tensor > 1, "--tp-comm-overlap");
  add_recompute(plan, arguments);
}

void add_precision(const Training& training, CommandArguments& arguments) {
  arguments.flag_if(training.precision == DataType::Bf16, "--bf16");  // fp32 is what Megatron-LM does without a flag
  arguments.flag_if(training.precision == DataType::Fp16, "--fp16");
  if (training.optimizer == Optimizer::Lamb) refuse("the LAMB optimizer (training.optimizer: lamb)");
  arguments.flag_if(training.optimizer == Optimizer::Sgd, "--optimizer sgd");
}

const char* attention_backend(const Techniques& techniques) {
  if (techniques.attention_by_gpu) return "--attention-backend auto";
  switch (techniques.attention) {
    case AttentionKernel::Unfused:
      return "--attention-backend unfused";
    case AttentionKernel::Flash3:
      return "--attention-backend fused";  // cuDNN's
    case AttentionKernel::Flash1:
    case AttentionKernel::Flash2:
      break;
  }
  return "--attention-backend flash";
}

}  // namespace

std::vector<std::string> megatron_launch(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.recompute == Recompute::Selective && scenario.stack.selective_recompute != SelectiveRecompute::Attention)
    refuse("recomputation of every second matrix multiply (stack_settings.selective_recompute)");
  CommandArguments arguments;
  // Megatron-LM insists on it before Blackwell, and refuses it with FSDP
  arguments.flag_if((plan.tensor > 1 || plan.context > 1) && plan.zero < 2, "CUDA_DEVICE_MAX_CONNECTIONS=1");
  add_torchrun(scenario.cluster, arguments);
  arguments.flag("pretrain_gpt.py");
  add_sizes(scenario, arguments);
  add_style(scenario, arguments);
  add_plan(scenario, arguments);
  add_precision(scenario.training, arguments);
  arguments.flag(attention_backend(scenario.techniques));
  return arguments.take();
}

}  // namespace mfusim
