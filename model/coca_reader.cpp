// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"
#include "model/open_clip.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

/// Cross attention takes keys and values of the decoder's own width.
void check_widths(Reader& reader, const ModelSpec& model, Count width) {
  const Count image = model.vision->pool ? model.vision->pool->width : model.vision->block.hidden_size;
  const Count text = model.text->block.hidden_size;
  if (image != width)
    reader.fail("width", fmt::format("{} is not the width of the image tokens ({})", width.value(), image.value()));
  if (text != width)
    reader.fail("width", fmt::format("{} is not the width of the text tokens ({})", width.value(), text.value()));
}

}  // namespace

/// Source: open_clip, coca_model.py (MultimodalCfg) and transformer.py (MultimodalTransformer). The output has the vocabulary
/// that text_cfg names, also where the text tower brings another one.
void read_coca(Reader reader, Reader text_config, ModelSpec& model) {
  for (const char* key : {"vocab_size", "dim_head", "n_queries", "attn_pooler_heads"}) reader.allow(key);
  const Count width = size_or(reader, "width", 512);
  const Count heads = size_or(reader, "heads", 8);
  check_divides(reader, "heads", heads, "width", width);
  check_widths(reader, model, width);
  CaptionSpec<Count> spec{
      .vocabulary = size_or(text_config, "vocab_size", 49408),
      .block = multi_head_block(size_or(reader, "layers", 12), width, heads, mlp_size_of(reader, "mlp_ratio", width, 4.0))};
  spec.block.style.mask = AttentionMask::Causal;
  spec.block.style.activation = model.vision->block.style.activation;
  spec.block.style.layer_scale = reader.has("ls_init_value");
  model.text->context_length = size_or(reader, "context_length", 77);
  model.caption = spec;
  reader.reject_unknown_keys();
}

}  // namespace mfusim
