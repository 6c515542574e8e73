// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "model/spec.hpp"

namespace mfusim {

/// The towers of open_clip and EVA-CLIP configurations; defaults are those of their CLIPVisionCfg and CLIPTextCfg. Unknown
/// keys are refused, as the libraries' own constructors do.

/// open_clip's own vision transformer. A list of layers means a ResNet: refused.
[[nodiscard]] VisionSpec<Count> read_open_clip_vision(Reader& reader, Count projection, ActivationKind activation);
[[nodiscard]] TextSpec<Count> read_open_clip_text(Reader& reader, Count projection, ActivationKind activation);

/// EVA-CLIP's EVAVisionTransformer (`eva_model_name`).
[[nodiscard]] VisionSpec<Count> read_eva_vision(Reader& reader, Count projection);

/// A tower taken from timm by its name; names that are no plain vision transformer are refused.
[[nodiscard]] VisionSpec<Count> read_timm_vision(Reader& reader, Count projection);

/// A text tower taken from Hugging Face by its name.
[[nodiscard]] TextSpec<Count> read_hf_text(Reader& reader, Count projection);

/// CoCa's caption decoder, and what it changes in the two towers: texts have the decoder's length.
void read_coca(Reader reader, Reader text_config, ModelSpec& model);

}  // namespace mfusim
