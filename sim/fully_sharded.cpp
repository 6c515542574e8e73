// SPDX-License-Identifier: Apache-2.0
#include "sim/fully_sharded.hpp"

#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/priced_step.hpp"

#include <algorithm>
#include <array>

namespace mfusim {

double update_tensors(const Scenario& scenario, const ModelChunk& chunk) {
  if (!scenario.stack.flat_units) return parameter_tensors(chunk);
  double blocks = 0;
  for (const LayerRun& run : chunk.runs) blocks += run.transformer_block ? static_cast<double>(run.repeat) : 0;
  return blocks + 1;  // and the root
}

FullySharded::FullySharded(const Scenario& scenario, const LayerContext& context, StepGraph& graph, std::vector<Tower> towers,
                           Seat seat)
    : scenario_(scenario), graph_(graph), towers_(std::move(towers)), seat_(seat), context_(context), segments_(graph.table()) {
  for (std::uint32_t tower = 0; tower < towers_.size(); ++tower) plan_tower(tower, true);
  for (auto tower = static_cast<std::uint32_t>(towers_.size()); tower-- > 0;) {
    if (!towers_[tower].frozen) plan_tower(tower, false);
  }
  plan_gathers();
}

FullySharded::Unit& FullySharded::unit_of(const LayerRun& run) {
  const auto [at, fresh] = units_.try_emplace(run.layer);
  Unit& unit = at->second;
  if (!fresh) return unit;
  const ModelChunk one{.runs = {{run.layer, 1, run.transformer_block}}};
  const ParameterShare share = parameters_of(one, {scenario_.parallel.tensor, scenario_.parallel.sequence});
  unit.parameters = share.all;
  unit.trainable = share.trainable;
  unit.forward = segments_.forward(context_, one);
  unit.backward = segments_.backward(context_, one);
  return unit;
}

void FullySharded::plan_tower(std::uint32_t tower, bool forward) {
  auto runs = towers_[tower].chunk.runs;
  if (!forward) std::reverse(runs.begin(), runs.end());
  for (const LayerRun& run : runs) {
    Unit& unit = unit_of(run);
    for (std::int64_t i = 0; i < run.repeat; ++i) {
      if (run.transformer_block) blocks_.push_back(visits_.size());
      visits_.push_back({.unit = &unit, .tower = tower, .forward = forward, .block = run.transformer_block});
      if (run.transformer_block || !forward) continue;
      root_.parameters += unit.parameters;
      root_.trainable += unit.trainable;
    }
  }
}

std::size_t FullySharded::prefetch(const Visit& visit) const {
  const FullSharding& sharding = scenario_.parallel.sharding;
  return static_cast<std::size_t>(visit.forward ? sharding.forward_prefetch : sharding.backward_prefetch);
}

/// A block that is gathered again must have been given up before.
void FullySharded::plan_gathers() {
  const FullSharding& sharding = scenario_.parallel.sharding;
  std::vector<std::vector<std::size_t>> forward_of(towers_.size());  // block visits that wait for their backward pass
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    Visit& visit = visits_[blocks_[i]];
    visit.gathers = scenario_.parallel.shard_group > 1 && (visit.forward || sharding.reshard_after_forward);
    visit.opens = i - std::min(i, prefetch(visit));
    if (visit.forward) {
      forward_of[visit.tower].push_back(i);
      continue;
    }
    visit.opens = std::max(visit.opens, forward_of[visit.tower].back() + 1);
    forward_of[visit.tower].pop_back();
  }
}

double FullySharded::trainable() const {
  double total = root_.trainable;
  for (const Tower& tower : towers_) {
    for (const LayerRun& run : tower.chunk.runs) {
      if (run.transformer_block) total += static_cast<double>(run.repeat) * units_.at(run.layer).trainable;
    }
  }
  return total;
}

StepInstance FullySharded::instance(const Visit& what) const {
  return {.micro_batch = micro_batch_, .chunk = seat_.first_tower + what.tower};
}

void FullySharded::begin(std::uint32_t micro_batch) {
  begin_.clear();
  if (micro_batch > 0) begin_ = {last_};
  micro_batch_ = micro_batch;
  next_visit_ = 0;
  next_gather_ = 0;
  gathered_.assign(blocks_.size(), StepTask{});
  block_ends_.clear();
  root_gathered_.clear();
  if (scenario_.parallel.shard_group > 1 && root_.parameters > 0) {
    root_gathered_ = {graph_.add_row(seat_.rank, weight_gather(scenario_, root_.parameters, "root gather"), root_.gather_row,
                                     {.micro_batch = micro_batch, .chunk = seat_.first_tower}, begin_)};
  }
}

std::vector<StepTask> FullySharded::forward(std::size_t tower, const std::vector<StepTask>& input) {
  return pass(true, static_cast<std::uint32_t>(tower), input);
}

std::vector<StepTask> FullySharded::backward(std::size_t tower, const std::vector<StepTask>& gradient) {
  return pass(false, static_cast<std::uint32_t>(tower), gradient);
}

