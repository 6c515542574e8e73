// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

/// Runs of letters and of digits: "h100-80gb" is h, 100, 80, gb.
std::vector<std::string_view> pieces_of(std::string_view text) {
  enum class Kind { Other, Digit, Letter };
  const auto kind_at = [&](std::size_t i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (std::isdigit(c) != 0) return Kind::Digit;
    return std::isalpha(c) != 0 ? Kind::Letter : Kind::Other;
  };
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = begin + 1;
    while (end < text.size() && kind_at(end) == kind_at(begin)) ++end;
    if (kind_at(begin) != Kind::Other) pieces.push_back(text.substr(begin, end - begin));
  }
  return pieces;
}

constexpr std::size_t shortest_part = 3;  // fewer letters are part of too many words

/// Are the pieces of `word` among those of `candidate`, in order? One of three letters or more may be the beginning of a longer
/// one.
bool has_pieces_of(std::string_view candidate, std::string_view word) {
  const std::vector<std::string_view> wanted = pieces_of(word);
  std::size_t found = 0;
  for (const std::string_view piece : pieces_of(candidate)) {
    if (found == wanted.size()) break;
    const std::string_view next = wanted[found];
    const bool may_be_longer = next.size() >= shortest_part && std::isdigit(static_cast<unsigned char>(next[0])) == 0;
    if (piece == next || (may_be_longer && piece.starts_with(next))) ++found;
  }
  return !wanted.empty() && found == wanted.size();
}

struct NearWord {
  std::size_t distance;
  bool whole;  ///< Not a part: the same word with a slip.
  const std::string* word;
};

/// Both in small letters. A part that candidate begins with, or pieces of it, are as near as one slip, one from its middle as
/// two.
NearWord compare(const std::string& wanted, const std::string& candidate, const std::string& as_written) {
  const std::size_t slips = edit_distance(wanted, candidate);
  if (wanted.size() >= shortest_part && slips > 1) {
    if (candidate.starts_with(wanted) || has_pieces_of(candidate, wanted)) return {1, false, &as_written};
    if (candidate.find(wanted) != std::string::npos) return {2, false, &as_written};
  }
  return {slips, true, &as_written};
}

/// The known words that may be meant, nearest first.
std::vector<NearWord> all_near(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t longest_typo = 200;  // longer words are no typing slips
  std::vector<NearWord> found;
  if (word.size() > longest_typo) return found;
  const std::string wanted = lower(word);
  const std::size_t most_slips = wanted.size() <= shortest_part ? 1 : std::max<std::size_t>(2, wanted.size() / 3);
  for (const std::string& candidate : known) {
    const NearWord near = compare(wanted, lower(candidate), candidate);
    if (!near.whole || near.distance <= most_slips) found.push_back(near);
  }
  std::stable_sort(found.begin(), found.end(), [](const NearWord& a, const NearWord& b) {
    return a.distance != b.distance ? a.distance < b.distance : a.whole && !b.whole;
  });
  return found;
}

}  // namespace

std::vector<std::string> near_words(std::string_view word, const std::vector<std::string>& known, std::size_t most) {
  const std::vector<NearWord> found = all_near(word, known);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::min(most, found.size()); ++i) words.push_back(*found[i].word);
  return words;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::vector<std::string> found = near_words(word, known, 1);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t most = 4;
  const std::vector<NearWord> found = all_near(word, known);
  if (found.empty()) return "";
  std::vector<std::string> meant;
  for (const NearWord& near : found) {
    const bool as_near = near.distance == found.front().distance && !near.whole && !found.front().whole;
    if (meant.empty() || (as_near && meant.size() < most)) meant.push_back(fmt::format("'{}'", *near.word));
  }
  const std::string last = std::move(meant.back());
  meant.pop_back();
  return fmt::format("; did you mean {}{}{}?", fmt::join(meant, ", "), meant.empty() ? "" : " or ", last);
}

}  // namespace mfusim
