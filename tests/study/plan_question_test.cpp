// SPDX-License-Identifier: Apache-2.0
#include "study/plan_question.hpp"

#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <algorithm>

namespace {

using namespace mfusim;

PlanAnswer ask(const std::string& sweep, const PlanQuestion& question) {
  return answer_plan(tests::sweep_space(sweep), question, {}, {});
}

const char* const gpu_counts =
    "sweep: {axes: {cluster.gpus: [1, 2, 4, 8], parallel.recompute: [none, full]}, price_per_gpu_hour: {a100-sxm4-80gb: 2}}";

}  // namespace

TEST_CASE("the fewest GPUs in time are the first that train the samples in so many days", "[property]") {
  const PlanAnswer all = ask(gpu_counts, {.axis = "cluster.gpus", .samples = 1e9, .tokens = 0, .days = std::nullopt});
  REQUIRE(all.rows.size() == 4);
  for (std::size_t limit = 0; limit < all.rows.size(); ++limit) {
    const double days = *all.rows[limit].days;
    const PlanAnswer answer = ask(gpu_counts, {.axis = "cluster.gpus", .samples = 1e9, .tokens = 0, .days = days});
    std::size_t first = 0;
    while (*all.rows[first].days > days) ++first;
    CHECK(answer.smallest == first);
  }
  CHECK_FALSE(ask(gpu_counts, {.axis = "cluster.gpus", .samples = 1e9, .tokens = 0, .days = 1e-6}).smallest);
}

TEST_CASE("days and cost follow from the rate of the best configuration", "[unit]") {
  const PlanAnswer answer = ask(gpu_counts, {.axis = "cluster.gpus", .samples = 5e8, .tokens = 0, .days = std::nullopt});
  for (const PlanRow& row : answer.rows) {
    const double seconds = 5e8 / samples_per_s(row.best->row);
    CHECK_THAT(*row.days, WithinRel(seconds / 86400, 1e-12));
    CHECK_THAT(*row.cost, WithinRel(2.0 * row.best->row.gpus * seconds / 3600, 1e-12));
  }
}

TEST_CASE("the cheapest of the values is the one with the least cost of all configurations in time", "[property]") {
  const char* const space =
      "sweep: {axes: {parallel.recompute: [none, full], cluster.gpus: [1, 2, 4, 8]}, price_per_gpu_hour: {a100-sxm4-80gb: 2}}";
  const auto asked = [&](const std::string& axis, std::optional<double> days) {
    return ask(space, {.axis = axis, .samples = 1e9, .tokens = 0, .days = days});
  };
  const PlanAnswer by_gpus = asked("cluster.gpus", std::nullopt);
  // the fastest on each number of GPUs is the cheapest there: the price is of GPUs and hours
  for (const PlanRow& row : by_gpus.rows) CHECK_THAT(row.least_cost->cost, WithinRel(*row.cost, 1e-12));
  for (const PlanRow& limit : by_gpus.rows) {
    const double days = 1.001 * *limit.days;
    double least = *limit.cost;
    for (const PlanRow& row : by_gpus.rows) {
      if (*row.days <= days) least = std::min(least, *row.cost);
    }
    const PlanAnswer in_time = asked("parallel.recompute", days);
    CHECK(in_time.rows[*in_time.cheapest].least_cost->days <= days);
    CHECK_THAT(in_time.rows[*in_time.cheapest].least_cost->cost, WithinRel(least, 1e-12));
  }
}

TEST_CASE("the largest value that fits is the last whose rows are not all too large", "[unit]") {
  const PlanAnswer answer = ask("sweep: {axes: {model.hidden_size: [256, 512, 65536]}}",
                                {.axis = "model.hidden_size", .samples = 0, .tokens = 0, .days = std::nullopt});
  CHECK(answer.largest == 1U);
}

TEST_CASE("a value without a plan has its reason in the counts", "[unit]") {
  const PlanAnswer answer = ask("sweep: {axes: {cluster.gpus: [8, 16]}}",  // two nodes, and no network
                                {.axis = "cluster.gpus", .samples = 0, .tokens = 0, .days = std::nullopt});
  CHECK(answer.rows[0].best);
  CHECK_FALSE(answer.rows[1].best);
  CHECK(answer.counts.invalid == 1);
  CHECK_THAT(answer.counts.invalid_by_key.at("cluster.network").reason, ContainsSubstring("more than one node needs a network"));
}

TEST_CASE("a question about an axis that the space does not have is refused", "[unit]") {
  CHECK_THROWS_WITH(ask(gpu_counts, {.axis = "cluster.gpu", .samples = 0, .tokens = 0, .days = std::nullopt}),
                    ContainsSubstring("needs an axis 'cluster.gpu'"));
}

TEST_CASE("tokens are samples times the sequence length, whichever configuration is the first", "[property]") {
  // with tensor 3 the first configurations are invalid
  const char* const lengths =
      "sweep: {axes: {parallel.tensor: [3, 1], training.sequence_length: [32, 64, 128], training.micro_batch: [1, 2]}}";
  const PlanAnswer answer =
      ask(lengths, {.axis = "training.sequence_length", .samples = 0, .tokens = 1e12, .days = std::nullopt});
  REQUIRE(answer.rows.size() == 3);
  for (const PlanRow& row : answer.rows)
    CHECK_THAT(*row.days, WithinRel(1e12 / std::stod(row.value) / samples_per_s(row.best->row) / 86400, 1e-12));
  CHECK_THROWS_WITH(ask(lengths, {.axis = "training.micro_batch", .samples = 0, .tokens = 1e12, .days = std::nullopt}),
                    ContainsSubstring("--tokens: samples of the axis training.sequence_length differ in length"));
}
