// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "base/reader.hpp"
#include "hardware/gpu.hpp"
#include "hardware/kernel.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// The eight techniques of MegaScale (arXiv:2402.15627) and what else a scenario may switch: each is a mechanism of the
/// task graph or of the kernels, never a factor on the result.
struct Techniques {
  bool parallel_block = false;                 ///< Attention and MLP side by side from one norm.
  std::optional<std::int64_t> sliding_window;  ///< Keys that a query sees.
  bool tp_overlap = false;                     ///< Tensor-parallel collectives in chunks under their GEMM.
  bool pp_overlap = false;                     ///< Sends and receives under compute.
  bool dp_overlap = false;                     ///< Gradient reduction under backward, weight gathers under forward.
  AttentionKernel attention = AttentionKernel::Flash2;
  bool attention_by_gpu = false;  ///< Transformer Engine chooses the kernel: choose_attention() has the last word.
  bool fused_operators = true;    ///< Fused norm, activation and dropout kernels.
  bool async_data = true;         ///< The next batch is loaded under this step.
  bool shared_loader = true;      ///< One loader a node feeds all ranks of a tensor group.
  bool operator==(const Techniques&) const = default;
};

/// Eager: the host launches kernel after kernel and may be the bottleneck. Graph: launches are never in the way.
enum class LaunchMode { Eager, Graph };

/// Autocast: fp32 parameters, cast to 16 bit before use (PyTorch AMP). MasterCopy: 16-bit weights with an fp32 master
/// copy in the optimizer (Megatron-LM, DeepSpeed). ShardedCast: fp32 shards, cast to 16 bit before they are gathered (PyTorch
/// FSDP with mixed precision).
enum class WeightState { Autocast, MasterCopy, ShardedCast };

/// Type in which gradients are kept and reduced. Fp32WithBf16: as the weights in fp16 (whose loss is scaled), fp32 in bf16.
enum class GradientState { Fp32, Precision, Fp32WithBf16 };

/// How the optimizer's arithmetic runs (sim/update_traffic.hpp): one kernel for all of it, a kernel an arithmetic step over all
/// tensors, or a kernel an arithmetic step and tensor.
enum class OptimizerKernels { Fused, Foreach, Loop };

/// What else is done to gradients between backward pass and optimizer: nothing, copies into the buckets of the reduction and
/// back, or these and sums into gradients that were set to zero before the pass.
enum class GradientCopies { None, Buckets, BucketsAndSums };

/// How a weight gradient is added to the sum over the micro-batches. Fused: inside its matrix multiply. Separate: by a kernel of
/// its own. Converted: by one that converts it to the sum's type, where that is wider, and one that adds. AfterFirst: as
/// PyTorch's autograd does it, in the gradient's own type, and the first micro-batch's gradient becomes the sum.
enum class WeightGradientSum { Fused, Separate, Converted, AfterFirst };

/// Which phases of the pipeline schedule `techniques.pp_overlap` reaches: all, or not warm-up and flush.
enum class PipelineOverlap { AllPhases, SteadyPhase };

/// How a pipeline stage exchanges with one neighbour in the steady phase. AtOnce: it sends and receives at the same time
/// (Megatron-LM's batched calls). InTurn: one transfer after the other.
enum class PipelineExchange { AtOnce, InTurn };

/// What ZeRO-1 does with gradients: each rank's share is summed on that rank, or all of them on all ranks as without sharding
/// (DeepSpeed's bf16 optimizer, unlike its fp16 one; InternEvo).
enum class ShardedReduction { ToOwners, Whole, WholeWithBf16 };

/// What `parallel.recompute: selective` runs again: the core of attention (Megatron-LM), or all but the outputs of attention and
/// of every other matrix multiply (TorchTitan; sim/selective_recompute.hpp).
enum class SelectiveRecompute { Attention, EverySecondProduct };

/// Operators that a stack runs as the framework's own kernels, one an arithmetic step, also where its other operators are
/// fused (Megatron-LM of 2023 fuses LayerNorm and GELU, not what Llama uses in their place).
struct EagerOperators {
  bool rms_norm = false;
  bool rotary = false;
  bool gated_activation = false;
  bool separate_gates = false;  ///< Where gated activations are eager: gate and values are two products, not one's halves.
  /// Input converted to fp32 by a kernel of its own, and all of it again in the backward pass.
  bool repeated_fp32_norms = false;
  bool operator==(const EagerOperators&) const = default;
};

/// Bytes that the cross entropy over the vocabulary, and what else looks at the logits, moves for each logit of 16 bit. By
/// default what Megatron-LM's vocab-parallel cross entropy moves over an fp32 copy, operation by operation: convert (2 + 4),
/// maximum (4), subtract (8), exponential (8), sum (4), divide (8); backward: scale (8), convert (6). Its fused form of 2024
/// (cross_entropy_loss_fusion) moves hardly less: compiled in-place steps whose results are also summed or indexed are written
/// apart and copied back (megatron/core/fusions/fused_cross_entropy.py says so).
struct LogitsTraffic {
  Bytes forward{38};
  Bytes backward{14};
  bool operator==(const LogitsTraffic&) const = default;
};

