// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace mfusim {

/// What a printed number means and what it comes from, for people who see it for the first time.
struct Meaning {
  std::string label;       ///< "exposed data communication"
  std::string definition;  ///< One sentence; empty where the glossary has none.
  std::string source;      ///< What it is computed or read from.
};

/// The glossary's entry of a key of the answer: of a figure ("mfu"), a part of the step ("bubble"), of the memory
/// ("activations"), a class of steps ("matmul"). An unknown key becomes its own label, without a definition.
[[nodiscard]] Meaning meaning_of(std::string_view key);

/// The glossary's key of a part of the memory: the step has an "optimizer" too, which is time.
[[nodiscard]] std::string memory_key(const std::string& part);

}  // namespace mfusim
