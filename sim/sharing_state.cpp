// SPDX-License-Identifier: Apache-2.0
#include "sim/sharing_state.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace mfusim {

namespace {

/// By priority; then by what they take, so that sums over usages do not depend on how these are numbered.
bool comes_before(const SharingModel& model, UsageId a, UsageId b) {
  const auto key = [&](UsageId usage) { return std::pair(model.priority[usage], model.full_speed[usage]); };
  if (key(a) != key(b)) return key(a) < key(b);
  const auto demand = [](const SharingModel::Share& share) { return std::tuple(share.resource, share.fraction, share.taking); };
  const auto shares_a = model.shares_of(a);
  const auto shares_b = model.shares_of(b);
  return std::lexicographical_compare(shares_a.begin(), shares_a.end(), shares_b.begin(), shares_b.end(),
                                      [&](const auto& one, const auto& other) { return demand(one) < demand(other); });
}

}  // namespace

SharedRates::SharedRates(const SharingModel& model)
    : model_(model), sharing_(model), usages_(model.usages()), resources_(model.resources), owner_(model.shares.size()) {
  for (const auto& share : model.shares) {
    fraction_.push_back(std::llround(share.fraction * static_cast<double>(kCapacity)));
  }
  for (UsageId usage = 0; usage < model.usages(); ++usage) {
    std::fill(owner_.begin() + model.first_share[usage], owner_.begin() + model.first_share[usage + 1], usage);
  }
  find_what_passes_on();
  by_rank_.resize(model.usages());
  std::iota(by_rank_.begin(), by_rank_.end(), UsageId{0});
  std::stable_sort(by_rank_.begin(), by_rank_.end(), [&](UsageId a, UsageId b) { return comes_before(model, a, b); });
  for (std::uint32_t rank = 0; rank < by_rank_.size(); ++rank) usages_[by_rank_[rank]].rank = rank;
}

void SharedRates::find_what_passes_on() {
  std::map<std::pair<ResourceId, std::uint32_t>, std::uint32_t> users;  // of a resource, by priority
  const auto users_of = [&](std::uint32_t entry) -> std::uint32_t& {
    return users[{model_.shares[entry].resource, model_.priority[owner_[entry]]}];
  };
  for (std::uint32_t entry = 0; entry < owner_.size(); ++entry) ++users_of(entry);
  for (std::uint32_t entry = 0; entry < owner_.size(); ++entry) {
    const PassesOn held = users_of(entry) > 1 ? PassesOn::InCompany : PassesOn::Never;
    passes_on_.push_back(model_.shares[entry].taking == Taking::ByRate ? PassesOn::Always : held);
  }
}

void SharedRates::apply_change(UsageId usage) {
  UsageState& state = usages_[usage];
  state.listed = false;
  if (state.running == state.solved) return;
  const FixedPoint more = FixedPoint{state.running} - FixedPoint{state.solved};
  for (std::uint32_t entry = model_.first_share[usage]; entry < model_.first_share[usage + 1]; ++entry) {
    const ResourceId id = model_.shares[entry].resource;
    Resource& resource = resources_[id];
    const auto place =
        std::lower_bound(resource.active.begin(), resource.active.end(), state.rank,
                         [&](std::uint32_t other, std::uint32_t rank) { return usages_[owner_[other]].rank < rank; });
    if (state.solved == 0) resource.active.insert(place, entry);
    if (state.running == 0) resource.active.erase(place);
    const FixedPoint before = resource.demand;
    resource.demand += more * fraction_[entry];
    if (std::max(before, resource.demand) > kFits) reach(id, model_.priority[usage]);
  }
  if (state.solved == 0 && state.rate != 1) {
    state.rate = 1;  // as long as nothing contended says otherwise
    changed_.push_back(usage);
  }
  state.solved = state.running;
}

void SharedRates::reach(ResourceId resource, std::uint32_t priority) {
  if (resources_[resource].reached <= priority) return;
  resources_[resource].reached = priority;
  queue_.push_back(resource);
}

