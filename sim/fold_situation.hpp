// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/fold_pattern.hpp"

#include <boost/functional/hash.hpp>

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <unordered_map>
#include <vector>

namespace mfusim {

/// A task of earlier groups that has not ended when a group starts, on a clock that starts there.
struct Unfinished {
  enum class Progress : std::uint8_t { Waits, Runs, Passes };
  FoldTask task;  ///< Its waits: other unfinished tasks, by position.
  Progress progress = Progress::Waits;
  double left = 0;         ///< Runs: work left at `since`, as the engine keeps it.
  double rate = 1;         ///< Runs: since then.
  std::int64_t since = 0;  ///< Runs: not positive. Passes: when it ends.
};

/// All that the past of a rank can do to its future, in program order.
struct Situation {
  std::pmr::vector<Unfinished> tasks;
  std::pmr::vector<std::uint32_t> waits;
};

/// Equal situations get the same number, and equal numbers are equal to the bit. 0: nothing is under way.
class Situations {
 public:
  /// They live in `memory`.
  explicit Situations(std::pmr::memory_resource* memory) : situations_(memory), known_(memory), key_(memory) {
    static_cast<void>(number_of({}));
  }
  [[nodiscard]] std::uint32_t number_of(const Situation& situation);
  [[nodiscard]] const Situation& operator[](std::uint32_t number) const { return situations_[number]; }

 private:
  using Key = std::pmr::vector<std::uint64_t>;

  std::pmr::deque<Situation> situations_;
  std::pmr::unordered_map<Key, std::uint32_t, boost::hash<Key>> known_;
  Key key_;  ///< Of the situation that is asked for.
};

}  // namespace mfusim
