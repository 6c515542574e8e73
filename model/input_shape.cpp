// SPDX-License-Identifier: Apache-2.0
#include "model/input_shape.hpp"

#include "base/input_error.hpp"

#include <fmt/format.h>

#include <string_view>

namespace mfusim {
namespace {

void check_positive(std::string_view name, const std::optional<Count>& value) {
  if (value && value->value() <= 0) {
    throw InputError(fmt::format("{}: expected a positive integer, got {}", name, value->value()));
  }
}

void check_at_most(std::string_view name, std::string_view rule, std::int64_t limit, std::int64_t value) {
  if (value > limit) throw InputError(fmt::format("{}: at most {} ({}), got {}", name, limit, rule, value));
}

void check_vision(const VisionSpec<Count>& spec, const InputShape& input) {
  const std::int64_t image = input.image_size.value_or(spec.image_size).value();
  const std::int64_t patch = spec.patch_size.value();
  if (image < patch) throw InputError(fmt::format("image_size: {} is smaller than a patch ({})", image, patch));
  if (image % patch != 0 && !spec.style.crop_to_patches) {
    throw InputError(fmt::format("image_size: patch_size ({}) does not divide {}", patch, image));
  }
}

void check_text(const TextSpec<Count>& spec, const InputShape& input) {
  if (!input.text_length || spec.style.position == TablePosition::None) return;
  check_at_most("text_length", "positions of the text tower", spec.context_length.value(), input.text_length->value());
}

void check_decoder(const DecoderSpec<Count>& spec, const InputShape& input) {
  if (!input.text_length && !spec.context_length) {
    throw InputError("sequence_length: missing: the model has no length of its own");
  }
  if (spec.positions && input.text_length && spec.style.position == TablePosition::Learned) {
    check_at_most("sequence_length", "positions of the decoder", spec.positions->value(), input.text_length->value());
  }
}

}  // namespace

void check_input(const ModelSpec& model, const InputShape& input) {
  check_positive("batch", input.batch);
  check_positive("text_length", input.text_length);
  check_positive("image_size", input.image_size);
  check_positive("loss_columns", input.loss_columns);
  if (model.vision) check_vision(*model.vision, input);
  if (!model.vision && input.image_size) throw InputError(fmt::format("image_size: {} has no vision tower", model.name));
  if (model.text) check_text(*model.text, input);
  if (model.decoder) check_decoder(*model.decoder, input);
  if (!model.text && !model.decoder && input.text_length) {
    throw InputError(fmt::format("text_length: {} reads no text", model.name));
  }
}

}  // namespace mfusim
