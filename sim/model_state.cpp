// SPDX-License-Identifier: Apache-2.0
#include "sim/model_state.hpp"

#include "model/parameters.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/update_traffic.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Parameters of a rank before they are sharded.
struct Held {
  ParameterShare all;
  ParameterShare root;           ///< Outside the transformer blocks.
  ParameterShare largest_block;  ///< By what is gathered.
  double largest_tensor = 0;     ///< Of the trainable ones.
  double cast = 0;               ///< Trainable weights of matrix multiplies that autocast converts and keeps.
};

double multiplied(const Layer<Count>& layer, const TensorGroup& group) {
  double total = 0;
  for (const Operator<Count>& op : layer.operators) {
    const OperatorShape<Count> mine = sharded_shape(op, group);
    const auto* linear = std::get_if<Linear<Count>>(&mine);
    if (linear != nullptr && op.trainable) total += parameters(*linear).as_double();  // also where they are another operator's
  }
  return total;
}

double largest_tensor(const Layer<Count>& layer, const TensorGroup& group) {
  double most = 0;
  for (const Operator<Count>& op : layer.operators) {
    const double values = std::visit([](const auto& shape) { return parameters(shape).as_double(); }, sharded_shape(op, group));
    if (op.trainable) most = std::max(most, values);
  }
  return most;
}

/// Parameters of one layer on one rank.
struct LayerParameters {
  const Layer<Count>* layer = nullptr;
  ParameterShare all;
  double largest_tensor = 0;
  double multiplied = 0;
};

LayerParameters parameters_of_layer(const LayerRun& run, const TensorGroup& group) {
  return {.layer = run.layer,
          .all = parameters_of({.runs = {{run.layer, 1, run.transformer_block}}}, group),
          .largest_tensor = largest_tensor(*run.layer, group),
          .multiplied = multiplied(*run.layer, group)};
}

void add_run(const Scenario& scenario, const LayerRun& run, const LayerParameters& one, Held& held) {
  const auto layers = static_cast<double>(run.repeat);
  held.all.all += layers * one.all.all;
  held.all.trainable += layers * one.all.trainable;
  held.largest_tensor = std::max(held.largest_tensor, one.largest_tensor);
  const bool recomputed = run.transformer_block && scenario.parallel.recompute == Recompute::Full;
  if (!recomputed) held.cast += layers * one.multiplied;
  if (!run.transformer_block) {
    held.root.all += layers * one.all.all;
    held.root.trainable += layers * one.all.trainable;
  } else if (one.all.all > held.largest_block.all) {
    held.largest_block = one.all;
  }
}

Held held_by(const Scenario& scenario, const std::vector<const ModelChunk*>& chunks) {
  const TensorGroup group{scenario.parallel.tensor, scenario.parallel.sequence};
  Held held;
  std::vector<LayerParameters> known;  // chunks mostly hold the same layer
  for (const ModelChunk* chunk : chunks) {
    for (const LayerRun& run : chunk->runs) {
      const auto same = [&](const LayerParameters& one) { return one.layer == run.layer; };
      auto one = std::find_if(known.begin(), known.end(), same);
      if (one == known.end()) one = known.insert(known.end(), parameters_of_layer(run, group));
      add_run(scenario, run, *one, held);
    }
  }
  return held;
}

bool gathers_weights(const ParallelPlan& plan) {
  return shards_parameters(plan) && plan.shard_group > 1;
}

/// Parameters outside the blocks, and of as many blocks as may be whole at once.
double whole_at_once(const ParallelPlan& plan, const Held& held) {
  const double blocks = held.all.all - held.root.all;
  const int whole = 1 + std::max(plan.sharding.forward_prefetch, plan.sharding.backward_prefetch);
  return held.root.all + (plan.sharding.reshard_after_forward ? std::min(blocks, whole * held.largest_block.all) : blocks);
}

double gathered_values(const Scenario& scenario, const Held& held) {
  return std::max(whole_at_once(scenario.parallel, held), std::min(held.all.all, scenario.stack.live_parameters));
}

