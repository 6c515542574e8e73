// SPDX-License-Identifier: Apache-2.0
#include "study/evaluate_configuration.hpp"

#include "base/count.hpp"
#include "sim/memory.hpp"
#include "sim/step_flops.hpp"
#include "sim/summarize.hpp"
#include "sim/tied_embedding.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mfusim {
namespace {

/// Keys that deal the layers of a language model out to ranks and order their passes: they change no layer and no kernel.
constexpr std::array<std::string_view, 8> dealing_keys{
    "parallel.pipeline", "parallel.virtual_stages", "parallel.schedule",     "parallel.data",
    "parallel.zero",     "techniques.dp_overlap",   "techniques.pp_overlap", "cluster.gpus"};
/// Keys that change when transfers run; what they change of a GPU's memory overlaps_in_memory() says.
constexpr std::array<std::string_view, 3> timing_keys{"techniques.tp_overlap", "techniques.dp_overlap", "techniques.pp_overlap"};
/// Keys that change what layers do, and nothing else of a step.
constexpr std::array<std::string_view, 1> layer_keys{"parallel.recompute"};
constexpr std::size_t most_priced = 4096;  // keeps memory flat however large the space is

template <std::size_t n>
bool is_one_of(const std::string& path, const std::array<std::string_view, n>& keys) {
  return std::find(keys.begin(), keys.end(), path) != keys.end();
}

SweepRow row_of(const Scenario& scenario) {
  SweepRow row;
  row.gpus = scenario.cluster.gpus;
  row.gpu = scenario.cluster.gpu.name;
  row.global_batch = scenario.training.global_batch;
  row.plan = resolved_plan(scenario);
  row.plan.stages.clear();  // the row has the choices that made them
  row.capacity = scenario.cluster.gpu.memory_capacity;
  return row;
}

SweepRow invalid_row(std::int64_t index, std::string reason) {
  SweepRow row;
  row.index = index;
  row.status = RowStatus::Invalid;
  row.reason = std::move(reason);
  return row;
}

}  // namespace

ConfigurationEvaluator::ConfigurationEvaluator(const SweepSpace& space) : reader_(space) {
  for (std::size_t axis = 0; axis < space.axes.size(); ++axis) {
    if (!is_one_of(space.axes[axis].path, dealing_keys)) pricing_axes_.push_back(axis);
    if (!is_one_of(space.axes[axis].path, timing_keys)) memory_axes_.push_back(axis);
    if (!is_one_of(space.axes[axis].path, layer_keys)) dealt_axes_.push_back(axis);
  }
}

std::vector<std::size_t> ConfigurationEvaluator::choices_of_axes(const std::vector<std::size_t>& axes) const {
  std::vector<std::size_t> choices;
  choices.reserve(axes.size() + 2);
  for (const std::size_t axis : axes) choices.push_back(reader_.choices()[axis]);
  return choices;
}

Bytes ConfigurationEvaluator::peak_memory(const Scenario& scenario, const PricedWork& priced) {
  std::vector<std::size_t> key = choices_of_axes(memory_axes_);
  const OverlapsInMemory overlaps = overlaps_in_memory(scenario);
  key.push_back(overlaps.tensor ? 1 : 0);
  key.push_back(overlaps.data ? 1 : 0);
  const auto at = peaks_.find(key);
  if (at != peaks_.end()) return at->second;
  Bytes peak;
  for (const StageMemory& stage : memory_of(scenario, priced.work)) peak = std::max(peak, stage.total());
  if (peaks_.size() >= most_priced) peaks_.clear();
  peaks_.emplace(std::move(key), peak);
  return peak;
}

std::vector<std::size_t> ConfigurationEvaluator::pricing_key(const Scenario& scenario) const {
  std::vector<std::size_t> key = choices_of_axes(pricing_axes_);
  key.push_back(copies_token_table(scenario.parallel) ? 1 : 0);
  key.push_back(has_step_bound(scenario) ? 1 : 0);
  // the loss of two towers is of a rank's samples against the whole batch: it and the micro-batch follow from the replicas
  if (!scenario.model.decoder) {
    key.push_back(static_cast<std::size_t>(scenario.training.micro_batch));
    key.push_back(static_cast<std::size_t>(scenario.cluster.gpus));
    key.push_back(static_cast<std::size_t>(scenario.parallel.data));
  }
  return key;
}

const PricedWork& ConfigurationEvaluator::priced_work(const Scenario& scenario) {
  std::vector<std::size_t> key = pricing_key(scenario);
  if (priced_.size() >= most_priced) priced_.clear();
  const auto at = priced_.find(key);
  return at != priced_.end() ? at->second : priced_.emplace(std::move(key), price_work(scenario)).first->second;
}

SweepRow ConfigurationEvaluator::evaluate(const Scenario& scenario, const CanMatter& can_matter) {
  SweepRow row = row_of(scenario);
  row.index = reader_.index();
  const PricedWork& priced = priced_work(scenario);
  row.peak = peak_memory(scenario, priced);
  row.status = row.peak <= row.capacity ? RowStatus::Fits : RowStatus::TooLarge;
  if (row.status == RowStatus::TooLarge) return row;
  const Flops flops = model_flops(scenario, priced.work);
  if (can_matter) {
    row.iteration_time = least_step_time(scenario, priced);
    row.mfu = row.iteration_time > Picoseconds{} ? utilisation(scenario, flops, to_seconds(row.iteration_time)) : 1;
    row.status = RowStatus::Pruned;
    if (row.iteration_time > Picoseconds{} && !can_matter(row)) return row;
    row.status = RowStatus::Fits;
  }
  row.iteration_time = libraries_.step_time(scenario, priced.work, {pricing_key(scenario), choices_of_axes(dealt_axes_)});
  row.mfu = utilisation(scenario, flops, to_seconds(row.iteration_time));
  return row;
}

SweepRow ConfigurationEvaluator::evaluate(const CanMatter& can_matter) {
  const std::variant<const Scenario*, std::string> read = reader_.read();
  if (const auto* reason = std::get_if<std::string>(&read)) return invalid_row(reader_.index(), *reason);
  try {
    return evaluate(*std::get<const Scenario*>(read), can_matter);
  } catch (const InputError& error) {  // the step is too large for this machine, or the GPU lacks figures for it
    return invalid_row(reader_.index(), error.what());
  } catch (const CountOverflow& error) {
    return invalid_row(reader_.index(), error.what());
  }
}

}  // namespace mfusim
