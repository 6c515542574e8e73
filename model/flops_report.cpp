// SPDX-License-Identifier: Apache-2.0
#include "model/flops_report.hpp"

#include "base/input_error.hpp"
#include "model/build_work.hpp"
#include "model/counting.hpp"
#include "model/moved_bytes.hpp"
#include "model/parameters.hpp"
#include "model/saved_bytes.hpp"

#include <fmt/format.h>

#include <utility>

namespace mfusim {
namespace {

using Part = FlopsReport::Part;

void times(Part& part, Count repeat) {
  part.repeat *= repeat;
  part.parameters *= repeat;
  part.backward_parts = {repeat * part.backward_parts.input, repeat * part.backward_parts.weight};
  part.forward = repeat * part.forward;
  part.backward = repeat * part.backward;
  part.recompute_full = repeat * part.recompute_full;
  part.recompute_selective = repeat * part.recompute_selective;
  part.saved_bytes *= repeat;
  part.saved_bytes_unfused *= repeat;
  part.moved_bytes *= repeat;
  for (Part& inner : part.parts) times(inner, repeat);
}

/// Adds `part` to `whole`, which may be a Part or the report.
template <class Whole>
void accumulate(Whole& whole, const Part& part) {
  whole.parameters += part.parameters;
  whole.forward += part.forward;
  whole.backward += part.backward;
  whole.backward_parts.input += part.backward_parts.input;
  whole.backward_parts.weight += part.backward_parts.weight;
  whole.recompute_full += part.recompute_full;
  whole.recompute_selective += part.recompute_selective;
  whole.saved_bytes += part.saved_bytes;
  whole.saved_bytes_unfused += part.saved_bytes_unfused;
  whole.moved_bytes += part.moved_bytes;
}

Part count_operator(const Operator<Count>& op, Convention convention, bool frozen) {
  Part part;
  part.name = op.name;
  part.parameters = parameters(op);
  part.forward = forward_count(op, convention);
  part.moved_bytes = moved_bytes(op);
  if (frozen) return part;  // nothing before a frozen tower is trained: it has no backward pass
  part.backward_parts = backward_count(op, convention);
  part.backward = part.backward_parts.total();
  part.saved_bytes = saved_bytes(op, AttentionMemory::Fused);
  part.saved_bytes_unfused = saved_bytes(op, AttentionMemory::Unfused);
  return part;
}

/// Only blocks are recomputed; embedding and output layers keep what they need.
void add_recompute(Part& part, const Operator<Count>& op) {
  part.recompute_full = part.forward;
  if (std::holds_alternative<Attention<Count>>(op.shape)) part.recompute_selective = part.forward;
}

Part count_group(const LayerGroup<Count>& group, Convention convention, bool frozen) {
  Part layer;
  layer.name = group.layer.name;
  for (const Operator<Count>& op : group.layer.operators) {
    layer.parts.push_back(count_operator(op, convention, frozen));
    if (group.layer.name == "block" && !frozen) add_recompute(layer.parts.back(), op);
    accumulate(layer, layer.parts.back());
  }
  times(layer, group.repeat);
  return layer;
}

Part count_tower(std::string name, const std::vector<LayerGroup<Count>>& groups, Convention convention, bool frozen) {
  Part tower;
  tower.name = std::move(name);
  for (const LayerGroup<Count>& group : groups) {
    tower.parts.push_back(count_group(group, convention, frozen));
    accumulate(tower, tower.parts.back());
  }
  return tower;
}

FlopsReport checked_count(const ModelSpec& model, const InputShape& input, Convention convention) {
  const Work<Count> work = build_work(model, input);
  FlopsReport report;
  report.model = model.name;
  report.batch = input.batch.value();
  report.convention = to_string(convention);
  for (const Tower<Count>& tower : work.towers) {
    report.towers.push_back(count_tower(tower.name, tower.groups, convention, tower.frozen));
  }
  if (!work.head.empty()) report.towers.push_back(count_tower("head", work.head, convention, false));
  for (const Part& part : report.towers) accumulate(report, part);
  return report;
}

}  // namespace

FlopsReport count_flops(const ModelSpec& model, const InputShape& input, Convention convention) {
  check_input(model, input);
  try {
    return checked_count(model, input, convention);
  } catch (const CountOverflow& overflow) {
    throw InputError(fmt::format("{} at batch {}: a count leaves 64 bits: {}", model.name, input.batch.value(), overflow.what()));
  }
}

}  // namespace mfusim