Bytes gathered_weights(const Scenario& scenario, const Held& held) {
  const ParallelPlan& plan = scenario.parallel;
  const bool sharded = gathers_weights(plan);
  Bytes bytes = sharded ? gathered_values(scenario, held) * weight_value(scenario) : Bytes();
  if (autocasts(scenario.training, scenario.stack)) {
    const double cast =
        sharded && plan.sharding.reshard_after_forward ? std::min(held.cast, whole_at_once(plan, held)) : held.cast;
    bytes += cast * size_of(scenario.training.precision);
  }
  return bytes;
}

/// Gathered weights that were given up, up to all of a pass.
Bytes held_back_weights(const Scenario& scenario, const Held& held) {
  if (!gathers_weights(scenario.parallel) || scenario.stack.recorded_collectives == RecordedCollectives::None) return {};
  return (held.all.all - gathered_values(scenario, held)) * weight_value(scenario);
}

Bytes update_copies(const Scenario& scenario, const Held& held) {
  const StateTypes& types = scenario.training.state;
  if (!flat_update_gradients(scenario)) return {};
  constexpr double sub_group = 1e9;  // DeepSpeed, ZeRO-3: sub_group_size, its default
  const double shard = held.all.trainable / shard_ranks(scenario.parallel);
  const double at_once = shards_parameters(scenario.parallel) ? std::min(shard, sub_group) : shard;
  return at_once * (size_of(types.gradients) + size_of(DataType::Fp32));
}

Bytes pass_gradients(const Scenario& scenario, const Held& held) {
  const StateTypes& types = scenario.training.state;
  if (!scenario.stack.keeps_pass_gradients || types.gradients == scenario.training.precision) return {};
  return held.all.trainable * size_of(scenario.training.precision) + held.largest_tensor * size_of(types.gradients);
}

Bytes reduction_buffers(const Scenario& scenario, const Held& held) {
  const ParallelPlan& plan = scenario.parallel;
  if (gradient_ranks(plan) == 1) return {};
  if (shards_parameters(plan)) {
    constexpr double blocks_on_their_way = 2;
    return (blocks_on_their_way * held.largest_block.trainable + held.root.trainable) * reduction_value(scenario);
  }
  const Bytes all = held.all.trainable * reduction_value(scenario);
  switch (scenario.stack.reduction_buffers) {
    case ReductionBuffers::InPlace:
      return scenario.training.state.reduction == scenario.training.state.gradients ? Bytes() : all;
    case ReductionBuffers::Copy:
      return all;
    case ReductionBuffers::Buckets:
      return std::min(all, (scenario.techniques.dp_overlap ? 2.0 : 1.0) * scenario.stack.gradient_bucket);
  }
  throw std::logic_error("unhandled ReductionBuffers");
}

}  // namespace

MemoryParts model_state(const Scenario& scenario, const std::vector<const ModelChunk*>& chunks) {
  const Held held = held_by(scenario, chunks);
  const StateTypes& types = scenario.training.state;
  const int zero = scenario.parallel.zero;
  const double shards = shard_ranks(scenario.parallel);
  const double moments = scenario.training.optimizer == Optimizer::Sgd ? 1 : 2;
  const Bytes optimizer = moments * size_of(types.moments) + (types.master ? size_of(*types.master) : Bytes());
  return {{"weights", held.all.all / (zero >= 3 ? shards : 1) * size_of(types.parameters)},
          {"gradients", held.all.trainable / (zero >= 2 ? shards : 1) * size_of(types.gradients)},
          {"optimizer", held.all.trainable / shards * optimizer},
          {"gathered_weights", gathered_weights(scenario, held)},
          {"pass_gradients", pass_gradients(scenario, held)},
          {"reduction_buffers", reduction_buffers(scenario, held)},
          {"held_back", held_back_weights(scenario, held)},
          {"update_copies", update_copies(scenario, held)}};
}

}  // namespace mfusim
