// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/model_formats.hpp"
#include "model/open_clip.hpp"

namespace mfusim {
namespace {

const char* const not_the_work[] = {"custom_text", "cast_dtype", "init_logit_scale", "output_dict", "nonscalar_logit_scale"};

VisionSpec<Count> read_vision(Reader reader, Count projection, ActivationKind activation) {
  if (reader.has("eva_model_name")) return read_eva_vision(reader, projection);
  if (reader.has("timm_model_name")) return read_timm_vision(reader, projection);
  return read_open_clip_vision(reader, projection, activation);
}

TextSpec<Count> read_text(Reader reader, Count projection, ActivationKind activation) {
  if (reader.has("hf_model_name")) return read_hf_text(reader, projection);
  return read_open_clip_text(reader, projection, activation);
}

}  // namespace

ModelSpec read_open_clip_model(Reader root) {
  for (const char* key : not_the_work) root.allow(key);
  const Count projection = size_of(root, "embed_dim");
  const ActivationKind activation = flag_or(root, "quick_gelu", false) ? ActivationKind::QuickGelu : ActivationKind::Gelu;
  ModelSpec model;
  model.vision = read_vision(root.child("vision_cfg"), projection, activation);
  model.text = read_text(root.child("text_cfg"), projection, activation);
  model.loss = root.has("init_logit_bias") ? ModelLoss::PairwiseSigmoid : ModelLoss::ContrastiveSoftmax;
  if (root.has("multimodal_cfg")) read_coca(root.child("multimodal_cfg"), root.child("text_cfg"), model);
  root.reject_unknown_keys();
  return model;
}

}  // namespace mfusim
