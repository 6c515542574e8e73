// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// The known word closest to `word`, ignoring case (the same, one that contains it, or an edit distance of at most a third of its
/// length), if any.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

/// The known words as near as `nearest` asks, nearest first, at most `most` of them.
[[nodiscard]] std::vector<std::string> near_words(std::string_view word, const std::vector<std::string>& known, std::size_t most);

/// "; did you mean 'x'?" or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace mfusim
