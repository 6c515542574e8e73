// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/reader.hpp"
#include "model/spec.hpp"

namespace mfusim {

/// One reader a configuration format. Each checks everything and fills the defaults of the library that the format
/// belongs to.

/// Hugging Face config.json: by `model_type`, or by `architectures` where that is missing.
[[nodiscard]] ModelSpec read_hugging_face_model(Reader root);

/// open_clip and EVA-CLIP model configurations (`embed_dim`, `vision_cfg`, `text_cfg`).
[[nodiscard]] ModelSpec read_open_clip_model(Reader root);

}  // namespace mfusim
