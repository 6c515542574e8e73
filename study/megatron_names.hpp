// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// What a flag sets in a scenario.
struct FlagMeaning {
  const char* key;
  const char* value;
};

/// Names without the leading dashes. Source: NVIDIA/Megatron-LM, megatron/training/arguments.py; those of torchrun:
/// pytorch/pytorch, torch/distributed/run.py.
/// Arguments with one value, and the key that takes it as it is.
[[nodiscard]] const std::map<std::string, std::string, std::less<>>& megatron_value_keys();
[[nodiscard]] const std::map<std::string, FlagMeaning, std::less<>>& megatron_flags();
/// Values that have other names in a scenario.
[[nodiscard]] std::optional<FlagMeaning> megatron_word(const std::string& name, const std::string& value);
/// The values that an argument may have there; none: it is no such argument.
[[nodiscard]] std::vector<std::string> megatron_words(std::string_view name);
/// Arguments whose value is computed with others.
[[nodiscard]] bool is_computed(std::string_view name);
/// What changes no step, and what another argument says already.
[[nodiscard]] bool is_passed_over(std::string_view name);

}  // namespace mfusim
