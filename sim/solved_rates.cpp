// SPDX-License-Identifier: Apache-2.0
#include "sim/solved_rates.hpp"

namespace mfusim {

void SolvedRates::forget(std::size_t entries) {
  entries_.assign(entries, Entry{});
  words_.clear();
  rates_.clear();
  kept_ = 0;
}

void SolvedRates::keep(Key key, std::span<const double> rates) {
  constexpr std::size_t most_kept = 8192;
  constexpr std::size_t most_words = std::size_t{1} << 18U;  // 2 MiB
  if (key.size() > most_words / most_kept) return;           // many tasks at once: that very set is not coming back
  if (2 * kept_ >= entries_.size() || words_.size() + key.size() > most_words) {
    forget(2 * std::min(most_kept, entries_.size()));
    at_ = hash_of(key) & (entries_.size() - 1);
  }
  const auto words = static_cast<std::uint32_t>(words_.size());
  const auto first_rate = static_cast<std::uint32_t>(rates_.size());
  entries_[at_] = {words, static_cast<std::uint32_t>(key.size()), first_rate, static_cast<std::uint32_t>(rates.size())};
  words_.insert(words_.end(), key.begin(), key.end());
  rates_.insert(rates_.end(), rates.begin(), rates.end());
  ++kept_;
}

}  // namespace mfusim
