// SPDX-License-Identifier: Apache-2.0
#include "study/accuracy.hpp"

#include <algorithm>
#include <cmath>

namespace mfusim {
namespace {

/// Errors of those rows that have one.
template <class Error>
std::optional<ErrorSummary> errors_of(std::span<const ValidationRow* const> rows, Error error) {
  std::vector<double> errors;
  for (const ValidationRow* row : rows) {
    if (const std::optional<double> value = error(*row)) errors.push_back(*value);
  }
  return summarize_errors(errors);
}

FamilySummary summarize_family(std::span<const ValidationRow* const> rows) {
  FamilySummary summary;
  summary.family = rows.front()->family;
  summary.split = rows.front()->split;
  std::vector<std::pair<double, double>> times;
  for (const ValidationRow* row : rows) {
    ++summary.cases;
    if (!row->failure.empty()) ++summary.failed;
    if (!row->fits) ++summary.too_large;
    if (row->predicted_time && row->measured_time) times.emplace_back(row->predicted_time->count(), row->measured_time->count());
  }
  summary.time_percent = errors_of(rows, time_error_percent);
  summary.mfu_points = errors_of(rows, mfu_error_points);
  summary.hfu_points = errors_of(rows, hfu_error_points);
  summary.memory_percent = errors_of(rows, memory_error_percent);
  summary.tau = kendall_tau(times);
  return summary;
}

/// Mean over the families that have the value.
template <class Value>
std::optional<double> family_mean(std::span<const FamilySummary* const> families, Value value) {
  double sum = 0;
  int count = 0;
  for (const FamilySummary* family : families) {
    if (const std::optional<double> one = value(*family)) {
      sum += *one;
      ++count;
    }
  }
  return count == 0 ? std::nullopt : std::optional(sum / count);
}

template <class Member>
std::optional<double> mean_absolute(const Member& summary) {
  return summary ? std::optional(summary->mean_absolute) : std::nullopt;
}

SplitSummary summarize_split(std::span<const FamilySummary* const> families) {
  SplitSummary summary;
  summary.split = families.front()->split;
  for (const FamilySummary* family : families) {
    summary.cases += family->cases;
    summary.failed += family->failed;
    if (!family->time_percent) continue;
    ++summary.families;
    if (family->time_percent->mean_absolute >= summary.worst_family_percent) {
      summary.worst_family_percent = family->time_percent->mean_absolute;
      summary.worst_family = family->family;
    }
  }
  const auto time = [](const FamilySummary& family) { return mean_absolute(family.time_percent); };
  const auto bias = [](const FamilySummary& family) {
    return family.time_percent ? std::optional(family.time_percent->bias) : std::nullopt;
  };
  summary.mean_absolute_percent = family_mean(families, time).value_or(0);
  summary.bias_percent = family_mean(families, bias).value_or(0);
  summary.tau = family_mean(families, [](const FamilySummary& family) { return family.tau; });
  summary.mfu_points = family_mean(families, [](const FamilySummary& family) { return mean_absolute(family.mfu_points); });
  summary.memory_percent =
      family_mean(families, [](const FamilySummary& family) { return mean_absolute(family.memory_percent); });
  return summary;
}

/// Share of a split's rows with a time that lie inside their range.
std::optional<double> range_coverage(const std::vector<ValidationRow>& rows, const std::string& split) {
  double known = 0;
  double inside = 0;
  for (const ValidationRow& row : rows) {
    if (row.split != split || !row.inside_range) continue;
    known += 1;
    inside += *row.inside_range ? 1 : 0;
  }
  return known > 0 ? std::optional(inside / known) : std::nullopt;
}

/// Items with equal keys together, in the order of the first of each.
template <class Item, class Key>
auto grouped(const std::vector<Item>& items, Key key) {
  std::vector<std::vector<const Item*>> groups;
  for (const Item& item : items) {
    const auto same = [&](const std::vector<const Item*>& group) { return key(*group.front()) == key(item); };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) group = groups.insert(groups.end(), std::vector<const Item*>{});
    group->push_back(&item);
  }
  return groups;
}

}  // namespace

std::optional<double> time_error_percent(const ValidationRow& row) {
  if (!row.predicted_time || !row.measured_time) return std::nullopt;
  return 100 * (*row.predicted_time / *row.measured_time - 1);
}

std::optional<double> memory_error_percent(const ValidationRow& row) {
  if (!row.predicted_memory || !row.measured_memory) return std::nullopt;
  return 100 * (row.predicted_memory->value() / row.measured_memory->value() - 1);
}

std::optional<double> mfu_error_points(const ValidationRow& row) {
  if (!row.predicted_mfu || !row.measured_mfu) return std::nullopt;
  return 100 * (*row.predicted_mfu - *row.measured_mfu);
}

std::optional<double> hfu_error_points(const ValidationRow& row) {
  if (!row.predicted_hfu || !row.measured_hfu) return std::nullopt;
  return 100 * (*row.predicted_hfu - *row.measured_hfu);
}

std::optional<ErrorSummary> summarize_errors(std::span<const double> errors) {
  if (errors.empty()) return std::nullopt;
  ErrorSummary summary;
  for (const double error : errors) {
    ++summary.rows;
    summary.mean_absolute += std::abs(error);
    summary.worst_absolute = std::max(summary.worst_absolute, std::abs(error));
    summary.bias += error;
  }
  summary.mean_absolute /= summary.rows;
  summary.bias /= summary.rows;
  return summary;
}

std::optional<double> kendall_tau(std::span<const std::pair<double, double>> points) {
  const auto sign = [](double from, double to) { return (from < to) - (to < from); };
  double concordance = 0;  // C - D
  double untied_first = 0;
  double untied_second = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = i + 1; j < points.size(); ++j) {
      const int first = sign(points[i].first, points[j].first);
      const int second = sign(points[i].second, points[j].second);
      concordance += first * second;
      untied_first += std::abs(first);
      untied_second += std::abs(second);
    }
  }
  if (untied_first == 0 || untied_second == 0) return std::nullopt;
  return concordance / std::sqrt(untied_first * untied_second);
}

ValidationReport summarize_rows(std::vector<ValidationRow> rows) {
  ValidationReport report{.rows = std::move(rows), .families = {}, .splits = {}};
  const auto family = [](const ValidationRow& row) { return std::pair(row.family, row.split); };
  for (const auto& group : grouped(report.rows, family)) report.families.push_back(summarize_family(group));
  const auto split = [](const FamilySummary& summary) { return summary.split; };
  for (const auto& group : grouped(report.families, split)) report.splits.push_back(summarize_split(group));
  for (SplitSummary& summary : report.splits) summary.range_coverage = range_coverage(report.rows, summary.split);
  return report;
}

}  // namespace mfusim
