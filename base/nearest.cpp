// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace mfusim {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// Levenshtein distance, ignoring case.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::vector<std::string> near_words(std::string_view word, const std::vector<std::string>& known, std::size_t most) {
  constexpr std::size_t longest_typo = 200;  // longer words are no typing slips
  if (word.size() > longest_typo) return {};
  const std::string wanted = lower(word);
  const std::size_t farthest = std::max<std::size_t>(2, wanted.size() / 3);
  std::vector<std::pair<std::size_t, const std::string*>> found;
  for (const std::string& candidate : known) {
    const std::string folded = lower(candidate);
    const bool extends = wanted.size() >= 3 && folded.find(wanted) != std::string::npos;
    const std::size_t distance = extends && folded != wanted ? 1 : edit_distance(wanted, folded);
    if (distance <= farthest) found.emplace_back(distance, &candidate);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(most, found.size()); ++i) words.push_back(*found[i].second);
  return words;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> found = near_words(word, known, 1);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> best = nearest(word, known);
  return best ? fmt::format("; did you mean '{}'?", *best) : std::string();
}

}  // namespace mfusim