/// Where gradients stand while they are reduced. InPlace: in their own contiguous buffer (Megatron-LM). Copy: all of them once
/// more in the buckets (PyTorch DDP without gradient_as_bucket_view). Buckets: in one bucket, or two in turn where they are
/// reduced under backward (DeepSpeed).
enum class ReductionBuffers { InPlace, Copy, Buckets };

/// Which collectives' tensors PyTorch's allocator holds back until they have run (sim/collective_memory.hpp): none (the variable
/// TORCH_NCCL_AVOID_RECORD_STREAMS, or communication that is not PyTorch's), of gathers and reduce-scatters the asynchronous ones
/// alone (since PyTorch 2.2), all.
enum class RecordedCollectives { None, Asynchronous, All };

/// A software stack: which numbers its state is kept in, how it launches, what it overlaps. Constants belong to a
/// stack, never to a case; each catalog file (sim/stacks/*.yaml) states its sources.
struct Stack {
  std::string name;
  WeightState weights = WeightState::MasterCopy;
  GradientState gradients = GradientState::Fp32;
  std::optional<GradientState> reduction;  ///< Type in which they are sent; none: as they are kept.
  ReductionBuffers reduction_buffers = ReductionBuffers::InPlace;
  bool copies_units = false;  ///< Gathered units are copied out, gradients copied in (FSDP2's per-parameter shards).
  bool flat_units = false;  ///< A unit's parameters are one flat one (FSDP1): gradients are joined, converted and divided for it.
  LaunchMode launch = LaunchMode::Graph;
  bool async_tensor_backward = true;   ///< Input-gradient collective under the weight-gradient GEMM.
  Bytes gradient_bucket{25e6};         ///< Gradients are reduced in buckets of this size.
  Seconds point_to_point_host_cost{};  ///< Host time of one blocking pipeline exchange.
  int tp_overlap_chunks = 4;           ///< Pieces of an overlapped collective and its GEMM.
  Seconds step_host_cost{};            ///< Host work a step that nothing overlaps.
  Bytes framework_memory{};            ///< CUDA context and what libraries hold outside the allocator.
  double fragmentation = 0;            ///< Allocator's reserve beyond its tensors, as a share of those that come and go.
  bool keeps_stage_outputs = false;    ///< A stage's output stays until its gradient comes (Megatron-LM gives it up once sent).
  bool keeps_pass_gradients = false;   ///< 16-bit gradients of a whole pass stand beside the fp32 sums they are added to.
  RecordedCollectives recorded_collectives = RecordedCollectives::None;
  bool flat_update_gradients = false;    ///< 16-bit gradients are copied flat and converted to fp32 for the update.
  bool startup_gradient_buffer = false;  ///< A second gradient buffer before the first step (Megatron-LM of 2022 and 2023).
  double live_parameters = 0;            ///< ZeRO-3 keeps gathered parameters up to this many (DeepSpeed).
  bool eager_cross_entropy = false;      ///< Logits are copied to fp32 and kept beside their log-softmax (Hugging Face).
  LogitsTraffic logits_traffic;          ///< Of the loss of a language model.
  OptimizerKernels optimizer_kernels = OptimizerKernels::Fused;
  GradientCopies gradient_copies = GradientCopies::None;
  WeightGradientSum weight_gradient_sum = WeightGradientSum::AfterFirst;
  PipelineOverlap pipeline_overlap = PipelineOverlap::AllPhases;
  PipelineExchange pipeline_exchange = PipelineExchange::AtOnce;
  ShardedReduction sharded_reduction = ShardedReduction::ToOwners;
  bool gathers_at_update = false;  ///< ZeRO-1 and 2 gather new weights before the step ends, whatever overlaps.
  MatrixLibrary matrix_library = MatrixLibrary::Cublas117;
  SelectiveRecompute selective_recompute = SelectiveRecompute::Attention;
  EagerOperators unfused;  ///< Eager whatever `techniques.fused_operators` says.
  Techniques techniques;   ///< What the stack does by itself.
  bool operator==(const Stack&) const = default;
};

/// Throws InputError with the nearest known name.
[[nodiscard]] Stack load_stack(std::string_view name);
[[nodiscard]] std::vector<std::string> stack_names();

/// Reads the `stack_settings:` mapping over a stack: any setting of its file but its techniques, which have a section of their
/// own. The stack's name tells what was changed.
void override_stack(Reader reader, Stack& stack);

/// Reads the `techniques:` mapping over what the stack does by itself; keys not given keep the stack's value and are
/// recorded as defaults.
[[nodiscard]] Techniques read_techniques(Reader reader, const Techniques& of_stack);

/// `techniques` on `gpu`, with the kernel that Transformer Engine takes there where the choice is its own: cuDNN's from Hopper
/// on, which the catalog prices as FlashAttention-3, and FlashAttention-2 on GPUs before (those without figures for the former).
/// Source: NeMo Framework user guide, memory optimizations (NVIDIA/NeMo pull request 9188, May 2024).
[[nodiscard]] Techniques choose_attention(Techniques techniques, const Gpu& gpu);

}  // namespace mfusim
