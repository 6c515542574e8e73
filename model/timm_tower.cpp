// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.hpp"
#include "model/config_reader.hpp"
#include "model/open_clip.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {
namespace {

/// Families of vision transformers in timm, by what they change of a plain one.
enum class TimmFamily {
  Plain,      ///< Class token.
  Siglip,     ///< No class token; attention pooling with an MLP.
  Gap,        ///< No class token, average pooling, no qkv bias, layer scale.
  Relative,   ///< Class token without absolute positions, bias by a network, no qkv bias, layer scale.
  Eva01,      ///< Queries and values with bias.
  Eva02,      ///< + rotary positions, SwiGLU, norms inside attention and MLP.
  Eva02Post,  ///< Eva01 with norms behind the branches.
};

struct TimmTower {
  std::string_view name;
  TimmFamily family;
  std::int64_t image_size, patch_size, width, layers, heads, mlp_size;
};

/// Source: huggingface/pytorch-image-models, timm/models: vision_transformer.py, vision_transformer_relpos.py, eva.py.
constexpr std::array towers{TimmTower{"vit_small_patch16_224", TimmFamily::Plain, 224, 16, 384, 12, 6, 1536},
                            TimmTower{"vit_base_patch16_224", TimmFamily::Plain, 224, 16, 768, 12, 12, 3072},
                            TimmTower{"vit_large_patch16_224", TimmFamily::Plain, 224, 16, 1024, 24, 16, 4096},
                            TimmTower{"vit_base_patch32_siglip_256", TimmFamily::Siglip, 256, 32, 768, 12, 12, 3072},
                            TimmTower{"vit_large_patch16_siglip_512", TimmFamily::Siglip, 512, 16, 1024, 24, 16, 4096},
                            TimmTower{"vit_so400m_patch16_siglip_256", TimmFamily::Siglip, 256, 16, 1152, 27, 16, 4304},
                            TimmTower{"vit_so400m_patch16_siglip_384", TimmFamily::Siglip, 384, 16, 1152, 27, 16, 4304},
                            TimmTower{"vit_so400m_patch16_siglip_512", TimmFamily::Siglip, 512, 16, 1152, 27, 16, 4304},
                            TimmTower{"vit_base_patch16_siglip_224", TimmFamily::Siglip, 224, 16, 768, 12, 12, 3072},
                            TimmTower{"vit_base_patch16_siglip_256", TimmFamily::Siglip, 256, 16, 768, 12, 12, 3072},
                            TimmTower{"vit_base_patch16_siglip_384", TimmFamily::Siglip, 384, 16, 768, 12, 12, 3072},
                            TimmTower{"vit_base_patch16_siglip_512", TimmFamily::Siglip, 512, 16, 768, 12, 12, 3072},
                            TimmTower{"vit_large_patch16_siglip_256", TimmFamily::Siglip, 256, 16, 1024, 24, 16, 4096},
                            TimmTower{"vit_large_patch16_siglip_384", TimmFamily::Siglip, 384, 16, 1024, 24, 16, 4096},
                            TimmTower{"vit_so400m_patch14_siglip_224", TimmFamily::Siglip, 224, 14, 1152, 27, 16, 4304},
                            TimmTower{"vit_so400m_patch14_siglip_384", TimmFamily::Siglip, 384, 14, 1152, 27, 16, 4304},
                            TimmTower{"vit_medium_patch16_gap_256", TimmFamily::Gap, 256, 16, 512, 12, 8, 2048},
                            TimmTower{"vit_relpos_medium_patch16_cls_224", TimmFamily::Relative, 224, 16, 512, 12, 8, 2048},
                            TimmTower{"eva_giant_patch14_224", TimmFamily::Eva01, 224, 14, 1408, 40, 16, 6144},
                            TimmTower{"eva02_base_patch16_clip_224", TimmFamily::Eva02, 224, 16, 768, 12, 12, 2048},
                            TimmTower{"eva02_large_patch14_clip_224", TimmFamily::Eva02, 224, 14, 1024, 24, 16, 2730},
                            TimmTower{"eva02_large_patch14_clip_336", TimmFamily::Eva02, 336, 14, 1024, 24, 16, 2730},
                            TimmTower{"eva02_enormous_patch14_clip_224", TimmFamily::Eva02Post, 224, 14, 1792, 64, 16, 15360}};

const TimmTower& tower_named(Reader& reader) {
  const std::string name = reader.word("timm_model_name");
  for (const TimmTower& tower : towers) {
    if (tower.name == name) return tower;
  }
  std::vector<std::string> names;
  names.reserve(towers.size());
  for (const TimmTower& tower : towers) names.emplace_back(tower.name);
  for (const char* other : {"convnext", "resnet", "swin", "efficientnet", "coatnet", "mobile", "fastvit", "vitamin"}) {
    if (name.find(other) == std::string::npos) continue;
    reader.fail("timm_model_name",
                fmt::format("{} towers are not modelled: expected a vision transformer, got '{}'", other, shown(name)));
  }
  reader.fail("timm_model_name", fmt::format("expected a vision transformer that is known ({}), got '{}'{}",
                                             fmt::join(names, ", "), shown(name), suggestion(name, names)));
}

void set_eva_style(BlockStyle& style, TimmFamily family) {
  style.key_bias = false;
  if (family == TimmFamily::Eva02Post) style.placement = NormPlacement::ResidualPost;
  if (family != TimmFamily::Eva02) return;
  style.activation = ActivationKind::SwiGlu;
  style.position = AttentionPosition::Rotary;
  style.sub_norm = true;
}

void set_family(VisionSpec<Count>& spec, TimmFamily family) {
  BlockStyle& block = spec.block.style;
  switch (family) {
    case TimmFamily::Plain:
      return;
    case TimmFamily::Siglip:
      spec.style.class_token = false;
      spec.style.crop_to_patches = true;
      return;
    case TimmFamily::Gap:
    case TimmFamily::Relative:
      block.query_bias = block.key_bias = block.value_bias = false;
      block.layer_scale = true;
      spec.style.class_token = family == TimmFamily::Relative;
      if (family == TimmFamily::Gap) return;
      spec.style.learned_position = false;
      block.position = AttentionPosition::NetworkBias;
      spec.block.position_size = 256;
      return;
    case TimmFamily::Eva01:
    case TimmFamily::Eva02:
    case TimmFamily::Eva02Post:
      return set_eva_style(block, family);
  }
}

/// `timm_pool`: empty is the network's own.
void read_pooling(Reader& reader, VisionSpec<Count>& spec) {
  const std::string own = !spec.style.class_token ? (spec.style.crop_to_patches ? "map" : "avg") : "token";
  std::string pool = word_or(reader, "timm_pool", "avg");
  if (pool.empty()) pool = own;
  if (pool == "token" && spec.style.class_token) {
    spec.style.pooling = Pooling::Token;
  } else if (pool == "avg") {
    spec.style.pooling = Pooling::Average;
  } else if (pool == "map") {
    spec.style.pooling = Pooling::Attention;
    spec.pool = AttentionPool<Count>{.queries = 1,
                                     .width = spec.block.hidden_size,
                                     .heads = spec.block.heads,
                                     .context_size = spec.block.hidden_size,
                                     .mlp_size = spec.block.mlp_size,
                                     .context_norm = false};
  } else {
    reader.fail("timm_pool", fmt::format("expected token (with a class token), avg or map, got '{}'", shown(pool)));
  }
}

/// `timm_proj`: linear is open_clip's own matrix; nothing is the network's classifier, which has a bias; none is none.
void read_projection(Reader& reader, VisionSpec<Count>& spec) {
  const bool bias = flag_or(reader, "timm_proj_bias", false);
  const std::string kind =
      reader.has("timm_proj") ? reader.word("timm_proj") : (reader.node().find("timm_proj") != nullptr ? "" : "linear");
  if (kind == "none") {
    spec.style.projection = ProjectionKind::None;
    if (spec.block.hidden_size != spec.projection) {
      reader.fail("timm_proj", fmt::format("without a projection the width ({}) must be embed_dim ({})",
                                           spec.block.hidden_size.value(), spec.projection.value()));
    }
  } else if (kind.empty() || kind == "linear") {
    spec.style.projection_bias = kind.empty() || bias;
  } else {
    reader.fail("timm_proj", fmt::format("expected linear, none or nothing, got '{}'", shown(kind)));
  }
}

}  // namespace

VisionSpec<Count> read_timm_vision(Reader& reader, Count projection) {
  const TimmTower& tower = tower_named(reader);
  for (const char* key : {"timm_model_pretrained", "timm_drop", "timm_drop_path", "output_tokens"}) reader.allow(key);
  VisionSpec<Count> spec{.image_size = size_or(reader, "image_size", 224),
                         .patch_size = tower.patch_size,
                         .channels = 3,
                         .block = multi_head_block(tower.layers, tower.width, tower.heads, tower.mlp_size),
                         .pool = std::nullopt,
                         .projection = projection,
                         .style = {}};
  spec.style.patch_bias = true;
  spec.style.pre_norm = false;
  set_family(spec, tower.family);
  read_pooling(reader, spec);
  read_projection(reader, spec);
  spec.style.patch_dropout = reader.fraction("patch_dropout", 0);
  reader.reject_unknown_keys();
  return spec;
}

}  // namespace mfusim
