// SPDX-License-Identifier: Apache-2.0
#include "sim/step_flops.hpp"

#include "model/counting.hpp"
#include "sim/model_chunk.hpp"
#include "sim/selective_recompute.hpp"
#include "sim/towers.hpp"

namespace mfusim {
namespace {

double layers_flops(const std::vector<LayerGroup<Count>>& groups) {
  double total = 0;
  for (const LayerGroup<Count>& group : groups) {
    for (const Operator<Count>& op : group.layer.operators) total += group.repeat.as_double() * 2 * forward_macs(op).as_double();
  }
  return total;
}

double operator_flops(const std::vector<Operator<Count>>& operators) {
  double total = 0;
  for (const Operator<Count>& op : operators) total += 2 * forward_macs(op).as_double();
  return total;
}

/// The core of unfused attention; flash kernels compute scores again inside their backward pass, whatever is recomputed.
double attention_core_flops(const Scenario& scenario, const Layer<Count>& layer) {
  double total = 0;
  if (scenario.techniques.attention != AttentionKernel::Unfused) return total;
  for (const Operator<Count>& op : layer.operators) {
    if (std::holds_alternative<Attention<Count>>(op.shape)) total += 2 * forward_macs(op).as_double();
  }
  return total;
}

/// Matmul FLOPs that a recomputed layer repeats.
double repeated_by_layer(const Scenario& scenario, const Layer<Count>& layer) {
  if (scenario.parallel.recompute != Recompute::Selective) return operator_flops(layer.operators);
  const bool products = scenario.stack.selective_recompute == SelectiveRecompute::EverySecondProduct;
  return attention_core_flops(scenario, layer) + (products ? operator_flops(repeated_operators(layer)) : 0);
}

/// Matmul FLOPs that activation recomputation repeats.
double recomputed_flops(const Scenario& scenario, const std::vector<ModelChunk>& chunks) {
  double total = 0;
  for (const ModelChunk& chunk : chunks) {
    for (const LayerRun& run : chunk.runs) {
      const auto again = static_cast<double>(recomputed_layers(scenario.parallel, run));
      if (again > 0) total += again * repeated_by_layer(scenario, *run.layer);
    }
  }
  return total;
}

/// Forward passes of one micro-batch that make up a step of a model without a contrastive loss.
double passes_of(const Scenario& scenario) {
  return static_cast<double>(scenario.parallel.micro_batches) * scenario.parallel.data;
}

double passes_of(const Scenario& scenario, const Work<Count>& work, std::size_t tower) {
  return work.towers.size() > 1 ? passes_of_tower(scenario, tower) : passes_of(scenario);
}

Flops flops_of_tower(const Scenario& scenario, const Work<Count>& work, std::size_t tower) {
  constexpr double forward_and_backward = 3;
  const double passes = work.towers[tower].frozen ? 1 : forward_and_backward;
  return Flops(passes * passes_of(scenario, work, tower) * layers_flops(work.towers[tower].groups));
}

}  // namespace

std::vector<Flops> tower_flops(const Scenario& scenario, const Work<Count>& work) {
  std::vector<Flops> flops;
  for (std::size_t i = 0; i < work.towers.size(); ++i) flops.push_back(flops_of_tower(scenario, work, i));
  return flops;
}

Flops repeated_flops(const Scenario& scenario, const Work<Count>& work) {
  Flops total;
  for (std::size_t i = 0; i < work.towers.size(); ++i) {
    if (work.towers[i].frozen) continue;
    const Scenario view = tower_view(scenario, i);
    double once = recomputed_flops(view, cut_into_chunks(work.towers[i].groups, view.parallel));
    if (work.towers.size() > 1 && caches_features(view.parallel)) once += layers_flops(work.towers[i].groups);
    total += Flops(passes_of(scenario, work, i) * once);
  }
  return total;
}

Flops model_flops(const Scenario& scenario, const Work<Count>& work) {
  constexpr double forward_and_backward = 3;
  Flops total;
  for (std::size_t i = 0; i < work.towers.size(); ++i) total += flops_of_tower(scenario, work, i);
  for (std::size_t rank = 0; rank < work.head.size(); ++rank) {
    const double parts = static_cast<double>(scenario.training.global_batch) / static_cast<double>(loss_batch(scenario, rank));
    total += Flops(forward_and_backward * parts * layers_flops({work.head[rank]}));
  }
  return total;
}

double utilisation(const Scenario& scenario, Flops flops, Seconds time) {
  const FlopsPerSecond peak = peak_of(scenario.cluster.gpu, scenario.training.precision);
  return flops / (peak * time * static_cast<double>(scenario.cluster.gpus));
}

}  // namespace mfusim
