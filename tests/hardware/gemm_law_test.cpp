// SPDX-License-Identifier: Apache-2.0
#include "hardware/gemm_law.hpp"

#include "tests/catch.hpp"

using namespace mfusim;

namespace {

/// 100 multiprocessors of 1 TFLOP/s each, strict waves, nothing lost: times can be computed by hand.
const GemmLaw plain{.ceiling = FlopsPerSecond(100e12),
                    .k_half = 0,
                    .wave_softness = 1,
                    .tile_efficiency = {1, 0.9, 0.8, 0.7, 0.6},
                    .memory_bandwidth = BytesPerSecond(1e18),
                    .floor = Seconds(0),
                    .sharpness = 4};

Seconds time_of(const GemmLaw& law, const GemmShape& shape) {
  return gemm_law_time(law, shape, law.ceiling, 100);
}

}  // namespace

TEST_CASE("full waves of the largest tile run at the ceiling", "[gemm]") {
  const GemmShape shape{.m = 2560, .n = 1280, .k = 4096};  // 10 x 10 tiles of 256 x 128 on 100 multiprocessors
  CHECK_THAT(time_of(plain, shape).count(), WithinRel(2.0 * 2560 * 1280 * 4096 / 100e12, 1e-9));
}

TEST_CASE("one row more than full tiles costs no more than another wave", "[gemm]") {
  const GemmShape full{.m = 2560, .n = 1280, .k = 4096};
  const GemmShape more{.m = 2561, .n = 1280, .k = 4096};
  CHECK(time_of(plain, more) > time_of(plain, full));
  CHECK(time_of(plain, more) <= 2 * time_of(plain, full));
}

TEST_CASE("softer waves cost less past a full wave and the same on one", "[gemm]") {
  GemmLaw soft = plain;
  soft.wave_softness = 0.3;
  const GemmShape full{.m = 2560, .n = 1280, .k = 4096};
  const GemmShape past{.m = 3840, .n = 1280, .k = 4096};
  CHECK_THAT(time_of(soft, full).count(), WithinRel(time_of(plain, full).count(), 1e-12));
  CHECK(time_of(soft, past) < time_of(plain, past));
}

TEST_CASE("rate falls with k as k / (k + k0)", "[gemm]") {
  GemmLaw law = plain;
  law.k_half = 128;
  const auto k = GENERATE(64, 128, 512, 4096);
  const GemmShape shape{.m = 2560, .n = 1280, .k = k};
  const double rate = 2.0 * 2560 * 1280 * k / time_of(law, shape).count();
  CHECK_THAT(rate, WithinRel(100e12 * k / (k + 128.0), 1e-9));
}

TEST_CASE("a thin product takes the time of its bytes, an empty one the floor", "[gemm]") {
  GemmLaw law = plain;
  law.memory_bandwidth = BytesPerSecond(1e11);
  law.floor = Seconds(2e-6);
  const GemmShape thin{.m = 1, .n = 65536, .k = 16384, .dtype = DataType::Bf16};
  const double bytes = 2.0 * (16384 + 65536.0 * 16384 + 65536);
  CHECK_THAT(time_of(law, thin).count(), WithinRel(2e-6 + bytes / 1e11, 0.01));
  CHECK(time_of(law, {.m = 1, .n = 1, .k = 1}) >= law.floor);
}

TEST_CASE("batched products fill the waves together", "[gemm]") {
  const GemmShape one{.m = 256, .n = 128, .k = 4096};
  GemmShape hundred = one;
  hundred.batch = 100;
  CHECK_THAT(time_of(plain, hundred).count(), WithinRel(2.0 * 100 * 256 * 128 * 4096 / 100e12, 1e-9));
  CHECK(time_of(plain, one) <= time_of(plain, hundred));
}

TEST_CASE("more work never takes less time: m, n and k in whole tiles", "[gemm][property]") {
  GemmLaw law = plain;
  law.k_half = 100;
  law.wave_softness = GENERATE(0.0, 0.5, 1.0);
  law.memory_bandwidth = BytesPerSecond(2e12);
  const auto m = GENERATE(256, 1024, 8192);
  const auto n = GENERATE(256, 2048, 4096);
  const GemmShape shape{.m = m, .n = n, .k = 1024};
  CAPTURE(m, n);
  CHECK(time_of(law, {.m = m + 256, .n = n, .k = 1024}) >= time_of(law, shape));
  CHECK(time_of(law, {.m = m, .n = n + 256, .k = 1024}) >= time_of(law, shape));
  CHECK(time_of(law, {.m = m, .n = n, .k = 1088}) > time_of(law, shape));
}
