// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.hpp"
#include "model/config_reader.hpp"
#include "model/open_clip.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {
namespace {

enum class Family {
  Roberta,  ///< Post-norm encoder with learned positions (two rows of them for padding) and one token type.
  Mt5,      ///< RMSNorm, gated GELU, no biases, unscaled queries, position buckets in the scores.
  M2m100,   ///< Pre-norm encoder with ReLU, fixed positions and scaled embeddings (NLLB).
};

struct TextEncoder {
  std::string_view name;
  Family family;
  std::int64_t vocabulary, length, width, layers, heads, mlp_size;
};

/// The encoders' own configurations on Hugging Face. `length`: max_position_embeddings, which open_clip profiles with; mT5 has
/// none, and open_clip's default of 77 stands.
constexpr std::array encoders{TextEncoder{"roberta-base", Family::Roberta, 50265, 514, 768, 12, 12, 3072},
                              TextEncoder{"xlm-roberta-base", Family::Roberta, 250002, 514, 768, 12, 12, 3072},
                              TextEncoder{"xlm-roberta-large", Family::Roberta, 250002, 514, 1024, 24, 16, 4096},
                              TextEncoder{"google/mt5-base", Family::Mt5, 250112, 77, 768, 12, 12, 2048},
                              TextEncoder{"google/mt5-xl", Family::Mt5, 250112, 77, 2048, 24, 32, 5120},
                              TextEncoder{"facebook/nllb-200-distilled-600M", Family::M2m100, 256206, 1024, 1024, 12, 16, 4096},
                              TextEncoder{"facebook/nllb-200-distilled-1.3B", Family::M2m100, 256206, 1024, 1024, 24, 16, 8192}};

const TextEncoder& encoder_named(Reader& reader) {
  const std::string name = reader.word("hf_model_name");
  std::vector<std::string> names;
  for (const TextEncoder& encoder : encoders) {
    if (encoder.name == name) return encoder;
    names.emplace_back(encoder.name);
  }
  reader.fail("hf_model_name", fmt::format("expected a text encoder that is known ({}), got '{}'{}", fmt::join(names, ", "),
                                           shown(name), suggestion(name, names)));
}

void set_family(TextSpec<Count>& spec, Family family) {
  BlockStyle& block = spec.block.style;
  switch (family) {
    case Family::Roberta:
      block.placement = NormPlacement::Post;
      block.attention_dropout = block.hidden_dropout = true;
      spec.token_types = 1;
      spec.style.embedding_norm = true;
      spec.style.final_norm = FinalNorm::None;
      return;
    case Family::Mt5:
      block.norm = NormKind::RmsNorm;
      block.activation = ActivationKind::GeGlu;
      block.query_bias = block.key_bias = block.value_bias = block.output_bias = block.mlp_bias = false;
      block.scale_queries = false;
      block.position = AttentionPosition::BucketBias;
      spec.block.position_size = 32;
      block.attention_dropout = block.hidden_dropout = block.activation_dropout = true;
      spec.style.position = TablePosition::None;
      return;
    case Family::M2m100:
      block.activation = ActivationKind::Relu;
      block.attention_dropout = block.hidden_dropout = true;
      spec.style.position = TablePosition::Fixed;
      spec.style.scale_embedding = true;
      return;
  }
}

/// open_clip's poolers; the transformer's own pooler layer comes with cls_pooler where the encoder has one.
void read_pooling(Reader& reader, TextSpec<Count>& spec, Family family) {
  const std::string pooler = word_or(reader, "hf_pooler_type", "mean_pooler");
  if (pooler == "mean_pooler") {
    spec.style.pooling = Pooling::Average;
  } else if (pooler == "cls_pooler") {
    spec.style.pooling = Pooling::Token;
    spec.style.pooler = family == Family::Roberta;
  } else {
    reader.fail("hf_pooler_type", fmt::format("expected mean_pooler or cls_pooler, got '{}'", shown(pooler)));
  }
}

}  // namespace

TextSpec<Count> read_hf_text(Reader& reader, Count projection) {
  const TextEncoder& encoder = encoder_named(reader);
  for (const char* key : {"hf_tokenizer_name", "hf_model_pretrained", "output_tokens", "tokenizer_kwargs", "width", "heads",
                          "layers", "vocab_size", "pad_id", "embed_cls"}) {
    reader.allow(key);  // the encoder brings its own
  }
  TextSpec<Count> spec{.vocabulary = encoder.vocabulary,
                       .context_length = size_or(reader, "context_length", encoder.length),
                       .positions = encoder.length,
                       .token_types = 0,
                       .block = multi_head_block(encoder.layers, encoder.width, encoder.heads, encoder.mlp_size),
                       .projection = projection,
                       .style = {}};
  set_family(spec, encoder.family);
  read_pooling(reader, spec, encoder.family);
  spec.style.projection =
      reader.choice<ProjectionKind>("hf_proj_type", {{"mlp", ProjectionKind::Mlp}, {"linear", ProjectionKind::Linear}}, "mlp");
  reader.reject_unknown_keys();
  return spec;
}

}  // namespace mfusim
