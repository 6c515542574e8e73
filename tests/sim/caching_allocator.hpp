// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace mfusim::tests {

/// PyTorch's caching allocator for one stream, by its published rules; bytes throughout:
///
/// - a request is rounded up to 512; up to 1 MiB it is small, and small and large blocks never share a segment;
/// - a segment, which is what the device is asked for, has 2 MiB for small requests, 20 MiB for requests below 10 MiB, and from
///   there on the request rounded up to 2 MiB;
/// - the smallest cached block that is large enough is taken, the lowest address of equal ones, before the device is asked;
/// - what is left of a block becomes a block of its own: from 512 on in small segments, above 1 MiB in large ones;
/// - a block that is given back joins its neighbours in the segment that are cached too;
/// - segments go back to the device only when it has no room for another: then all that are cached whole.
///
/// Source: pytorch/pytorch, c10/cuda/CUDACachingAllocator.cpp (kMinBlockSize, kSmallSize, kSmallBuffer, kLargeBuffer,
/// kMinLargeAlloc, kRoundLarge; get_free_block, should_split, free_block, release_cached_blocks). Left out: settings that are off
/// by default, and pools of graphs and of further streams.
class CachingAllocator {
 public:
  static constexpr std::int64_t without_limit = std::numeric_limits<std::int64_t>::max();
  /// `room` of the device for segments.
  explicit CachingAllocator(std::int64_t room = without_limit) : room_(room) {}

  using Block = std::size_t;
  /// Throws std::runtime_error where the device has no room, even without what is cached whole.
  [[nodiscard]] Block allocate(std::int64_t bytes);
  void give_back(Block block);

  [[nodiscard]] std::int64_t allocated() const { return allocated_; }
  [[nodiscard]] std::int64_t reserved() const { return reserved_; }
  [[nodiscard]] std::int64_t most_allocated() const { return most_allocated_; }
  [[nodiscard]] std::int64_t most_reserved() const { return most_reserved_; }

 private:
  static constexpr Block none = std::numeric_limits<Block>::max();
  struct Piece {
    std::int64_t address = 0;
    std::int64_t size = 0;
    Block previous = none;  ///< Neighbours in the segment.
    Block next = none;
    bool small = false;
    bool cached = false;
  };
  using SizeAndAddress = std::pair<std::int64_t, std::int64_t>;
  using Cached = std::set<std::pair<SizeAndAddress, Block>>;

  [[nodiscard]] Cached& pool(const Piece& piece) { return cached_[piece.small ? 1 : 0]; }
  void cache(Block block);
  void take_out(Block block);
  [[nodiscard]] Block new_segment(std::int64_t size, bool small);
  void give_segments_back();
  void split(Block block, std::int64_t size);
  void join_next(Block block);

  std::int64_t room_;
  std::int64_t allocated_ = 0;
  std::int64_t reserved_ = 0;
  std::int64_t most_allocated_ = 0;
  std::int64_t most_reserved_ = 0;
  std::int64_t next_address_ = 0;
  std::vector<Piece> pieces_;
  std::array<Cached, 2> cached_;
};

/// A tensor's memory, which goes back to the allocator with the last one that refers to it.
using Tensor = std::shared_ptr<const CachingAllocator::Block>;
[[nodiscard]] Tensor tensor_of(CachingAllocator& allocator, std::int64_t bytes);

}  // namespace mfusim::tests
