// SPDX-License-Identifier: Apache-2.0
#include "sim/rate_cells.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

namespace mfusim {
namespace {

/// Most resources of a component that is one cell. A GPU has four; with more, too many different sets run.
constexpr std::uint32_t most_of_one_cell = 4;
/// Most usages of a component that is not large. With twice as many, as where the replicas of a step differ and meet in
/// collectives, sets seldom come back.
constexpr std::uint32_t most_usages = 32;

/// Disjoint sets of numbers, each named by one of its members.
class DisjointSets {
 public:
  explicit DisjointSets(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0U); }
  [[nodiscard]] std::uint32_t find(std::uint32_t one) {
    while (parent_[one] != one) one = parent_[one] = parent_[parent_[one]];
    return one;
  }
  void join(std::uint32_t one, std::uint32_t other) { parent_[find(one)] = find(other); }

 private:
  std::vector<std::uint32_t> parent_;
};

struct Size {
  std::uint32_t resources = 0;
  std::uint32_t usages = 0;
};

/// By resource, of its component.
std::vector<Size> sizes_of_components(const SharingModel& model) {
  DisjointSets sets(model.resources);
  for (UsageId usage = 0; usage < model.usages(); ++usage) {
    for (const auto& share : model.shares_of(usage)) sets.join(share.resource, model.shares_of(usage).front().resource);
  }
  std::vector<Size> of_set(model.resources);
  for (ResourceId resource = 0; resource < model.resources; ++resource) ++of_set[sets.find(resource)].resources;
  for (UsageId usage = 0; usage < model.usages(); ++usage) {
    if (!model.shares_of(usage).empty()) ++of_set[sets.find(model.shares_of(usage).front().resource)].usages;
  }
  std::vector<Size> sizes(model.resources);
  for (ResourceId resource = 0; resource < model.resources; ++resource) sizes[resource] = of_set[sets.find(resource)];
  return sizes;
}

std::vector<std::uint32_t> classes_of(const std::vector<std::uint32_t>& priorities) {
  std::vector<std::uint32_t> known = priorities;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  std::vector<std::uint32_t> classes;
  classes.reserve(priorities.size());
  for (const std::uint32_t priority : priorities)
    classes.push_back(static_cast<std::uint32_t>(std::lower_bound(known.begin(), known.end(), priority) - known.begin()));
  return classes;
}

class CellFinder {
 public:
  explicit CellFinder(const SharingModel& model)
      : model_(model), sizes_(sizes_of_components(model)), class_of_(classes_of(model.priority)) {
    cells_.classes = 1 + *std::max_element(class_of_.begin(), class_of_.end());
    cells_.cell_of.resize(model.usages());
    cells_.later.resize(model.usages());
  }

  RateCells find() {
    number_cells();
    std::vector<std::vector<RateCells::Earlier>> usages_on(model_.resources);
    for (UsageId usage = 0; usage < model_.usages(); ++usage) {
      for (const auto& share : model_.shares_of(usage)) usages_on[share.resource].push_back({usage, share});
    }
    for (const auto& on : usages_on) find_earlier(on);
    for (CellId cell = 0; cell < cells_.cells.size(); ++cell) find_later(cell);
    return std::move(cells_);
  }

 private:
  using Kind = RateCells::Kind;

  [[nodiscard]] Kind kind_of(UsageId usage) const {
    const auto shares = model_.shares_of(usage);
    const Size size = shares.empty() ? Size{} : sizes_[shares.front().resource];
    if (size.resources <= most_of_one_cell) return Kind::Component;
    return size.usages <= most_usages ? Kind::Class : Kind::PartOfLarge;
  }

  /// Of a resource within a class where components fall into these, otherwise of the resource.
  [[nodiscard]] std::uint32_t node_of(UsageId usage, ResourceId resource) const {
    const std::uint32_t number = kind_of(usage) == Kind::Class ? class_of_[usage] : 0;
    return number * static_cast<std::uint32_t>(model_.resources) + resource;
  }

  void number_cells() {
    DisjointSets nodes(model_.resources * cells_.classes);
    for (UsageId usage = 0; usage < model_.usages(); ++usage) {
      if (kind_of(usage) == Kind::PartOfLarge) continue;
      for (const auto& share : model_.shares_of(usage))
        nodes.join(node_of(usage, share.resource), node_of(usage, model_.shares_of(usage).front().resource));
    }
    constexpr CellId unknown = std::numeric_limits<CellId>::max();
    std::vector<CellId> cell_of_node(model_.resources * cells_.classes, unknown);
    CellId of_nothing = unknown;
    for (UsageId usage = 1; usage < model_.usages(); ++usage) {
      const auto shares = model_.shares_of(usage);
      CellId& cell = shares.empty() ? of_nothing : cell_of_node[nodes.find(node_of(usage, shares.front().resource))];
      if (cell == unknown) {
        cell = static_cast<CellId>(cells_.cells.size());
        cells_.cells.push_back({.kind = kind_of(usage), .class_number = class_of_[usage]});
      }
      cells_.cell_of[usage] = cell;
    }
  }

  /// `on`: the usages of one resource. Those of one class on it are of one cell.
  void find_earlier(const std::vector<RateCells::Earlier>& on) {
    if (on.empty() || kind_of(on.front().usage) != Kind::Class) return;
    std::vector<bool> is_known(cells_.classes);
    for (const auto& one : on) {
      const std::uint32_t number = class_of_[one.usage];
      if (is_known[number]) continue;
      is_known[number] = true;
      std::vector<RateCells::Earlier> earlier;
      std::copy_if(on.begin(), on.end(), std::back_inserter(earlier),
                   [&](const auto& other) { return class_of_[other.usage] < number; });
      if (!earlier.empty()) cells_.cells[cells_.cell_of[one.usage]].earlier.push_back(std::move(earlier));
    }
  }

  void find_later(CellId cell) {
    for (const auto& of_resource : cells_.cells[cell].earlier) {
      for (const auto& [usage, share] : of_resource) {
        std::vector<RateCells::Later>& later = cells_.later[usage];
        if (later.empty() || later.back().cell != cell) later.push_back({.cell = cell});
        later.back().by_rate = later.back().by_rate || share.taking == Taking::ByRate;
      }
    }
  }

  const SharingModel& model_;
  std::vector<Size> sizes_;              ///< By resource, of its component.
  std::vector<std::uint32_t> class_of_;  ///< By usage.
  RateCells cells_;
};

}  // namespace

RateCells find_cells(const SharingModel& model) {
  return CellFinder(model).find();
}

}  // namespace mfusim
