// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/count.hpp"
#include "model/operator.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// Models as plain data, checked by whoever reads them. `N` is the number type: Count for numbers, a symbolic expression
/// for formulas. `style` holds what is no number.

/// Where a block normalises.
enum class NormPlacement {
  Pre,           ///< x + f(norm(x)): GPT-2 and after.
  ResidualPost,  ///< x + norm(f(x)): EVA-02 E, Swin v2.
  Post,          ///< norm(x + f(x)): BERT.
};

/// How a block's attention knows positions.
enum class AttentionPosition {
  None,
  Rotary,       ///< Queries and keys are rotated (Su et al. 2021, arXiv:2104.09864).
  BucketBias,   ///< Learned bias by distance bucket, one table for all layers (T5).
  NetworkBias,  ///< Bias from a small network over relative coordinates, one a block (timm's relative position ViT).
  Slopes,       ///< Fixed bias by distance (ALiBi).
};

/// Norms on queries and keys, before they are rotated.
enum class QueryKeyNorm {
  None,
  EachHead,  ///< Every head by itself, with one gain for all heads (Qwen3).
  AllHeads,  ///< All heads of a token together (OLMo 2).
};

struct BlockStyle {
  NormKind norm = NormKind::LayerNorm;
  bool norm_shift = true;  ///< Layer norms add a learned shift (MPT's do not).
  NormPlacement placement = NormPlacement::Pre;
  ActivationKind activation = ActivationKind::Gelu;
  AttentionMask mask = AttentionMask::Full;
  AttentionPosition position = AttentionPosition::None;
  QueryKeyNorm query_key_norm = QueryKeyNorm::None;
  bool query_bias = true;
  bool key_bias = true;
  bool value_bias = true;
  bool output_bias = true;
  bool mlp_bias = true;
  bool scale_queries = true;        ///< By 1/sqrt(head_dim); T5 does not.
  bool sub_norm = false;            ///< A further norm on the attention output and on the MLP's hidden values (EVA-02 B, L).
  bool layer_scale = false;         ///< Each branch is multiplied by learned factors (CaiT).
  bool attention_dropout = false;   ///< On the probabilities.
  bool hidden_dropout = false;      ///< On what a branch adds to the residual.
  bool activation_dropout = false;  ///< On the MLP's hidden values.
  bool parallel_block = false;      ///< Attention and MLP side by side (GPT-J, PaLM).
  bool two_norms = false;           ///< Parallel block with a norm for each branch (GPT-NeoX).
};

/// A stack of equal transformer blocks.
template <class N>
struct BlockSpec {
  N layers, hidden_size, heads;
  N kv_heads;               ///< Fewer than heads: grouped-query attention.
  N head_dim;               ///< heads x head_dim need not be hidden_size.
  N mlp_size;               ///< Width between the two linears of the MLP; of the gated product where it is gated.
  std::optional<N> window;  ///< Sliding window: keys that a query sees.
  N position_size{0};  ///< NetworkBias: width of its network; BucketBias: buckets; Rotary: rotated values of a head, 0 = all.
  BlockStyle style;
};

/// How a tower becomes one vector a sample.
enum class Pooling {
  Token,      ///< One token's vector: class token, last or end-of-text token.
  Average,    ///< Mean over tokens.
  Attention,  ///< Learned queries attend to the tokens.
  None,       ///< No pooling: all tokens leave.
};

enum class FinalNorm { AllTokens, Pooled, None };

/// From pooled width to the shared space.
enum class ProjectionKind {
  None,
  Linear,  ///< One matrix.
  Tanh,    ///< One matrix and a hyperbolic tangent (the pooler of ViTModel).
  Mlp,     ///< Two matrices and a GELU, hidden width (width + projection) / 2 (open_clip's `mlp`).
};

/// A learned query attends to all tokens, an MLP may follow (SigLIP's head; CoCa's pooler has many queries and no MLP).
template <class N>
struct AttentionPool {
  N queries, width, heads;
  N context_size;  ///< Width of the tokens attended to.
  std::optional<N> mlp_size;
  bool context_norm = false;  ///< Norm on queries and tokens (CoCa); otherwise a norm before the MLP (SigLIP).
};