void SharedRates::reach_usages_of(ResourceId resource) {
  for (const std::uint32_t entry : resources_[resource].active) {
    const UsageId usage = owner_[entry];
    const std::uint32_t priority = model_.priority[usage];
    if (usages_[usage].reached || priority < resources_[resource].reached) continue;
    usages_[usage].reached = true;
    ranks_.push_back(usages_[usage].rank);
    for (std::uint32_t of_usage = model_.first_share[usage]; of_usage < model_.first_share[usage + 1]; ++of_usage) {
      if (passes_on_[of_usage] == PassesOn::Never) continue;
      const ResourceId id = model_.shares[of_usage].resource;
      const bool is_new = resources_[id].reached > priority && resources_[id].demand > kFits;
      if (is_new && passes_on(of_usage)) reach(id, priority);
    }
  }
}

bool SharedRates::passes_on(std::uint32_t entry) const {
  if (passes_on_[entry] == PassesOn::Always) return true;
  const auto& active = resources_[model_.shares[entry].resource].active;
  return std::any_of(active.begin(), active.end(), [&](std::uint32_t other) {
    return other != entry && model_.priority[owner_[other]] == model_.priority[owner_[entry]];
  });
}

double SharedRates::left_to_class(const Resource& resource, std::uint32_t priority) const {
  constexpr double crumb = 1e-12;  // what rounding may leave of a resource that earlier classes fill
  double left = 1;
  if (priority == model_.priority[by_rank_.front()]) return left;
  for (const std::uint32_t entry : resource.active) {
    const UsageId usage = owner_[entry];
    if (model_.priority[usage] < priority) left -= model_.shares[entry].gone(usages_[usage].running, usages_[usage].rate);
  }
  return left > crumb ? left : 0;
}

void SharedRates::write_key(std::span<const Load> loads) {
  const std::uint32_t priority = model_.priority[loads.front().usage];
  key_.clear();
  for (const Load& load : loads) key_.push_back(std::uint64_t{load.usage} << 32U | load.count);
  if (priority == model_.priority[by_rank_.front()]) return;  // all of each resource is left
  for (const Load& load : loads) {
    for (const auto& share : model_.shares_of(load.usage))
      key_.push_back(std::bit_cast<std::uint64_t>(left_to_class(resources_[share.resource], priority)));
  }
}

std::span<const double> SharedRates::solve(std::span<const Load> loads) {
  const std::uint32_t priority = model_.priority[loads.front().usage];
  for (const Load& load : loads) {
    for (const auto& share : model_.shares_of(load.usage))
      sharing_.set_left(share.resource, left_to_class(resources_[share.resource], priority));
  }
  return sharing_.rates_of_class(loads);
}

void SharedRates::solve_class(std::span<const Load> loads) {
  write_key(loads);
  std::span<const double> rates = solved_.find(key_);
  if (rates.empty()) {
    rates = solve(loads);
    solved_.keep(key_, rates);
  }
  for (std::size_t i = 0; i < loads.size(); ++i) {
    UsageState& state = usages_[loads[i].usage];
    if (state.rate == rates[i]) continue;
    state.rate = rates[i];
    changed_.push_back(loads[i].usage);
  }
}

std::span<const UsageId> SharedRates::update() {
  changed_.clear();
  for (const UsageId usage : counted_) apply_change(usage);
  counted_.clear();
  for (std::size_t next = 0; next < queue_.size(); ++next) reach_usages_of(queue_[next]);
  for (const ResourceId resource : queue_) resources_[resource].reached = kUnreached;
  queue_.clear();
  if (!std::is_sorted(ranks_.begin(), ranks_.end()))
    std::sort(ranks_.begin(), ranks_.end());  // the same sums in the same order, whatever led here
  for (std::size_t next = 0; next < ranks_.size();) {
    const std::uint32_t priority = model_.priority[by_rank_[ranks_[next]]];
    loads_.clear();
    for (; next < ranks_.size() && model_.priority[by_rank_[ranks_[next]]] == priority; ++next) {
      const UsageId usage = by_rank_[ranks_[next]];
      usages_[usage].reached = false;
      loads_.push_back({usage, usages_[usage].running});
    }
    solve_class(loads_);
  }
  ranks_.clear();
  return changed_;
}

}  // namespace mfusim
