// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

/// Rates that were solved before, by everything that they depend on: the same loads come back at nearly every event of a step.
/// A key is compared in full, so what is found is what solving would give. It forgets now and then, and never grows large.
class SolvedRates {
 public:
  using Key = std::span<const std::uint64_t>;

  /// The rates kept under this key; empty where there are none. Valid until the next keep().
  [[nodiscard]] std::span<const double> find(Key key) {
    at_ = hash_of(key) & (entries_.size() - 1);
    while (entries_[at_].words != 0) {
      const Entry& entry = entries_[at_];
      if (entry.words == key.size() && std::equal(key.begin(), key.end(), words_.begin() + entry.first_word))
        return std::span(rates_).subspan(entry.first_rate, entry.rates);
      at_ = (at_ + 1) & (entries_.size() - 1);
    }
    return {};
  }
  /// Keeps the rates under the key that find() was asked for last; neither is empty.
  void keep(Key key, std::span<const double> rates);

 private:
  struct Entry {
    std::uint32_t first_word = 0;  ///< In `words_`.
    std::uint32_t words = 0;       ///< 0: nothing is kept here.
    std::uint32_t first_rate = 0;  ///< In `rates_`.
    std::uint32_t rates = 0;
  };

  [[nodiscard]] static std::uint64_t hash_of(Key key) {
    constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U;
    std::uint64_t hash = key.size();
    for (const std::uint64_t word : key) hash = ((hash << 23U | hash >> 41U) ^ word) * odd;
    return hash >> 32U;
  }
  void forget(std::size_t entries);

  std::vector<Entry> entries_ = std::vector<Entry>(1024);  ///< By hash, or in the next free place. A power of two.
  std::vector<std::uint64_t> words_;
  std::vector<double> rates_;
  std::size_t kept_ = 0;  ///< At most half of the entries.
  std::size_t at_ = 0;
};

}  // namespace mfusim
