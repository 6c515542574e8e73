// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operator.hpp"
#include "sim/scenario.hpp"

namespace mfusim {

/// Bytes that one rank's operator keeps from forward to backward beyond what a fused kernel keeps (model/saved_bytes.hpp), where
/// it runs as a chain of the framework's own kernels, each of which keeps its inputs:
///
/// | operator               | kept by eager kernels                                   | beyond fused, bytes a value |
/// | RMSNorm                | fp32 input (4), 16-bit normalised value (2)             | 4                           |
/// | LayerNorm, autocast    | fp32 copy of the input (4)                              | 2                           |
/// | gated activation       | gate (2), its activation (2), up (2)                    | 2 an output                 |
/// | QuickGELU              | input (2), sigmoid (2)                                  | 2                           |
/// | eager cross entropy    | fp32 logits (4), log-softmax (4) and two gradients (8)  | 12                          |
///
/// Of 16-bit values; with fp32 ones nothing is converted and nothing is counted. Source: huggingface/transformers (Apache-2.0),
/// modeling_llama.py (LlamaRMSNorm, LlamaMLP, LlamaForCausalLM: logits.float()); NVIDIA/Megatron-LM of 2023,
/// megatron/model/rms_norm.py and transformer.py (swiglu); openai/CLIP (MIT), model.py (QuickGELU); PyTorch documentation,
/// torch.amp (layer_norm runs in fp32); derivatives.yaml (what each kernel keeps).
[[nodiscard]] Bytes kept_by_eager_kernels(const Scenario& scenario, const Operator<Count>& mine);

}  // namespace mfusim
