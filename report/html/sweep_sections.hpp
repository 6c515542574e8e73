// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html/page.hpp"
#include "study/sweep.hpp"

#include <string>
#include <vector>

namespace mfusim::html {

/// What a sweep's page holds beside its rows: what each value of an axis can reach, what separates the best two, how the best is
/// launched, and what the invalid configurations break. Long lists are cut, and say so.
[[nodiscard]] std::vector<Section> sweep_sections(const SweepAnswer& answer);

/// The first `longest` bytes of a text, whole characters, and "..." where it goes on.
[[nodiscard]] std::string cut(const std::string& text, std::size_t longest);
/// Bytes of a text inside the page's data, at most.
[[nodiscard]] std::size_t written_size(const std::string& text);

}  // namespace mfusim::html
