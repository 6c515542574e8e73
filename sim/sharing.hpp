// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mfusim {

using ResourceId = std::uint32_t;
using UsageId = std::uint32_t;

enum class Taking {
  ByRate,  ///< Rate x amount: bytes on a link.
  /// Later classes find the amount gone at any rate: the SMs of a communication kernel, also while it waits for a link.
  /// Within its class it counts by rate.
  Held
};

/// What a task takes of one resource at full rate, in the unit of the resource's capacity (SMs, bytes/s).
struct Demand {
  ResourceId resource = 0;
  double amount = 0;
  Taking taking = Taking::ByRate;
};

/// What a task takes of shared resources while it runs at rate r (0 <= r <= 1; 1: as if alone).
struct Usage {
  std::vector<Demand> demands{};
  /// Lower numbers are served first; the next class shares what they leave. Communication kernels that hold their SMs
  /// until they end come before the compute kernels beside them.
  std::uint32_t priority = 0;
  /// Fairness compares r x full_speed. Give transfers their bytes/s when alone, so that they share a link by bandwidth;
  /// left at 1, tasks that meet are slowed by the same factor.
  double full_speed = 1;
};

/// All resources and usages of a graph, in flat arrays. Usage 0 takes nothing.
struct SharingModel {
  struct Share {
    ResourceId resource = 0;
    double fraction = 0;  ///< Demand / capacity, in (0, 1].
    Taking taking = Taking::ByRate;

    /// What later classes find gone, of `count` tasks at this rate.
    [[nodiscard]] double gone(std::uint32_t count, double rate) const {
      return fraction * count * (taking == Taking::Held ? 1.0 : rate);
    }
  };
  std::size_t resources = 0;
  std::vector<Share> shares{};
  std::vector<std::uint32_t> first_share{0, 0};  ///< Of usage u: shares[first_share[u] .. first_share[u + 1]).
  std::vector<std::uint32_t> priority{0};
  std::vector<double> full_speed{1};

  [[nodiscard]] std::size_t usages() const { return priority.size(); }
  [[nodiscard]] std::span<const Share> shares_of(UsageId usage) const {
    return std::span(shares).subspan(first_share[usage], first_share[usage + 1] - first_share[usage]);
  }
};

/// Adds a usage of resources with these capacities. Throws std::logic_error where a resource does not exist or is named
/// twice, a number is not positive, or the task would not fit alone (demand > capacity).
UsageId add_usage(SharingModel& model, std::span<const double> capacities, const Usage& usage);

/// Tasks that run at one time: how many of a usage.
struct Load {
  UsageId usage = 0;
  std::uint32_t count = 0;
};

/// How far demands may exceed a capacity by rounding alone, as a fraction of it: such demands count as fitting.
inline constexpr double kSharingTolerance = 1e-9;

/// Max-min fair rates by progressive filling, one class of priority after the other on what the classes before it left.
/// Within a class the common speed L rises from 0; a task runs at r = min(1, L / full_speed) until one of its resources is
/// full, when it keeps its rate. So no task can be faster without slowing one of its class that is no faster (in
/// r x full_speed), or one of an earlier class. Tasks of one usage have one rate; a later class may get 0.
/// Source: Bertsekas and Gallager, Data Networks (2nd ed. 1992), section 6.5.2, with demands as weights.
///
/// A resource j would be full at L_j = left_j / sum(fraction x count / full_speed). Where L_j is the least limit of each load
/// on j, it is what these loads get, whatever happens elsewhere: all such resources are settled in one round, and loads
/// that share no resource cannot influence each other even by rounding.
class FairSharing {
 public:
  explicit FairSharing(const SharingModel& model) : model_(model), resources_(model.resources) {}

  /// Rates of `loads`, in their order: by priority, then by usage, each once; no count is 0. Valid until the next call.
  [[nodiscard]] std::span<const double> rates(std::span<const Load> loads);

  /// The same of one class, on what is left to it.
  [[nodiscard]] std::span<const double> rates_of_class(std::span<const Load> loads);
  void set_left(ResourceId resource, double fraction) { resources_[resource].left = fraction; }

 private:
  struct Resource {
    double left = 1;     ///< The fraction that nobody holds yet.
    double slope = 0;    ///< What the open loads take of it per unit of common speed.
    double level = 0;    ///< The common speed at which it would be full.
    bool waits = false;  ///< One of its loads is limited elsewhere first.
  };
  void find_levels(std::span<const Load> loads);
  void find_limits(std::span<const Load> loads);
  /// Settles a load that runs at full rate or whose resource is settled; returns whether it did.
  bool settle(const Load& load, double limit, double& rate);
  void take(ResourceId resource, double fraction);

  const SharingModel& model_;
  std::vector<Resource> resources_;
  std::vector<ResourceId> touched_;  ///< Resources with a slope in this round.
  std::vector<std::uint32_t> open_;  ///< Loads whose rate still rises.
  std::vector<double> limits_;       ///< Of each load: the least level of its resources.
  std::vector<double> rates_;
  std::vector<double> class_rates_;
};

}  // namespace mfusim
