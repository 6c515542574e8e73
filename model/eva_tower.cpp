// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/open_clip.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Attention: queries and values have a bias, keys have none. `naiveswiglu`: SiLU-gated MLP of three matrices.
BlockSpec<Count> read_block(Reader& reader) {
  const Count width = size_or(reader, "width", 768);
  const Count head_width = size_or(reader, "head_width", 64);
  check_divides(reader, "head_width", head_width, "width", width);
  BlockSpec<Count> block =
      multi_head_block(size_or(reader, "layers", 12), width, width / head_width, mlp_size_of(reader, "mlp_ratio", width, 4.0));
  const bool bias = flag_or(reader, "qkv_bias", true);
  block.style.query_bias = bias;
  block.style.key_bias = false;
  block.style.value_bias = bias;
  block.style.activation = flag_or(reader, "naiveswiglu", false) ? ActivationKind::SwiGlu : ActivationKind::Gelu;
  block.style.placement = flag_or(reader, "postnorm", false) ? NormPlacement::ResidualPost : NormPlacement::Pre;
  block.style.position = flag_or(reader, "rope", false) ? AttentionPosition::Rotary : AttentionPosition::None;
  block.style.sub_norm = flag_or(reader, "subln", false);
  block.style.layer_scale = reader.has("ls_init_value");
  return block;
}

}  // namespace

/// Source: baaivision/EVA, EVA-CLIP/rei/eva_clip: eva_vit_model.py, model.py (CLIPVisionCfg). Convolution with bias; learned
/// absolute positions; no norm before the blocks; final norm on all tokens, then the class token; projection with bias.
VisionSpec<Count> read_eva_vision(Reader& reader, Count projection) {
  // kernels and regularisation, not work: drop_path is a mask on whole branches, off in every count
  for (const char* key : {"eva_model_name", "drop_path_rate", "xattn", "fusedLN", "pt_hw_seq_len", "intp_freq"})
    reader.allow(key);
  VisionSpec<Count> spec{.image_size = size_or(reader, "image_size", 224),
                         .patch_size = size_or(reader, "patch_size", 16),
                         .channels = 3,
                         .block = read_block(reader),
                         .pool = std::nullopt,
                         .projection = projection,
                         .style = {}};
  check_divides(reader, "patch_size", spec.patch_size, "image_size", spec.image_size);
  spec.style.patch_bias = true;
  spec.style.pre_norm = false;
  spec.style.projection_bias = true;
  const bool average = flag_or(reader, "global_average_pool", false);
  spec.style.pooling = average ? Pooling::Average : Pooling::Token;
  spec.style.final_norm = average ? FinalNorm::Pooled : FinalNorm::AllTokens;
  spec.style.patch_dropout = reader.fraction("patch_dropout", 0);
  reader.reject_unknown_keys();
  return spec;
}

}  // namespace mfusim
