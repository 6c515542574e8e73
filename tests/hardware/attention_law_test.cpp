// SPDX-License-Identifier: Apache-2.0
#include "hardware/attention_law.hpp"

#include "tests/catch.hpp"

#include <algorithm>

using namespace mfusim;

namespace {

/// 100 multiprocessors of 1 TFLOP/s, strict waves, memory that costs nothing.
const AttentionLaw plain{.ceiling = FlopsPerSecond(100e12),
                         .head_dim_half = 0,
                         .keys_half = 0,
                         .wave_softness = 1,
                         .floor = Seconds(0),
                         .memory_bandwidth = BytesPerSecond(1e18)};

AttentionShape square(std::int64_t batch, std::int64_t length, std::int64_t heads, std::int64_t head_dim) {
  return {.batch = batch,
          .heads = heads,
          .kv_heads = heads,
          .queries = length,
          .keys = length,
          .head_dim = head_dim,
          .window = length};
}

double time_of(const AttentionLaw& law, const AttentionShape& shape) {
  return attention_law_time(law, shape, law.ceiling, 100).count();
}

}  // namespace

TEST_CASE("full blocks run at the ceiling: 4 b h s^2 d forward, 2.5 times that backward", "[attention]") {
  AttentionShape shape = square(10, 1280, 10, 128);  // 10 x 10 x 10 blocks of 128 queries on 100 multiprocessors
  const double forward = 4.0 * 10 * 10 * 1280 * 1280 * 128 / 100e12;
  CHECK_THAT(time_of(plain, shape), WithinRel(forward, 1e-9));
  shape.direction = Direction::Backward;
  CHECK_THAT(time_of(plain, shape), WithinRel(2.5 * forward, 1e-9));
}

TEST_CASE("a causal mask halves the work but for the blocks on the diagonal", "[attention]") {
  const auto length = GENERATE(512, 2048, 16384);
  AttentionShape shape = square(100, length, 1, 64);
  const double full = time_of(plain, shape);
  shape.causal = true;
  // blocks of 128 queries visit (length + 128) / 2 keys on the average
  CHECK_THAT(time_of(plain, shape) / full, WithinRel((length + 128.0) / (2.0 * length), 1e-9));
}

TEST_CASE("a window bounds the keys that a block visits", "[attention]") {
  AttentionShape shape = square(100, 8192, 1, 64);
  shape.causal = true;
  shape.window = GENERATE(128, 1024, 4096);
  const auto window = static_cast<double>(shape.window);
  const AttentionShape full = square(100, 8192, 1, 64);
  double visited = 0;  // block after block: its own 128 keys and those of the window before it
  for (int block = 0; block < 8192 / 128; ++block) visited += std::min(block * 128.0, window) + 128;
  CHECK_THAT(time_of(plain, shape) / time_of(plain, full), WithinRel(visited / (8192.0 / 128) / 8192, 1e-9));
  AttentionShape causal = shape;
  causal.window = causal.keys;
  CHECK(time_of(plain, shape) < time_of(plain, causal));
  CHECK_THAT(visible_keys(shape), WithinRel(window - window * (window - 1) / (2 * 8192.0), 1e-9));
}

TEST_CASE("odd head sizes pay for the next compiled one", "[attention]") {
  CHECK(padded_head_dim(AttentionKernel::Flash2, 80) == 96);
  CHECK(padded_head_dim(AttentionKernel::Flash2, 64) == 64);
  CHECK(padded_head_dim(AttentionKernel::Flash2, 88) == 96);
  CHECK(padded_head_dim(AttentionKernel::Flash3, 104) == 128);
  CHECK_THAT(time_of(plain, square(8, 4096, 16, 80)), WithinRel(time_of(plain, square(8, 4096, 16, 96)), 1e-9));
}

TEST_CASE("lengths that fill no tile pay for it: ViT sequences", "[attention]") {
  // 257 tokens need three blocks of 128 queries where 256 need two, and five tiles of 64 keys instead of four
  const double ratio = time_of(plain, square(100, 257, 1, 64)) / time_of(plain, square(100, 256, 1, 64));
  CHECK_THAT(ratio, WithinRel(3.0 / 2.0 * 5.0 / 4.0, 1e-9));
}

TEST_CASE("fewer key heads move fewer bytes and compute the same", "[attention]") {
  AttentionLaw slow_memory = plain;
  slow_memory.memory_bandwidth = BytesPerSecond(1e9);
  AttentionShape shape = square(2, 2048, 32, 128);
  AttentionShape grouped = shape;
  grouped.kv_heads = 8;
  CHECK(time_of(slow_memory, grouped) < time_of(slow_memory, shape));
  CHECK_THAT(time_of(plain, grouped), WithinRel(time_of(plain, shape), 1e-6));
}

TEST_CASE("dropout costs as much as so many more columns of a head, for each score", "[attention]") {
  AttentionLaw law = plain;
  law.dropout_dim = 32;
  AttentionShape shape = square(8, 4096, 16, 96);
  const double without = time_of(law, shape);
  shape.dropout = true;
  CHECK_THAT(time_of(law, shape), WithinRel(without * 4 / 3, 1e-9));  // 96 + 32 columns
  CHECK_THAT(time_of(plain, shape), WithinRel(without, 1e-9));
}
