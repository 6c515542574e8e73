// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/layer_builder.hpp"
#include "model/spec.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// What goes into a block.
template <class N>
struct BlockInput {
  N batch, tokens;  ///< Samples, and tokens of each.
  N unrotated{0};   ///< Tokens of a sample without a place in the image or text: rotary positions leave them alone.
  N grid{0};        ///< Patches along a side of the image, for positions that a network computes.
};

/// Writes one transformer block.
/// The names of the operators are those of the papers: qkv, attention, out_proj, fc1, activation, fc2.
template <class N>
class BlockWriter {
 public:
  BlockWriter(const BlockSpec<N>& spec, const BlockInput<N>& input, std::string name)
      : spec_(spec), input_(input), builder_(std::move(name)) {}

  [[nodiscard]] LayerGroup<N> write() {
    if (spec_.style.parallel_block) {
      parallel();
    } else {
      mlp_half(attention_half(input_of_layer));
    }
    return builder_.finish(spec_.layers);
  }

 protected:
  [[nodiscard]] N rows() const { return input_.batch * input_.tokens; }
  [[nodiscard]] N values() const { return rows() * spec_.hidden_size; }
  [[nodiscard]] N attention_width() const { return spec_.heads * spec_.head_dim; }

  /// Attention with its norm and residual addition, as the placement of norms has it. Returns the new residual stream.
  int attention_half(int stream) {
    const bool pre = spec_.style.placement == NormPlacement::Pre;
    return closed("attention", stream, attention_branch(pre ? norm("attention_norm", stream) : stream, SavedInput::Kept));
  }

  int mlp_half(int stream) {
    const bool pre = spec_.style.placement == NormPlacement::Pre;
    return closed("mlp", stream, mlp_branch(pre ? norm("mlp_norm", stream) : stream, SavedInput::Kept));
  }

  /// Source: Wang & Komatsuzaki 2021 (GPT-J), Chowdhery et al. 2022 (arXiv:2204.02311, section 2): y = x + attention(norm(x))
  /// + mlp(norm(x)). The branches are summed before they leave a tensor-parallel region: one exchange for both.
  void parallel() {
    const int normed = norm(spec_.style.two_norms ? "attention_norm" : "norm", input_of_layer);
    const int attention = attention_branch(normed, SavedInput::Kept);
    const int mlp = spec_.style.two_norms ? mlp_branch(norm_of_shared("mlp_norm"), SavedInput::Kept)
                                          : mlp_branch(normed, SavedInput::SharedInput);
    const int sum = builder_.elementwise(prefix_ + "branch_sum", values(), ElementwiseKind::Residual, {attention, mlp});
    closed("block", input_of_layer, sum);
  }

  /// qkv -> scores, softmax, values -> output projection.
  int attention_branch(int input, SavedInput saved) {
    const BlockStyle& style = spec_.style;
    const N key_width = spec_.kv_heads * spec_.head_dim;
    int at = builder_.add(prefix_ + "qkv", qkv(key_width), TensorSplit::Columns, {input}, saved);
    if (style.query_key_norm != QueryKeyNorm::None) at = query_key_norms(at);
    if (style.position == AttentionPosition::Rotary) at = rotary(at);
    if (style.position == AttentionPosition::NetworkBias) position_network();
    if (has_score_bias()) score_bias(at);
    at = builder_.add(prefix_ + "attention", attention(), TensorSplit::Inside, {at});
    if (style.sub_norm) at = inner_norm("attention_sub_norm", attention_width(), at);
    return builder_.add(prefix_ + "out_proj", linear(attention_width(), spec_.hidden_size, style.output_bias), TensorSplit::Rows,
                        {at});
  }

  /// fc1 -> nonlinearity -> fc2; a gated MLP's fc1 gives gate and value in one product.
  int mlp_branch(int input, SavedInput saved) {
    const BlockStyle& style = spec_.style;
    const bool gated = style.activation == ActivationKind::SwiGlu || style.activation == ActivationKind::GeGlu;
    const N outputs = gated ? N(2) * spec_.mlp_size : spec_.mlp_size;
    int at =
        builder_.add(prefix_ + "fc1", linear(spec_.hidden_size, outputs, style.mlp_bias), TensorSplit::Columns, {input}, saved);
    at = builder_.add(prefix_ + "activation", Activation<N>{.elements = rows() * spec_.mlp_size, .kind = style.activation},
                      TensorSplit::Inside, {at});
    if (style.activation_dropout) {
      at = builder_.elementwise(prefix_ + "activation_dropout", rows() * spec_.mlp_size, ElementwiseKind::Dropout, {at});
      builder_[at].split = TensorSplit::Inside;
    }
    if (style.sub_norm) at = inner_norm("mlp_sub_norm", spec_.mlp_size, at);
    return builder_.add(prefix_ + "fc2", linear(spec_.mlp_size, spec_.hidden_size, style.mlp_bias), TensorSplit::Rows, {at});
  }

  /// What a branch goes through on its way back into the residual stream.
  int closed(const std::string& branch, int stream, int at) {
    const BlockStyle& style = spec_.style;
    if (style.layer_scale) {
      at = builder_.elementwise(prefix_ + branch + "_scale", values(), ElementwiseKind::Scale, {at}, spec_.hidden_size);
    }
    if (style.hidden_dropout) at = builder_.elementwise(prefix_ + branch + "_dropout", values(), ElementwiseKind::Dropout, {at});
    if (style.placement == NormPlacement::ResidualPost) at = norm(branch + "_norm", at);
    at = builder_.elementwise(prefix_ + branch + "_residual", values(), ElementwiseKind::Residual, {stream, at});
    if (style.placement == NormPlacement::Post) at = norm(branch + "_norm", at);
    return at;
  }

