// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/caching_allocator.hpp"

#include "tests/catch.hpp"

#include <stdexcept>

using namespace mfusim::tests;

namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;

std::int64_t reserved_for(std::int64_t bytes) {
  CachingAllocator allocator;
  static_cast<void>(allocator.allocate(bytes));
  return allocator.reserved();
}

}  // namespace

TEST_CASE("caching allocator: a request takes whole blocks of 512 bytes", "[unit]") {
  CachingAllocator allocator;
  static_cast<void>(allocator.allocate(1));
  CHECK(allocator.allocated() == 512);
  static_cast<void>(allocator.allocate(513));
  CHECK(allocator.allocated() == 512 + 1024);
}

TEST_CASE("caching allocator: segments of 2 MiB up to 1 MiB, of 20 MiB below 10 MiB, else the request in steps of 2 MiB",
          "[unit]") {
  CHECK(reserved_for(1) == 2 * mib);
  CHECK(reserved_for(mib) == 2 * mib);
  CHECK(reserved_for(mib + 1) == 20 * mib);
  CHECK(reserved_for(10 * mib - 512) == 20 * mib);
  CHECK(reserved_for(10 * mib) == 10 * mib);
  CHECK(reserved_for(63 * mib) == 64 * mib);
  CHECK(reserved_for(64 * mib) == 64 * mib);
}

TEST_CASE("caching allocator: what is left of a block serves later requests, small and large ones apart", "[unit]") {
  CachingAllocator allocator;
  static_cast<void>(allocator.allocate(8 * mib));  // of 20
  static_cast<void>(allocator.allocate(9 * mib));  // 3 left
  CHECK(allocator.reserved() == 20 * mib);
  static_cast<void>(allocator.allocate(kib));  // not from the 3 that are left
  CHECK(allocator.reserved() == 22 * mib);
  static_cast<void>(allocator.allocate(3 * mib));
  CHECK(allocator.reserved() == 22 * mib);
  static_cast<void>(allocator.allocate(2 * mib));
  CHECK(allocator.reserved() == 42 * mib);
}

TEST_CASE("caching allocator: a large block is cut only where more than 1 MiB is left", "[unit]") {
  for (const std::int64_t left : {mib, mib + 512}) {
    CAPTURE(left);
    CachingAllocator allocator;
    allocator.give_back(allocator.allocate(64 * mib));
    static_cast<void>(allocator.allocate(64 * mib - left));
    CHECK(allocator.allocated() == 64 * mib - (left > mib ? left : 0));
  }
}

TEST_CASE("caching allocator: of the cached blocks the smallest that is large enough is taken", "[unit]") {
  CachingAllocator allocator;
  const auto large = allocator.allocate(100 * mib);
  const auto middle = allocator.allocate(40 * mib);
  const auto little = allocator.allocate(20 * mib);
  for (const auto block : {large, middle, little}) allocator.give_back(block);
  CHECK(allocator.allocate(30 * mib) == middle);
  CHECK(allocator.allocate(20 * mib) == little);
  CHECK(allocator.allocate(41 * mib) == large);
  CHECK(allocator.reserved() == 160 * mib);
}

TEST_CASE("caching allocator: neighbours join within a segment, never across segments", "[unit]") {
  CachingAllocator allocator;
  allocator.give_back(allocator.allocate(90 * mib));
  const auto first = allocator.allocate(30 * mib);
  const auto second = allocator.allocate(30 * mib);
  const auto third = allocator.allocate(30 * mib);
  allocator.give_back(first);
  allocator.give_back(third);
  static_cast<void>(allocator.allocate(60 * mib));  // two holes of 30 are no room for 60
  CHECK(allocator.reserved() == 150 * mib);
  allocator.give_back(second);
  static_cast<void>(allocator.allocate(90 * mib));  // the three are one again
  CHECK(allocator.reserved() == 150 * mib);

  CachingAllocator apart;
  const auto one = apart.allocate(30 * mib);
  const auto other = apart.allocate(30 * mib);
  apart.give_back(one);
  apart.give_back(other);
  static_cast<void>(apart.allocate(60 * mib));
  CHECK(apart.reserved() == 120 * mib);
}

TEST_CASE("caching allocator: segments that are cached whole go back when the device is full, and only then", "[unit]") {
  CachingAllocator allocator(100 * mib);
  const auto kept = allocator.allocate(20 * mib);
  allocator.give_back(allocator.allocate(50 * mib));
  static_cast<void>(allocator.allocate(30 * mib));  // of the 50
  CHECK(allocator.reserved() == 70 * mib);
  CHECK_THROWS_AS(allocator.allocate(60 * mib), std::runtime_error);  // 20 of the 50 are cached, not the whole segment
  allocator.give_back(kept);
  static_cast<void>(allocator.allocate(40 * mib));  // the segment of 20 goes back
  CHECK(allocator.reserved() == 90 * mib);
  CHECK(allocator.most_reserved() == 90 * mib);
}

TEST_CASE("caching allocator: a tensor's memory goes back with the last that refers to it", "[unit]") {
  CachingAllocator allocator;
  Tensor tensor = tensor_of(allocator, 64 * mib);
  Tensor view = tensor;
  tensor.reset();
  CHECK(allocator.allocated() == 64 * mib);
  view.reset();
  CHECK(allocator.allocated() == 0);
  CHECK(allocator.most_allocated() == 64 * mib);
  CHECK(allocator.reserved() == 64 * mib);
}
