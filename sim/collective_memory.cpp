// SPDX-License-Identifier: Apache-2.0
#include "sim/collective_memory.hpp"

#include "sim/shard.hpp"

namespace mfusim {
namespace {

/// Values of all tokens on the outer side of a split region's linears: inputs where it is entered, outputs where it is left.
struct RegionValues {
  double entered = 0;
  double left = 0;
};

RegionValues region_values(const Layer<Count>& layer, const TensorGroup& group) {
  RegionValues values;
  for (const Operator<Count>& op : layer.operators) {
    const OperatorShape<Count> mine = sharded_shape(op, group);
    const auto* linear = std::get_if<Linear<Count>>(&mine);
    if (linear == nullptr) continue;
    const bool shares_input = op.saved == SavedInput::SharedInput;  // gathered once
    if (op.split == TensorSplit::Columns && !shares_input) values.entered += (linear->rows * linear->inputs).as_double();
    if (op.split == TensorSplit::Rows) values.left += (linear->rows * linear->outputs).as_double();
  }
  return values;
}

HeldByCollectives held_by_layer(const Scenario& scenario, const Layer<Count>& layer) {
  const TensorGroup group{scenario.parallel.tensor, scenario.parallel.sequence};
  const RegionValues values = region_values(layer, group);
  const Bytes value = size_of(scenario.training.precision);
  const double share = 1.0 / group.ranks;
  const bool all = scenario.stack.recorded_collectives == RecordedCollectives::All;
  HeldByCollectives held;
  if (!group.sequence) {
    held.forward = values.left * value;
    held.backward = values.entered * value;
    return held;
  }
  if (all) held.forward = (values.entered + (1 + share) * values.left) * value;
  held.backward = ((2 + share) * values.entered + (all ? values.left : 0)) * value;
  return held;
}

}  // namespace

HeldByCollectives held_by_collectives(const Scenario& scenario, const ModelChunk& chunk) {
  HeldByCollectives total;
  const bool userbuffers = scenario.techniques.tp_overlap;
  if (scenario.stack.recorded_collectives == RecordedCollectives::None || scenario.parallel.tensor == 1 || userbuffers)
    return total;
  for (const LayerRun& run : chunk.runs) {
    if (!run.transformer_block) continue;
    const HeldByCollectives one = held_by_layer(scenario, *run.layer);
    const auto layers = static_cast<double>(run.repeat);
    total.forward += layers * one.forward;
    total.backward += layers * one.backward;
    if (scenario.parallel.recompute == Recompute::Full)
      total.backward += static_cast<double>(recomputed_layers(scenario.parallel, run)) * one.forward;
  }
  return total;
}

}  // namespace mfusim