  int norm(const std::string& name, int input) {
    return builder_.add(prefix_ + name, norm_of(rows(), spec_.hidden_size), TensorSplit::Tokens, {input});
  }

  [[nodiscard]] Norm<N> norm_of(N norm_rows, N width) const {
    return {.rows = norm_rows, .width = width, .kind = spec_.style.norm, .shift = spec_.style.norm_shift};
  }

  [[nodiscard]] Linear<N> linear(N inputs, N outputs, bool bias) const { return linear_of(rows(), inputs, outputs, bias); }
  [[nodiscard]] static Linear<N> linear_of(N linear_rows, N inputs, N outputs, bool bias) {
    return {.rows = linear_rows,
            .inputs = inputs,
            .outputs = outputs,
            .bias = bias,
            .unbiased_outputs = N(0),
            .input_gradient = true};
  }

  /// Attention of the block's own tokens to `keys` tokens.
  [[nodiscard]] Attention<N> attention_to(N keys) const {
    return {.batch = input_.batch,
            .heads = spec_.heads,
            .kv_heads = spec_.kv_heads,
            .queries = input_.tokens,
            .keys = keys,
            .head_dim = spec_.head_dim,
            .window = spec_.window ? NumberTraits<N>::smaller(keys, *spec_.window) : keys,
            .mask = spec_.style.mask,
            .scale = spec_.style.scale_queries,
            .dropout = spec_.style.attention_dropout};
  }

  const BlockSpec<N>& spec_;
  BlockInput<N> input_;
  LayerBuilder<N> builder_;
  std::string prefix_;  ///< Of the names of operators, where a layer holds two blocks.

 private:
  [[nodiscard]] Attention<N> attention() const { return attention_to(input_.tokens); }

  [[nodiscard]] Linear<N> qkv(N key_width) const {
    const BlockStyle& style = spec_.style;
    Linear<N> linear_shape =
        linear(spec_.hidden_size, attention_width() + N(2) * key_width, style.query_bias || style.key_bias || style.value_bias);
    if (!linear_shape.bias) return linear_shape;
    if (!style.query_bias) linear_shape.unbiased_outputs += attention_width();
    if (!style.key_bias) linear_shape.unbiased_outputs += key_width;
    if (!style.value_bias) linear_shape.unbiased_outputs += key_width;
    return linear_shape;
  }

  int rotary(int input) {
    const N rotated = is_zero(spec_.position_size) ? spec_.head_dim : spec_.position_size;
    const N rotated_rows = input_.batch * (input_.tokens - input_.unrotated);
    const int at = builder_.elementwise(prefix_ + "rotary", rotated_rows * (spec_.heads + spec_.kv_heads) * rotated,
                                        ElementwiseKind::Rotary, {input});
    builder_[at].split = TensorSplit::Inside;
    return at;
  }

  /// Source: Qwen3 (arXiv:2505.09388), section 2; OLMo 2 (arXiv:2501.00656), section 3.3.2.
  int query_key_norms(int input) {
    const bool each = spec_.style.query_key_norm == QueryKeyNorm::EachHead;
    const auto add = [&](const char* name, N heads, int at) {
      Norm<N> shape = each ? norm_of(rows() * heads, spec_.head_dim) : norm_of(rows(), heads * spec_.head_dim);
      shape.each_head = each;
      return builder_.add(prefix_ + name, shape, TensorSplit::Inside, {at});
    };
    return add("key_norm", spec_.kv_heads, add("query_norm", spec_.heads, input));
  }

  [[nodiscard]] bool has_score_bias() const {
    return spec_.style.position != AttentionPosition::None && spec_.style.position != AttentionPosition::Rotary;
  }

  void score_bias(int input) {
    const int at = builder_.elementwise(prefix_ + "score_bias", input_.batch * spec_.heads * input_.tokens * input_.tokens,
                                        ElementwiseKind::ScoreBias, {input});
    builder_[at].split = TensorSplit::Inside;
  }

  /// Scores' bias from the relative coordinates (x, y) of every pair of patches, by two linears: [(2 grid - 1)^2, 2] -> hidden ->
  /// heads, once for all samples. Source: Liu et al. 2022 (Swin v2, arXiv:2111.09883), section 3.3; timm's RelPosMlp.
  void position_network() {
    const N pairs = (N(2) * input_.grid - N(1)) * (N(2) * input_.grid - N(1));
    Linear<N> coordinates = linear_of(pairs, N(2), spec_.position_size, true);
    coordinates.input_gradient = false;
    int at = builder_.add(prefix_ + "position_fc1", coordinates, TensorSplit::Replicated, {});
    at = builder_.add(prefix_ + "position_activation",
                      Activation<N>{.elements = pairs * spec_.position_size, .kind = ActivationKind::Relu},
                      TensorSplit::Replicated, {at});
    builder_.add(prefix_ + "position_fc2", linear_of(pairs, spec_.position_size, spec_.heads, true), TensorSplit::Replicated,
                 {at});
  }

  /// A norm between the two halves of a tensor-parallel region. Each rank would normalise its own share.
  int inner_norm(const std::string& name, N width, int input) {
    return builder_.add(prefix_ + name, norm_of(rows(), width), TensorSplit::Inside, {input});
  }

  /// A second norm of the layer's input: the first one keeps it already.
  int norm_of_shared(const std::string& name) {
    const int at = norm(name, input_of_layer);
    builder_[at].saved = SavedInput::SharedInput;
    return at;
  }
};

/// `spec.layers` equal blocks as one group.
template <class N>
[[nodiscard]] LayerGroup<N> block_group(const BlockSpec<N>& spec, const BlockInput<N>& input) {
  return BlockWriter<N>(spec, input, "block").write();
}

}  // namespace mfusim
