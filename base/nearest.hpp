// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mfusim {

/// The known word closest to `word`, ignoring case, if any: the same; one that begins with it or has its pieces (runs of letters
/// and of digits, or their beginnings) in order, as near as one slip; one that contains it, as near as two; or one at an edit
/// distance of at most two or a third of its length, of one where it has three letters or fewer.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

/// The known words as near as `nearest` asks, nearest first, at most `most` of them.
[[nodiscard]] std::vector<std::string> near_words(std::string_view word, const std::vector<std::string>& known, std::size_t most);

/// "; did you mean 'x'?" or nothing. Up to four words that `word` is part of, equally near: "; did you mean 'x', 'y' or 'z'?".
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace mfusim
