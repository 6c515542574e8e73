// SPDX-License-Identifier: Apache-2.0
#include "study/row_filter.hpp"

#include "base/input_error.hpp"
#include "sim/pipeline_schedule.hpp"
#include "study/sweep_constraints.hpp"

#include <array>
#include <limits>

namespace mfusim {
namespace {

constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<const char*, 10> plan_names{"tensor",      "pipeline",      "virtual_stages", "data",      "zero",
                                                 "micro_batch", "micro_batches", "sequence",       "recompute", "schedule"};

/// With its path and without; the plan and the GPUs of one tower are not those of the job.
std::vector<std::string> names_of(const SweepAxis& axis) {
  if (axis.path.starts_with("towers.")) return {axis.path};
  return {axis.path, axis.path.substr(axis.path.rfind('.') + 1)};
}

}  // namespace

RowFilter::RowFilter(const SweepSpace& space, const std::string& condition) : space_(space) {
  for (const SweepAxis& axis : space.axes) {
    for (const std::string& name : names_of(axis)) set(name, 0);
    for (const std::string& label : axis.labels) static_cast<void>(names_.number_of(label));
  }
  name_words(space);
  SweepRow any;
  any.iteration_time = Picoseconds(1);
  set_results(any);
  set_plan(any);
  try {
    condition_ = std::make_unique<Expression>(condition, names_);
  } catch (const InputError& error) {
    throw InputError(std::string("--where: ") + error.what());
  }
}

void RowFilter::name_words(const SweepSpace& space) {
  for (const char* word : {"none", "selective", "full"}) static_cast<void>(names_.number_of(word));
  for (const std::string& word : schedule_names()) static_cast<void>(names_.number_of(word));
  for (const auto& [word, status] : row_status_names()) static_cast<void>(names_.number_of(word));
  for (const std::string& gpu : possible_values(space, "cluster.gpu")) static_cast<void>(names_.number_of(gpu));
}

void RowFilter::set_results(const SweepRow& row) {
  const bool simulated = row.status == RowStatus::Fits;
  const bool valid = row.status != RowStatus::Invalid;
  set("status", names_.number_of(to_string(row.status)));
  set("iteration_time_s", simulated ? to_seconds(row.iteration_time).count() : no_value);
  set("mfu", simulated ? row.mfu : no_value);
  set("samples_per_s", simulated ? samples_per_s(row) : no_value);
  set("memory_gb", valid ? row.peak.value() / 1e9 : no_value);
  set("peak_gb", valid ? row.peak.value() / 1e9 : no_value);  // the same, as the answer's CSV calls it
  set("headroom_gb", valid ? (row.capacity - row.peak).value() / 1e9 : no_value);
  set("gpus", valid ? row.gpus : no_value);
  set("gpu", valid ? names_.number_of(row.gpu) : no_value);
}

void RowFilter::set_plan(const SweepRow& row) {
  if (row.status == RowStatus::Invalid) {
    for (const char* name : plan_names) set(name, no_value);
    return;
  }
  const Result::Plan& plan = row.plan;
  set("tensor", plan.tensor);
  set("pipeline", plan.pipeline);
  set("virtual_stages", plan.virtual_stages);
  set("data", plan.data);
  set("zero", plan.zero);
  set("micro_batch", static_cast<double>(plan.micro_batch));
  set("micro_batches", static_cast<double>(plan.micro_batches));
  set("sequence", plan.sequence ? 1 : 0);
  set("recompute", names_.number_of(plan.recompute));
  set("schedule", names_.number_of(plan.schedule));
}

void RowFilter::set_axes(const SweepRow& row) {
  const std::vector<std::size_t> choices = choices_of(space_, row.index);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const double number = names_.number_of(space_.axes[i].labels[choices[i]]);
    for (const std::string& name : names_of(space_.axes[i])) set(name, number);
  }
}

bool RowFilter::keeps(const SweepRow& row) {
  const bool invalid = row.status == RowStatus::Invalid;
  if (!invalid) set_axes(row);  // the plan is as resolved, which an axis may leave open
  set_results(row);
  set_plan(row);
  if (invalid) set_axes(row);  // it has no plan but its axes
  return condition_->holds();
}

}  // namespace mfusim
