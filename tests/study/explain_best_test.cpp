// SPDX-License-Identifier: Apache-2.0
#include "study/explain_best.hpp"

#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

using namespace mfusim;
using namespace mfusim::tests;

namespace {

SweepAnswer explained(const std::string& global_batch) {
  const SweepSpace space = sweep_space("sweep:\n  axes:\n    parallel.pipeline: [2, 4]\n    training.global_batch: [" +
                                       global_batch + "]\n    parallel.recompute: [none, full]\n");
  SweepAnswer answer = run_sweep(space, {}, nullptr);
  explain_best(space, Launch::No, answer);
  return answer;
}

}  // namespace

TEST_CASE("the best two of a sweep are compared, or it is said why not", "[property]") {
  const SweepAnswer few = explained("64");
  CHECK(few.best_two);
  CHECK(few.no_best_two.empty());
  // half a million micro-batches of 4 layers have over 2e7 tasks; the sweep itself is as quick as for eight
  const SweepAnswer many = explained("2000000");
  CHECK(many.counts.fits == few.counts.fits);
  CHECK_FALSE(many.best_two);
  CHECK_THAT(many.no_best_two, ContainsSubstring("more than 2e+07 are not simulated one by one"));
}
