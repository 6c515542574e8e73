// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/number.hpp"
#include "model/spec.hpp"

#include <optional>
#include <stdexcept>

namespace mfusim {

/// What goes through a model in one pass. Lengths that are not given are the model's own.
template <class N>
struct InputShapeOf {
  N batch{1};                     ///< Samples: images with their texts, or sequences.
  std::optional<N> text_length;   ///< Tokens of a text or a sequence.
  std::optional<N> image_size;    ///< Pixels of a side.
  std::optional<N> loss_columns;  ///< Samples whose embeddings the contrastive loss compares with (all ranks); default: batch.
};
using InputShape = InputShapeOf<Count>;

/// Throws InputError where the model cannot take the shape: sizes that are not positive, an image that the patches do not
/// divide, more tokens than the position table has rows, a sequence length that nobody gave.
void check_input(const ModelSpec& model, const InputShape& input);

/// Patches along one side of the image.
template <class N>
[[nodiscard]] N patch_grid(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  return NumberTraits<N>::quotient(input.image_size.value_or(spec.image_size), spec.patch_size);
}

/// Tokens inside the vision tower: the patches that are kept, and the class token.
template <class N>
[[nodiscard]] N vision_tokens(const VisionSpec<N>& spec, const InputShapeOf<N>& input) {
  const N grid = patch_grid(spec, input);
  const N patches = grid * grid;
  const N kept = spec.style.patch_dropout > 0 ? NumberTraits<N>::remaining(patches, spec.style.patch_dropout) : patches;
  return spec.style.class_token ? kept + N(1) : kept;
}

/// Tokens inside the text tower: the text, and an appended class token.
template <class N>
[[nodiscard]] N text_tokens(const TextSpec<N>& spec, const InputShapeOf<N>& input) {
  const N length = input.text_length.value_or(spec.context_length);
  return spec.style.class_token ? length + N(1) : length;
}

/// Tokens of a sequence in a decoder. Throws std::logic_error where neither the run nor the model gives them.
template <class N>
[[nodiscard]] N sequence_tokens(const DecoderSpec<N>& spec, const InputShapeOf<N>& input) {
  if (input.text_length) return *input.text_length;
  if (!spec.context_length) throw std::logic_error("a decoder without a sequence length: check_input comes first");
  return *spec.context_length;
}

}  // namespace mfusim
