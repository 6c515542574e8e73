// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/caching_allocator.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim::tests {
namespace {

constexpr std::int64_t mebibyte = 1024 * 1024;
constexpr std::int64_t smallest_block = 512;
constexpr std::int64_t largest_small = mebibyte;
constexpr std::int64_t small_segment = 2 * mebibyte;
constexpr std::int64_t middle_segment = 20 * mebibyte;
constexpr std::int64_t least_own_segment = 10 * mebibyte;
constexpr std::int64_t segment_steps = 2 * mebibyte;

std::int64_t round_up(std::int64_t bytes, std::int64_t step) {
  return (bytes + step - 1) / step * step;
}

std::int64_t segment_size(std::int64_t request) {
  if (request <= largest_small) return small_segment;
  if (request < least_own_segment) return middle_segment;
  return round_up(request, segment_steps);
}

}  // namespace

void CachingAllocator::cache(Block block) {
  Piece& piece = pieces_[block];
  piece.cached = true;
  pool(piece).insert({{piece.size, piece.address}, block});
}

void CachingAllocator::take_out(Block block) {
  Piece& piece = pieces_[block];
  pool(piece).erase({{piece.size, piece.address}, block});
  piece.cached = false;
}

void CachingAllocator::give_segments_back() {
  for (Cached& blocks : cached_) {
    for (auto at = blocks.begin(); at != blocks.end();) {
      const Piece& piece = pieces_[at->second];
      const bool whole = piece.previous == none && piece.next == none;
      if (whole) reserved_ -= piece.size;
      at = whole ? blocks.erase(at) : std::next(at);
    }
  }
}

CachingAllocator::Block CachingAllocator::new_segment(std::int64_t size, bool small) {
  if (reserved_ > room_ - size) give_segments_back();
  if (reserved_ > room_ - size) throw std::runtime_error("out of memory");
  reserved_ += size;
  most_reserved_ = std::max(most_reserved_, reserved_);
  pieces_.push_back({.address = next_address_, .size = size, .small = small});
  next_address_ += size;
  return pieces_.size() - 1;
}

void CachingAllocator::split(Block block, std::int64_t size) {
  const Block rest = pieces_.size();
  Piece piece = pieces_[block];
  pieces_.push_back(
      {.address = piece.address + size, .size = piece.size - size, .previous = block, .next = piece.next, .small = piece.small});
  if (piece.next != none) pieces_[piece.next].previous = rest;
  pieces_[block].next = rest;
  pieces_[block].size = size;
  cache(rest);
}

CachingAllocator::Block CachingAllocator::allocate(std::int64_t bytes) {
  const std::int64_t size = std::max(smallest_block, round_up(bytes, smallest_block));
  const bool small = size <= largest_small;
  const Cached& cached = cached_[small ? 1 : 0];
  const auto fits = cached.lower_bound({{size, 0}, 0});
  const Block block = fits == cached.end() ? new_segment(segment_size(size), small) : fits->second;
  if (pieces_[block].cached) take_out(block);
  const std::int64_t left = pieces_[block].size - size;
  if (small ? left >= smallest_block : left > largest_small) split(block, size);
  allocated_ += pieces_[block].size;
  most_allocated_ = std::max(most_allocated_, allocated_);
  return block;
}

void CachingAllocator::join_next(Block block) {
  const Block next = pieces_[block].next;
  take_out(next);
  pieces_[block].size += pieces_[next].size;
  pieces_[block].next = pieces_[next].next;
  if (pieces_[next].next != none) pieces_[pieces_[next].next].previous = block;
}

void CachingAllocator::give_back(Block block) {
  allocated_ -= pieces_[block].size;
  if (pieces_[block].next != none && pieces_[pieces_[block].next].cached) join_next(block);
  const Block previous = pieces_[block].previous;
  if (previous != none && pieces_[previous].cached) {
    take_out(previous);
    pieces_[previous].size += pieces_[block].size;
    pieces_[previous].next = pieces_[block].next;
    if (pieces_[block].next != none) pieces_[pieces_[block].next].previous = previous;
    block = previous;
  }
  cache(block);
}

Tensor tensor_of(CachingAllocator& allocator, std::int64_t bytes) {
  const auto give_back = [&allocator](const CachingAllocator::Block* block) {
    allocator.give_back(*block);
    delete block;
  };
  return {new CachingAllocator::Block(allocator.allocate(bytes)), give_back};
}

}  // namespace mfusim::tests
