// SPDX-License-Identifier: Apache-2.0
#include "sim/sharing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace mfusim {

namespace {

/// Levels of different resources this close, relative, are the same number computed in two ways.
constexpr double kLevelTolerance = 1e-12;

void check_positive(UsageId usage, const char* what, double value) {
  if (!(value > 0) || !std::isfinite(value)) {
    throw std::logic_error(fmt::format("usage {}: expected a positive {}, got {}", usage, what, value));
  }
}

std::vector<SharingModel::Share> shares_of_demands(UsageId usage, std::span<const double> capacities,
                                                   std::span<const Demand> demands) {
  std::vector<SharingModel::Share> shares;
  for (const auto& [resource, amount, taking] : demands) {
    if (resource >= capacities.size()) throw std::logic_error(fmt::format("usage {}: no resource {}", usage, resource));
    check_positive(usage, "demand", amount);
    const auto is_same = [id = resource](const auto& share) { return share.resource == id; };
    if (std::any_of(shares.begin(), shares.end(), is_same)) {
      throw std::logic_error(fmt::format("usage {}: resource {} is named twice", usage, resource));
    }
    shares.push_back({resource, amount / capacities[resource], taking});
  }
  for (auto& share : shares) {
    if (share.fraction > 1 + kSharingTolerance) {
      throw std::logic_error(fmt::format("usage {}: takes {} times the capacity of resource {}: it cannot run at full rate alone",
                                         usage, share.fraction, share.resource));
    }
    share.fraction = std::min(share.fraction, 1.0);
  }
  return shares;
}

}  // namespace

UsageId add_usage(SharingModel& model, std::span<const double> capacities, const Usage& usage) {
  const auto id = static_cast<UsageId>(model.usages());
  check_positive(id, "full_speed", usage.full_speed);
  const std::vector<SharingModel::Share> shares = shares_of_demands(id, capacities, usage.demands);
  model.shares.insert(model.shares.end(), shares.begin(), shares.end());
  model.first_share.push_back(static_cast<std::uint32_t>(model.shares.size()));
  model.priority.push_back(usage.priority);
  model.full_speed.push_back(usage.full_speed);
  return id;
}

std::span<const double> FairSharing::rates(std::span<const Load> loads) {
  for (const Load& load : loads) {
    for (const auto& share : model_.shares_of(load.usage)) resources_[share.resource].left = 1;
  }
  class_rates_.clear();
  for (std::size_t first = 0; first < loads.size();) {
    std::size_t last = first + 1;
    while (last < loads.size() && model_.priority[loads[last].usage] == model_.priority[loads[first].usage]) ++last;
    const auto rates = rates_of_class(loads.subspan(first, last - first));
    class_rates_.insert(class_rates_.end(), rates.begin(), rates.end());
    for (; first < last; ++first) {  // what is held beyond what the rate takes
      const auto [usage, count] = loads[first];
      const double rate = class_rates_[first];
      for (const auto& share : model_.shares_of(usage)) {
        take(share.resource, share.gone(count, rate) - share.fraction * count * rate);
      }
    }
  }
  return class_rates_;
}

std::span<const double> FairSharing::rates_of_class(std::span<const Load> loads) {
  rates_.resize(loads.size());
  limits_.resize(loads.size());
  open_.resize(loads.size());
  std::iota(open_.begin(), open_.end(), 0U);
  while (!open_.empty()) {
    find_levels(loads);
    find_limits(loads);
    std::erase_if(open_, [&](std::uint32_t i) { return settle(loads[i], limits_[i], rates_[i]); });
    for (const ResourceId j : touched_) {
      if (!resources_[j].waits) resources_[j].left = 0;  // exactly: rounding must not leave a crumb to the next class
    }
  }
  return rates_;
}

void FairSharing::find_levels(std::span<const Load> loads) {
  touched_.clear();
  for (const std::uint32_t i : open_) {
    const double scale = loads[i].count / model_.full_speed[loads[i].usage];
    for (const auto& share : model_.shares_of(loads[i].usage)) {
      Resource& resource = resources_[share.resource];
      if (resource.slope == 0) touched_.push_back(share.resource);
      resource.slope += share.fraction * scale;
    }
  }
  for (const ResourceId j : touched_) {
    Resource& resource = resources_[j];
    resource.level = resource.left / resource.slope;
    resource.slope = 0;
    resource.waits = false;
  }
}

void FairSharing::find_limits(std::span<const Load> loads) {
  for (const std::uint32_t i : open_) {
    const auto shares = model_.shares_of(loads[i].usage);
    double limit = std::numeric_limits<double>::infinity();
    for (const auto& share : shares) limit = std::min(limit, resources_[share.resource].level);
    limits_[i] = limit;
    const double least = std::min(limit, model_.full_speed[loads[i].usage]) * (1 + kLevelTolerance);
    for (const auto& share : shares) {
      if (resources_[share.resource].level > least) resources_[share.resource].waits = true;
    }
  }
}

void FairSharing::take(ResourceId resource, double fraction) {
  double& left = resources_[resource].left;
  left = std::max(0.0, left - fraction);
}

bool FairSharing::settle(const Load& load, double limit, double& rate) {
  const double full_speed = model_.full_speed[load.usage];
  const auto shares = model_.shares_of(load.usage);
  if (full_speed <= limit * (1 + kSharingTolerance)) {
    rate = 1;
  } else {
    const auto is_settled = [this](const auto& share) { return !resources_[share.resource].waits; };
    if (std::none_of(shares.begin(), shares.end(), is_settled)) return false;
    rate = limit / full_speed;
  }
  for (const auto& share : shares) take(share.resource, share.fraction * load.count * rate);
  return true;
}

}  // namespace mfusim