std::vector<StepTask> FullySharded::pass(bool forward, std::uint32_t tower, std::vector<StepTask> entry) {
  while (next_visit_ < visits_.size() && visits_[next_visit_].forward == forward && visits_[next_visit_].tower == tower) {
    entry = visit(visits_[next_visit_], std::move(entry));
    ++next_visit_;
  }
  return entry;
}

std::vector<StepTask> FullySharded::visit(const Visit& what, std::vector<StepTask> entry) {
  const bool overlaps = scenario_.techniques.dp_overlap;
  if (overlaps || what.gathers) gather_ahead();
  if (next_visit_ == 0) entry.insert(entry.end(), root_gathered_.begin(), root_gathered_.end());
  if (!overlaps) entry.insert(entry.end(), reduced_.begin(), reduced_.end());
  if (what.gathers) {
    const StepTask gather = gathered_[block_ends_.size()];
    entry.push_back(gather);
    if (scenario_.stack.copies_units) {
      const Bytes moved = 2 * what.unit->parameters * weight_value(scenario_);
      entry.push_back(copy(what.unit->copy_out_row, "unit copy-out", moved, what, {gather}));
    }
  }
  const Segment& segment = what.forward ? what.unit->forward : what.unit->backward;
  if (segment.tasks.empty()) return entry;
  const PlacedSegment placed = graph_.place(seat_.rank, segment, instance(what), entry);
  last_ = placed.task(static_cast<SegmentIndex>(segment.tasks.size()) - 1);
  if (!what.block) return exits_of(placed);
  block_ends_.push_back(last_);
  if (!what.forward) {
    if (overlaps && prefetch(what) == 0) gather_ahead();
    reduce(*what.unit, what);
  }
  return exits_of(placed);
}

/// Issues the gathers whose place among the gathered units is free; without overlap that of the block at hand.
void FullySharded::gather_ahead() {
  for (; next_gather_ < blocks_.size(); ++next_gather_) {
    const Visit& ahead = visits_[blocks_[next_gather_]];
    if (!ahead.gathers) continue;
    if (ahead.opens > block_ends_.size()) return;
    std::vector<StepTask> after = ahead.opens == 0 ? begin_ : std::vector<StepTask>{block_ends_[ahead.opens - 1]};
    if (!scenario_.techniques.dp_overlap) {
      if (next_gather_ > block_ends_.size()) return;
      if (next_visit_ > 0) after = {last_};
    }
    gathered_[next_gather_] = graph_.add_row(seat_.rank, weight_gather(scenario_, ahead.unit->parameters, "unit gather"),
                                             ahead.unit->gather_row, instance(ahead), after);
  }
}

void FullySharded::reduce(Unit& unit, const Visit& what) {
  if (unit.trainable == 0 || gradient_ranks(scenario_.parallel) == 1) return;
  StepTask ready = last_;
  if (scenario_.stack.copies_units) {
    const Bytes moved = unit.trainable * (weight_value(scenario_) + reduction_value(scenario_));
    ready = last_ = copy(unit.copy_in_row, "gradient copy-in", moved, what, {ready});
  }
  if (scenario_.stack.flat_units) ready = flatten(unit, what);
  reduced_ = {reduce_gradients(scenario_, graph_, seat_.rank, unit.trainable, instance(what), ready, unit.reduction)};
}

/// FSDP of flat parameters: the gradients of a unit's views are joined into the flat one where they arise (read and written in
/// the type of the products), then, on a stream beside, converted to the type of the reduction and divided in place, so that sums
/// do not overflow. Source: torch/distributed/fsdp of PyTorch 2.0, flat_param.py (views by torch.split) and _runtime_utils.py
/// (_post_backward_hook, _cast_grad_to_reduce_dtype, _div_if_needed with the predivide factor, above 1 from four ranks on).
StepTask FullySharded::flatten(Unit& unit, const Visit& what) {
  constexpr int ranks_that_predivide = 4;
  const Bytes value = weight_value(scenario_);
  const Bytes sent = reduction_value(scenario_);
  last_ = copy(unit.flatten_row, "gradient flattening", unit.trainable * 2 * value, what, {last_});
  Bytes moved{};
  if (sent != value) moved = moved + unit.trainable * (value + sent);
  if (gradient_ranks(scenario_.parallel) >= ranks_that_predivide) moved = moved + unit.trainable * 2 * sent;
  if (moved == Bytes{}) return last_;
  Step step = memory_step(context_.kernels, MemoryOperator::Copy, moved, 1);
  step.name = "gradient conversion";
  step.stream = StreamKind::Copy;
  const std::array<StepTask, 1> after{last_};
  return graph_.add_row(seat_.rank, step, unit.convert_row, instance(what), after);
}

StepTask FullySharded::copy(std::size_t& row, const char* name, Bytes bytes, const Visit& what,
                            const std::vector<StepTask>& after) {
  Step step = memory_step(context_.kernels, MemoryOperator::Copy, bytes, 1);
  step.name = name;
  return graph_.add_row(seat_.rank, step, row, instance(what), after);
}

std::vector<StepTask> FullySharded::end() {
  reduce(root_, visits_.back());
  std::vector<StepTask> waits = reduced_;
  waits.push_back(last_);
  return waits;
}

}  // namespace mfusim
