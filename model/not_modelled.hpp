// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace mfusim {

/// What is not modelled in the architecture that a Hugging Face `model_type` names ("a mixture of experts"); empty where the
/// type is not known.
[[nodiscard]] std::string_view unmodelled_structure(std::string_view model_type);

/// The same for the name of a model: "google/gemma-2-9b" has layers with and without a sliding window.
[[nodiscard]] std::string_view unmodelled_structure_of_model(std::string_view name);

/// A name without its owner and without the words that say how a checkpoint was tuned or packed (Instruct, chat, it, hf, ..),
/// in small letters: checkpoints that differ in these words alone have one architecture.
[[nodiscard]] std::string untuned_name(std::string_view name);

}  // namespace mfusim
