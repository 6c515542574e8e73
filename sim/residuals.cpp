// SPDX-License-Identifier: Apache-2.0
#include "sim/residuals.hpp"

#include "base/document.hpp"
#include "base/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

namespace mfusim {

namespace embedded {
const std::map<std::string_view, std::string_view>& residual_files();
}

namespace {

constexpr double covered = 0.9;
constexpr std::size_t least_families = 3;

/// Parts of a kind of run that must agree, the last one let go first.
enum class Nearness { All, NotPlan, NotReach, ObjectiveOnly, Any };
constexpr std::array<Nearness, 5> from_near_to_far{Nearness::All, Nearness::NotPlan, Nearness::NotReach, Nearness::ObjectiveOnly,
                                                   Nearness::Any};

bool is_near(const RunKind& a, const RunKind& b, Nearness nearness) {
  return (nearness >= Nearness::Any || a.objective == b.objective) &&
         (nearness >= Nearness::ObjectiveOnly || a.generation == b.generation) &&
         (nearness >= Nearness::NotReach || a.reach == b.reach) && (nearness >= Nearness::NotPlan || a.plan == b.plan);
}

std::string words_of(const RunKind& kind, Nearness nearness) {
  std::string words = nearness >= Nearness::Any ? "any model" : kind.objective + " models";
  if (nearness < Nearness::ObjectiveOnly) words += ", " + kind.generation + " GPUs";
  if (nearness < Nearness::NotReach) words += ", " + kind.reach;
  if (nearness < Nearness::NotPlan) words += ", " + kind.plan;
  return words;
}

struct Neighbours {
  std::vector<double> log_ratios;
  std::set<std::string> families;
  Nearness nearness = Nearness::Any;
};

Neighbours at_nearness(const std::vector<ResidualGroup>& groups, const RunKind& kind, std::string_view without,
                       Nearness nearness) {
  Neighbours found{.log_ratios = {}, .families = {}, .nearness = nearness};
  for (const ResidualGroup& group : groups) {
    if (group.family == without || !is_near(group.kind, kind, nearness)) continue;
    found.families.insert(group.family);
    found.log_ratios.insert(found.log_ratios.end(), group.log_ratios.begin(), group.log_ratios.end());
  }
  return found;
}

/// The nearest runs of enough families; at the end whatever there is of the objective.
Neighbours neighbours_of(const std::vector<ResidualGroup>& groups, const RunKind& kind, std::string_view without) {
  Neighbours found;
  for (const Nearness nearness : from_near_to_far) {
    found = at_nearness(groups, kind, without, nearness);
    const bool enough = nearness == Nearness::ObjectiveOnly ? !found.families.empty() : found.families.size() >= least_families;
    if (enough) break;
  }
  std::sort(found.log_ratios.begin(), found.log_ratios.end());
  return found;
}

struct Interval {
  double low = 0, high = 0;  ///< Of ln(measured / predicted).
  [[nodiscard]] bool contains(double value) const { return low <= value && value <= high; }
};

/// The middle of sorted values by nearest rank, with the prediction itself in it.
Interval middle_of(const std::vector<double>& sorted) {
  if (sorted.empty()) return {};
  const double outside = (1 - covered) / 2;
  const auto rank = [&](double share) {
    const double at = std::ceil(share * static_cast<double>(sorted.size())) - 1;
    return sorted[static_cast<std::size_t>(std::max(0.0, at))];
  };
  return {std::min(0.0, rank(outside)), std::max(0.0, rank(1 - outside))};
}

Interval widened(const Interval& interval, double factor) {
  return {factor * interval.low, factor * interval.high};
}

/// Share of an objective's runs inside the widened interval of the other families.
double coverage_with(const std::vector<ResidualGroup>& groups, std::string_view objective, double widening) {
  double runs = 0;
  double inside = 0;
  for (const ResidualGroup& group : groups) {
    if (group.kind.objective != objective) continue;
    const Interval others = middle_of(neighbours_of(groups, group.kind, group.family).log_ratios);
    for (const double value : group.log_ratios) {
      runs += 1;
      inside += widened(others, widening).contains(value) ? 1 : 0;
    }
  }
  return runs > 0 ? inside / runs : 0;
}

double smallest_widening(const std::vector<ResidualGroup>& groups, std::string_view objective) {
  constexpr double step = 0.05;
  constexpr int most_steps = 180;  // ten times as wide: more says only that nothing near is known
  for (int i = 0; i < most_steps; ++i) {
    if (coverage_with(groups, objective, 1 + i * step) >= covered) return 1 + i * step;
  }
  return 1 + most_steps * step;
}

std::vector<double> numbers_of(Reader& reader, std::string_view key) {
  std::vector<double> numbers;
  for (const Node& item : reader.at(key).items) {
    const std::optional<double> number = parse_number(item.text);
    if (!number) reader.fail(key, "expected a list of numbers, got " + describe(item));
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

ResidualTable::ResidualTable(std::vector<ResidualGroup> groups) : groups_(std::move(groups)) {
  for (const ResidualGroup& group : groups_) {
    if (group.log_ratios.empty()) throw std::logic_error(group.family + ": a group of no runs");
  }
  for (const ResidualGroup& group : groups_) {
    const std::string& objective = group.kind.objective;
    if (!widening_.contains(objective)) widening_[objective] = smallest_widening(groups_, objective);
  }
}

ResidualRange ResidualTable::range(const RunKind& kind) const {
  return range_without(kind, {});
}

ResidualRange ResidualTable::range_without(const RunKind& kind, std::string_view family) const {
  const Neighbours near = neighbours_of(groups_, kind, family);
  const auto found = widening_.find(kind.objective);
  const double widening = found == widening_.end() ? 1 : found->second;
  const Interval interval = widened(middle_of(near.log_ratios), widening);
  ResidualRange range{.low = std::exp(interval.low),
                      .high = std::exp(interval.high),
                      .runs = static_cast<int>(near.log_ratios.size()),
                      .families = static_cast<int>(near.families.size()),
                      .based_on = {}};
  if (near.log_ratios.empty()) {
    range.based_on = "nothing: there is no published run to hold the prediction against";
    return range;
  }
  range.based_on = fmt::format(
      "{:.0f} % below to {:.0f} % above: the residuals of {} published runs in {} families ({}), x {:.2f} so that 90 % of the "
      "runs of "
      "a family lie in what the others foretell",
      100 * (1 - range.low), 100 * (range.high - 1), range.runs, range.families, words_of(kind, near.nearness), widening);
  return range;
}

double ResidualTable::coverage(std::string_view objective) const {
  const auto found = widening_.find(objective);
  return found == widening_.end() ? 0 : coverage_with(groups_, objective, found->second);
}

std::vector<ResidualGroup> read_residuals(Reader reader) {
  std::vector<ResidualGroup> groups;
  for (Reader& group : reader.list_of_mappings("groups")) {
    groups.push_back({.family = group.word("family"),
                      .kind = {.objective = group.word("objective"),
                               .generation = group.word("generation"),
                               .reach = group.word("reach"),
                               .plan = group.word("plan")},
                      .log_ratios = numbers_of(group, "log_ratios")});
    if (groups.back().log_ratios.empty()) group.fail("log_ratios", "expected at least one number");
    group.reject_unknown_keys();
  }
  reader.reject_unknown_keys();
  return groups;
}

const ResidualTable& shipped_residuals() {
  static const ResidualTable table = [] {
    const Node root = parse_yaml(embedded::residual_files().at("residuals.yaml"), "residuals.yaml");
    return ResidualTable(read_residuals(Reader(root, "", nullptr)));
  }();
  return table;
}

}  // namespace mfusim
