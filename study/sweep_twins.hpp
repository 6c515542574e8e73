// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace mfusim {

/// Two configurations that are one plan in other words: they differ in nothing but `parallel.recompute` or `parallel.sequence`,
/// and come to the same time and memory. With flash attention `selective` frees nothing and repeats nothing, so it is `none`;
/// `sequence: auto` is one of the other two. `axes`: the paths that the values stand for.
[[nodiscard]] bool are_twins(const std::vector<std::string>& axes, const RankedRow& a, const RankedRow& b);

/// The first `top` of rows in their order, without those that are a twin of a row before them: that row names them.
[[nodiscard]] std::vector<RankedRow> without_twins(const std::vector<std::string>& axes, std::vector<RankedRow> rows,
                                                   std::size_t top);

/// How many rows a ranking keeps so that `top` remain: twice as many for each axis that holds two words for one thing.
[[nodiscard]] std::size_t rows_with_twins(const SweepSpace& space, std::size_t top);

}  // namespace mfusim
