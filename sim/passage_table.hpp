// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mfusim {

/// A pass of one micro-batch through one chunk, by its place in the whole model.
struct Passage {
  std::uint32_t chunk = 0;  ///< Of the whole model: 0 .. stages x virtual_stages - 1.
  std::uint32_t micro_batch = 0;
  auto operator<=>(const Passage&) const = default;
};

/// Something for each passage of a step.
template <class T>
class PassageTable {
 public:
  PassageTable(std::size_t chunks, std::int64_t micro_batches)
      : micro_batches_(static_cast<std::size_t>(micro_batches)), cells_(chunks * micro_batches_) {}

  [[nodiscard]] T& operator[](const Passage& passage) { return cells_[passage.chunk * micro_batches_ + passage.micro_batch]; }
  [[nodiscard]] const T& at(const Passage& passage) const {
    return cells_.at(passage.chunk * micro_batches_ + passage.micro_batch);
  }

  /// Calls `visit(passage, value)` for each, chunk by chunk.
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < cells_.size(); ++i)
      visit(Passage{static_cast<std::uint32_t>(i / micro_batches_), static_cast<std::uint32_t>(i % micro_batches_)}, cells_[i]);
  }

 private:
  std::size_t micro_batches_;
  std::vector<T> cells_;
};

}  // namespace mfusim
