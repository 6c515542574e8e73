// SPDX-License-Identifier: Apache-2.0
#include "sim/component_rates.hpp"

#include <algorithm>
#include <numeric>

namespace mfusim {
namespace {

/// Most resources of a component that is looked up as a whole. A GPU has four; with more, too many different sets run.
constexpr std::uint32_t most_resources = 4;

/// The component of each resource, named by one of its resources.
class ResourceSets {
 public:
  explicit ResourceSets(const SharingModel& model) : parent_(model.resources) {
    std::iota(parent_.begin(), parent_.end(), ResourceId{0});
    for (UsageId usage = 0; usage < model.usages(); ++usage) {
      for (const auto& share : model.shares_of(usage)) join(share.resource, model.shares_of(usage).front().resource);
    }
  }
  [[nodiscard]] ResourceId find(ResourceId resource) {
    while (parent_[resource] != resource) resource = parent_[resource] = parent_[parent_[resource]];
    return resource;
  }

 private:
  void join(ResourceId one, ResourceId other) { parent_[find(one)] = find(other); }
  std::vector<ResourceId> parent_;
};

}  // namespace

ComponentRates::ComponentRates(const SharingModel& model)
    : all_(model),
      scratch_(model),
      components_(model.resources),
      component_of_(model.usages(), large),
      rates_(model.usages(), 1.0) {
  ResourceSets sets(model);
  std::vector<std::uint32_t> resources(model.resources);
  for (ResourceId resource = 0; resource < model.resources; ++resource) ++resources[sets.find(resource)];
  for (UsageId usage = 0; usage < model.usages(); ++usage) {
    const auto shares = model.shares_of(usage);
    if (shares.empty()) continue;
    const ResourceId set = sets.find(shares.front().resource);
    if (resources[set] <= most_resources) component_of_[usage] = set;
  }
}

void ComponentRates::change_running(std::vector<std::uint64_t>& running, UsageId usage, int by) {
  auto at = running.begin();
  while (at != running.end() && usage_of(*at) < usage) ++at;
  if (at == running.end() || usage_of(*at) != usage) {
    running.insert(at, std::uint64_t{usage} << usage_bits | 1U);
    return;
  }
  *at += static_cast<std::uint64_t>(static_cast<std::int64_t>(by));
  if (static_cast<std::uint32_t>(*at) == 0) running.erase(at);
}

std::span<const double> ComponentRates::solve(const std::vector<std::uint64_t>& running) {
  const auto for_each_task = [&running](const auto& visit) {
    for (const std::uint64_t word : running) {
      for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(word); ++i) visit(usage_of(word));
    }
  };
  for_each_task([this](UsageId usage) { scratch_.start(usage); });
  static_cast<void>(scratch_.update());
  fresh_.clear();
  for (const std::uint64_t word : running) fresh_.push_back(scratch_.rate(usage_of(word)));
  for_each_task([this](UsageId usage) { scratch_.end(usage); });
  static_cast<void>(scratch_.update());
  return fresh_;
}

void ComponentRates::update_component(const Component& component) {
  if (component.running.empty()) return;
  std::span<const double> rates = solved_.find(component.running);
  if (rates.empty()) {
    rates = solve(component.running);
    solved_.keep(component.running, rates);
  }
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const UsageId usage = usage_of(component.running[i]);
    if (rates_[usage] == rates[i]) continue;
    rates_[usage] = rates[i];
    changed_.push_back(usage);
  }
}

std::span<const UsageId> ComponentRates::update() {
  if (changed_components_.empty()) return all_.update();
  changed_.clear();
  for (const std::uint32_t number : changed_components_) {
    components_[number].changed = false;
    update_component(components_[number]);
  }
  changed_components_.clear();
  const std::span<const UsageId> of_large = all_.update();
  changed_.insert(changed_.end(), of_large.begin(), of_large.end());
  return changed_;
}

}  // namespace mfusim
