// SPDX-License-Identifier: Apache-2.0
#include "sim/sharing.hpp"

#include "sim/component_rates.hpp"
#include "sim/sharing_state.hpp"
#include "tests/catch.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

using namespace mfusim;

namespace {

/// The shares of one task of each usage, all running at once.
std::vector<double> rates_of(const std::vector<double>& capacities, const std::vector<Usage>& usages) {
  SharingModel model{.resources = capacities.size()};
  std::vector<Load> loads;
  for (const Usage& usage : usages) loads.push_back({add_usage(model, capacities, usage), 1});
  const auto by_priority = [&](const Load& a, const Load& b) { return model.priority[a.usage] < model.priority[b.usage]; };
  std::stable_sort(loads.begin(), loads.end(), by_priority);
  FairSharing sharing(model);
  const auto sorted = sharing.rates(loads);
  std::vector<double> rates(usages.size());
  for (std::size_t i = 0; i < loads.size(); ++i) rates[loads[i].usage - 1] = sorted[i];
  return rates;
}

void check_rates(const std::vector<double>& rates, const std::vector<double>& expected) {
  REQUIRE(rates.size() == expected.size());
  for (std::size_t i = 0; i < rates.size(); ++i) {
    CAPTURE(i);
    CHECK_THAT(rates[i], WithinAbs(expected[i], 1e-12));
  }
}

constexpr ResourceId kFirst = 0;
constexpr ResourceId kSecond = 1;

/// Random usages of random resources; few distinct numbers, so that several resources fill at the same level.
SharingModel random_model(std::mt19937& random, std::size_t resources, std::size_t usages) {
  const auto below = [&random](std::size_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  const std::vector<double> capacities(resources, 12.0);
  SharingModel model{.resources = resources};
  for (std::size_t i = 0; i < usages; ++i) {
    Usage usage{.priority = below(3), .full_speed = 1.0 + below(3)};
    std::vector<ResourceId> free(resources);
    for (ResourceId j = 0; j < resources; ++j) free[j] = j;
    for (std::uint32_t j = 0; j <= below(3) && !free.empty(); ++j) {
      const auto chosen = free.begin() + below(free.size());
      usage.demands.push_back({*chosen, 1.0 + below(12), below(4) == 0 ? Taking::Held : Taking::ByRate});
      free.erase(chosen);
    }
    add_usage(model, capacities, usage);
  }
  return model;
}

std::vector<Load> sorted_loads(const SharingModel& model, const std::vector<std::uint32_t>& running) {
  std::vector<Load> loads;
  for (UsageId usage = 1; usage < running.size(); ++usage) {
    if (running[usage] > 0) loads.push_back({usage, running[usage]});
  }
  const auto by_priority = [&](const Load& a, const Load& b) { return model.priority[a.usage] < model.priority[b.usage]; };
  std::stable_sort(loads.begin(), loads.end(), by_priority);
  return loads;
}

/// Components side by side in a graph: small ones, of one cell each; middling ones, of a cell a class; a large one, of many
/// usages.
struct Components {
  SharingModel model;
  std::vector<std::size_t> size_of{0};  ///< By usage: most resources that its component may have.
};
Components random_components(std::mt19937& random) {
  constexpr std::array<std::uint32_t, 7> sizes{1, 2, 3, 4, 6, 20, 10};
  const std::vector<double> capacities(std::accumulate(sizes.begin(), sizes.end(), 0U), 1.0);
  Components components{.model = {.resources = capacities.size()}};
  ResourceId first = 0;
  for (const std::uint32_t size : sizes) {
    const int usages = size == sizes.back() ? 40 : 6;
    for (int i = 0; i < usages; ++i) {
      Usage usage{.priority = static_cast<std::uint32_t>(random() % 3)};
      for (ResourceId resource = first; resource < first + size; ++resource) {
        const double amount = 0.1 + 0.9 * static_cast<double>(random() % 100) / 100;
        if (resource == first || random() % 2 == 0)
          usage.demands.push_back({resource, amount, random() % 2 == 0 ? Taking::Held : Taking::ByRate});
      }
      add_usage(components.model, capacities, usage);
      components.size_of.push_back(size);
    }
    first += size;
  }
  return components;
}

/// What a new object says of these running tasks.
std::vector<double> rates_from_scratch(const SharingModel& model, const std::vector<std::uint32_t>& running) {
  ComponentRates rates(model);
  for (auto usage = static_cast<UsageId>(running.size()); usage-- > 1;) {
    for (std::uint32_t i = 0; i < running[usage]; ++i) rates.start(usage);
  }
  static_cast<void>(rates.update());
  std::vector<double> all(running.size(), 1.0);
  for (UsageId usage = 1; usage < running.size(); ++usage) all[usage] = rates.rate(usage);
  return all;
}

}  // namespace

TEST_CASE("two flows on one link get half each", "[unit]") {
  const Usage flow{.demands = {{kFirst, 25e9}}};
  check_rates(rates_of({25e9}, {flow, flow}), {0.5, 0.5});
}

TEST_CASE("flows that fit together run at full rate", "[unit]") {
  const Usage third{.demands = {{kFirst, 1.0 / 3}}};
  check_rates(rates_of({1}, {third, third, third}), {1, 1, 1});
}

TEST_CASE("a flow over two links is held by the fuller one, and the other link's flow takes the rest", "[unit]") {
  // first link: three flows, 1/3 each; second: one of these, so 2/3 are left to the fourth
  const Usage short_flow{.demands = {{kFirst, 1}}};
  const Usage long_flow{.demands = {{kFirst, 1}, {kSecond, 1}}};
  const Usage other{.demands = {{kSecond, 1}}};
  check_rates(rates_of({1, 1}, {short_flow, short_flow, long_flow, other}), {1.0 / 3, 1.0 / 3, 1.0 / 3, 2.0 / 3});
}

TEST_CASE("flows share a link by bandwidth where they state their speed, by slow-down where not", "[unit]") {
  // alone 25 and 50 GB/s over a link of 50
  Usage slow{.demands = {{kFirst, 25e9}}};
  Usage fast{.demands = {{kFirst, 50e9}}};
  check_rates(rates_of({50e9}, {slow, fast}), {50.0 / 75, 50.0 / 75});
  slow.full_speed = 25e9;
  fast.full_speed = 50e9;
  check_rates(rates_of({50e9}, {slow, fast}), {1, 0.5});  // 25 GB/s each
}

TEST_CASE("communication keeps its SMs and compute runs on the rest", "[unit]") {
  const Usage compute{.demands = {{kFirst, 108}}, .priority = 1};
  const Usage communication{.demands = {{kFirst, 16}}, .priority = 0};
  check_rates(rates_of({108}, {compute, communication}), {92.0 / 108, 1});
}

TEST_CASE("a later class gets nothing of a resource that an earlier one fills", "[unit]") {
  const Usage first{.demands = {{kFirst, 1}}, .priority = 0};
  const Usage second{.demands = {{kFirst, 0.5}, {kSecond, 1}}, .priority = 1};
  const Usage elsewhere{.demands = {{kSecond, 1}}, .priority = 2};
  check_rates(rates_of({1, 1}, {first, first, second, elsewhere}), {0.5, 0.5, 0, 1});
}

TEST_CASE("what is held is taken in full, however slowly its task goes", "[unit]") {
  // two transfers share a link, so each runs at half its rate; each keeps its 16 of 108 SMs
  const auto transfer = [](Taking taking) { return Usage{.demands = {{kFirst, 1}, {kSecond, 16, taking}}}; };
  const Usage compute{.demands = {{kSecond, 108}}, .priority = 1};
  check_rates(rates_of({1, 108}, {transfer(Taking::Held), transfer(Taking::Held), compute}), {0.5, 0.5, 76.0 / 108});
  check_rates(rates_of({1, 108}, {transfer(Taking::ByRate), transfer(Taking::ByRate), compute}), {0.5, 0.5, 92.0 / 108});
}

TEST_CASE("a usage that cannot be is refused", "[unit]") {
  SharingModel model{.resources = 1};
  const std::vector<double> capacities{1.0};
  CHECK_THROWS_WITH(add_usage(model, capacities, {.demands = {{1, 1}}}), "usage 1: no resource 1");
  CHECK_THROWS_WITH(add_usage(model, capacities, {.demands = {{0, 0}}}), "usage 1: expected a positive demand, got 0");
  CHECK_THROWS_WITH(add_usage(model, capacities, {.full_speed = 0}), "usage 1: expected a positive full_speed, got 0");
  CHECK_THROWS_WITH(add_usage(model, capacities, {.demands = {{0, 2}}}),
                    "usage 1: takes 2 times the capacity of resource 0: it cannot run at full rate alone");
  CHECK_THROWS_WITH(add_usage(model, capacities, {.demands = {{0, 0.1}, {0, 0.2}}}), "usage 1: resource 0 is named twice");
  CHECK(model.usages() == 1);
  CHECK(model.shares.empty());
}

TEST_CASE("rates are max-min fair: each is full or held by a full resource on which nobody of its class is faster",
          "[property]") {
  const auto seed = GENERATE(range(1U, 200U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const SharingModel model = random_model(random, 1 + random() % 5, 1 + random() % 8);
  std::vector<std::uint32_t> running(model.usages());
  for (std::uint32_t& count : running) count = static_cast<std::uint32_t>(random() % 4);
  const std::vector<Load> loads = sorted_loads(model, running);
  FairSharing sharing(model);
  const auto rates = sharing.rates(loads);

  // of each resource: what goes through it; what class p and what is gone before it fill; the fastest of class p on it
  const auto sum = [&](ResourceId resource, auto amount) {
    double total = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      for (const auto& share : model.shares_of(loads[i].usage)) {
        if (share.resource == resource) total += amount(share, i);
      }
    }
    return total;
  };
  const auto used = [&](ResourceId resource) {
    return sum(resource, [&](const auto& share, std::size_t i) { return share.fraction * loads[i].count * rates[i]; });
  };
  const auto filled = [&](ResourceId resource, std::uint32_t priority) {
    return sum(resource, [&](const auto& share, std::size_t i) {
      const std::uint32_t of_load = model.priority[loads[i].usage];
      if (of_load < priority) return share.gone(loads[i].count, rates[i]);
      return of_load == priority ? share.fraction * loads[i].count * rates[i] : 0.0;
    });
  };
  const auto fastest = [&](ResourceId resource, std::uint32_t priority) {
    double speed = 0;
    for (std::size_t i = 0; i < loads.size(); ++i) {
      if (model.priority[loads[i].usage] != priority) continue;
      for (const auto& share : model.shares_of(loads[i].usage)) {
        if (share.resource == resource) speed = std::max(speed, rates[i] * model.full_speed[loads[i].usage]);
      }
    }
    return speed;
  };
  for (ResourceId j = 0; j < model.resources; ++j) CHECK(used(j) <= 1 + 1e-9);
  for (std::size_t i = 0; i < loads.size(); ++i) {
    CAPTURE(i, loads[i].usage, rates[i]);
    CHECK(rates[i] >= 0);
    CHECK(rates[i] <= 1);
    if (rates[i] == 1) continue;
    const std::uint32_t priority = model.priority[loads[i].usage];
    const auto shares = model.shares_of(loads[i].usage);
    CHECK(std::any_of(shares.begin(), shares.end(), [&](const auto& share) {
      const double speed = rates[i] * model.full_speed[loads[i].usage];
      return filled(share.resource, priority) >= 1 - 1e-9 && speed >= fastest(share.resource, priority) * (1 - 1e-9);
    }));
  }
}

TEST_CASE("rates kept up to date locally are the rates of a solution of everything", "[property]") {
  const auto seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const SharingModel model = random_model(random, 2 + random() % 12, 2 + random() % 20);
  SharedRates state(model);
  FairSharing everything(model);
  std::vector<std::uint32_t> running(model.usages());
  std::vector<double> known(model.usages(), 1.0);
  for (int step = 0; step < 200; ++step) {
    for (auto changes = random() % 3; changes < 3; ++changes) {
      const auto usage = static_cast<UsageId>(1 + random() % (model.usages() - 1));
      if (running[usage] > 0 && random() % 2 == 0) {
        --running[usage];
        state.end(usage);
      } else {
        ++running[usage];
        state.start(usage);
      }
    }
    for (const UsageId usage : state.update()) known[usage] = state.rate(usage);
    const std::vector<Load> loads = sorted_loads(model, running);
    const auto expected = everything.rates(loads);
    for (std::size_t i = 0; i < loads.size(); ++i) {
      CAPTURE(step, loads[i].usage);
      CHECK_THAT(state.rate(loads[i].usage), WithinAbs(expected[i], 1e-12));
      CHECK(state.rate(loads[i].usage) == known[loads[i].usage]);  // every change was reported
    }
  }
}

TEST_CASE("rates do not depend on how usages are numbered, to the bit", "[property]") {
  const auto seed = GENERATE(range(1U, 60U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<double> capacities(4, 1.0);
  std::vector<Usage> usages;
  for (int i = 0; i < 12; ++i) {
    Usage usage{.priority = static_cast<std::uint32_t>(random() % 2), .full_speed = 1 + static_cast<double>(random() % 1000) / 7};
    for (ResourceId resource = 0; resource < 4; ++resource) {
      const double amount = static_cast<double>(1 + random() % 997) / 999;
      if (resource == 0 || random() % 2 == 0)
        usage.demands.push_back({resource, amount, random() % 3 == 0 ? Taking::Held : Taking::ByRate});
    }
    usages.push_back(std::move(usage));
  }
  std::vector<std::size_t> order(usages.size());  // by number in the other model
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  SharingModel model{.resources = 4};
  SharingModel other{.resources = 4};
  for (std::size_t i = 0; i < usages.size(); ++i) {
    static_cast<void>(add_usage(model, capacities, usages[i]));
    static_cast<void>(add_usage(other, capacities, usages[order[i]]));
  }
  SharedRates rates(model);
  SharedRates renumbered(other);
  for (std::size_t i = 0; i < usages.size(); ++i) {  // all at once in the end
    rates.start(static_cast<UsageId>(order[i] + 1));
    renumbered.start(static_cast<UsageId>(i + 1));
    static_cast<void>(rates.update());
    static_cast<void>(renumbered.update());
    for (std::size_t j = 0; j <= i; ++j)
      CHECK(rates.rate(static_cast<UsageId>(order[j] + 1)) == renumbered.rate(static_cast<UsageId>(j + 1)));
  }
}

TEST_CASE("looking up what runs in a cell gives the rates of a solution, whatever ran before, and reports every change",
          "[property]") {
  const auto seed = GENERATE(range(1U, 20U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto [model, size_of] = random_components(random);
  SharedRates state(model);
  ComponentRates components(model);
  std::vector<std::uint32_t> running(model.usages());
  std::vector<double> known(model.usages(), 1.0);
  for (int step = 0; step < 150; ++step) {
    for (auto changes = random() % 4; changes < 4; ++changes) {
      const auto usage = static_cast<UsageId>(1 + random() % (model.usages() - 1));
      if (running[usage] > 0 && random() % 2 == 0) {
        --running[usage];
        state.end(usage);
        components.end(usage);
      } else {
        ++running[usage];
        state.start(usage);
        components.start(usage);
      }
    }
    static_cast<void>(state.update());
    const std::span<const CellId> changed = components.update();
    for (UsageId usage = 1; usage < running.size(); ++usage) {
      if (std::find(changed.begin(), changed.end(), components.cell_of(usage)) != changed.end())
        known[usage] = components.rate(usage);
    }
    const std::vector<double> fresh = rates_from_scratch(model, running);
    for (UsageId usage = 1; usage < running.size(); ++usage) {
      if (running[usage] == 0) continue;
      CAPTURE(step, usage);
      CHECK(known[usage] == components.rate(usage));
      CHECK(components.rate(usage) == fresh[usage]);
      CHECK_THAT(components.rate(usage), WithinAbs(state.rate(usage), 1e-12));
      if (size_of[usage] <= 4) CHECK(components.rate(usage) == state.rate(usage));  // as the folding engine solves a GPU
    }
  }
}