struct VisionStyle {
  bool patch_bias = false;
  bool class_token = true;
  bool position_for_class = true;  ///< The position table has a row for the class token.
  bool learned_position = true;
  bool pre_norm = true;  ///< A norm before the first block.
  FinalNorm final_norm = FinalNorm::AllTokens;
  Pooling pooling = Pooling::Token;
  ProjectionKind projection = ProjectionKind::Linear;
  bool projection_bias = false;
  bool crop_to_patches = false;  ///< Pixels beyond the last whole patch are not seen; otherwise patches must divide the image.
  double patch_dropout = 0;      ///< Fraction of patches left out in training (FLIP, arXiv:2212.00794).
  bool frozen = false;
};

/// A vision transformer.
template <class N>
struct VisionSpec {
  N image_size, patch_size;
  N channels{3};
  BlockSpec<N> block;
  std::optional<AttentionPool<N>> pool;  ///< Where pooling is Attention.
  N projection{0};                       ///< Width of the shared space; 0 where there is no projection.
  VisionStyle style;
};

/// Positions added to token embeddings.
enum class TablePosition {
  None,
  Learned,
  Fixed,  ///< Computed once (sinusoids): added, not learned.
};

struct TextStyle {
  TablePosition position = TablePosition::Learned;
  bool scale_embedding = false;  ///< Embeddings are multiplied by sqrt(width).
  bool embedding_norm = false;   ///< Norm on the sum of the embeddings (BERT).
  bool class_token = false;      ///< A learned token is appended (CoCa).
  FinalNorm final_norm = FinalNorm::AllTokens;
  Pooling pooling = Pooling::Token;
  bool pooler = false;  ///< A linear and tanh on the pooled token (BERT's pooler).
  ProjectionKind projection = ProjectionKind::Linear;
  bool projection_bias = false;
  bool frozen = false;
};

/// A text encoder.
template <class N>
struct TextSpec {
  N vocabulary, context_length;  ///< context_length: the model's own text length.
  N positions;                   ///< Rows of the position table.
  N token_types{0};              ///< Rows of a table of token types (BERT: 2, RoBERTa: 1).
  BlockSpec<N> block;
  N projection{0};
  TextStyle style;
};

struct DecoderStyle {
  TablePosition position = TablePosition::Learned;
  bool embedding_norm = false;  ///< BLOOM.
  bool embedding_dropout = false;
  bool final_norm = true;
  bool tied_embedding = true;  ///< The logits use the token table.
};

/// A decoder-only language model.
template <class N>
struct DecoderSpec {
  N vocabulary;
  std::optional<N> context_length;  ///< The model's own sequence length; a run must give one where there is none.
  std::optional<N> positions;       ///< Rows of the learned position table; as many as the run's sequence where not given.
  N position_offset{0};             ///< Rows of that table that no token uses (OPT: 2).
  N embedding_size{0};              ///< Width of the token table; 0 = hidden_size (OPT-350M projects in and out).
  BlockSpec<N> block;
  DecoderStyle style;
};

/// A decoder that writes a caption of the image: self-attention blocks over text tokens, each followed by a
/// cross-attention block to the image tokens (CoCa, arXiv:2205.01917). The towers' tokens have this decoder's width.
template <class N>
struct CaptionSpec {
  N vocabulary;  ///< Width of the output.
  BlockSpec<N> block;
};

enum class ModelLoss {
  None,  ///< A feature extractor.
  ContrastiveSoftmax,
  PairwiseSigmoid,  ///< SigLIP, arXiv:2303.15343.
  NextToken,
};

/// A model: one tower, or two with a contrastive loss.
template <class N>
struct ModelSpecOf {
  std::string name;
  std::string source;  ///< Where the configuration was published.
  std::optional<VisionSpec<N>> vision;
  std::optional<TextSpec<N>> text;
  std::optional<CaptionSpec<N>> caption;
  std::optional<DecoderSpec<N>> decoder;
  ModelLoss loss = ModelLoss::None;
};
using ModelSpec = ModelSpecOf<Count>;

/// Two towers that a contrastive loss joins.
[[nodiscard]] bool is_contrastive(const ModelSpec& model);

/// A size that tensor parallelism divides, by its path in the model.
struct SplitSize {
  std::string name;
  std::int64_t value;
};

/// Every size that the ranks of a tensor group must divide: heads, key and value heads, MLP widths. Vocabularies are
/// padded instead.
[[nodiscard]] std::vector<SplitSize> tensor_split_sizes(const ModelSpec& model);

/// Transformer blocks of the model's only tower; of the deepest one where there are two.
[[nodiscard]] std::int64_t repeated_layers(const ModelSpec& model);

}  // namespace mfusim
