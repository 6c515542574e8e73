// SPDX-License-Identifier: Apache-2.0
#include "study/row_filter.hpp"

#include "base/input_error.hpp"

namespace mfusim {
namespace {

std::string last_key(const std::string& path) {
  return path.substr(path.rfind('.') + 1);
}

}  // namespace

RowFilter::RowFilter(const SweepSpace& space, const std::string& condition) : space_(space) {
  for (const SweepAxis& axis : space.axes) {
    set(axis.path, 0);
    set(last_key(axis.path), 0);
    for (const std::string& label : axis.labels) static_cast<void>(names_.number_of(label));
  }
  for (const char* word : {"none", "selective", "full", "gpipe", "1f1b", "interleaved-1f1b"})
    static_cast<void>(names_.number_of(word));
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

void RowFilter::set_results(const SweepRow& row) {
  set("iteration_time_s", to_seconds(row.iteration_time).count());
  set("mfu", row.mfu);
  set("samples_per_s", samples_per_s(row));
  set("memory_gb", row.peak.value() / 1e9);
  set("headroom_gb", (row.capacity - row.peak).value() / 1e9);
  set("gpus", row.gpus);
  set("gpu", names_.number_of(row.gpu));
}

void RowFilter::set_plan(const SweepRow& row) {
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

bool RowFilter::keeps(const SweepRow& row) {
  if (row.status != RowStatus::Fits) return false;
  const std::vector<std::size_t> choices = choices_of(space_, row.index);
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const double number = names_.number_of(space_.axes[i].labels[choices[i]]);
    set(space_.axes[i].path, number);
    set(last_key(space_.axes[i].path), number);
  }
  set_results(row);
  set_plan(row);
  return condition_->holds();
}

}  // namespace mfusim
