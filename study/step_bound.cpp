// SPDX-License-Identifier: Apache-2.0
#include "study/step_bound.hpp"

#include "sim/build_step.hpp"
#include "sim/chunk_segments.hpp"
#include "sim/context_parallel.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Sharded weights are gathered layer by layer, which may order a layer's own communication anew: its kernels alone are certain.
Picoseconds least_time(const PassTime& pass, std::int64_t layers, const ParallelPlan& plan) {
  return plan.zero == 3 ? layers * pass.kernels : pass.of(layers);
}

/// Both passes of one micro-batch through a chunk.
Picoseconds chunk_time(const ModelChunk& chunk, const PricedWork& priced, const ParallelPlan& plan) {
  const std::vector<LayerGroup<Count>>& groups = priced.work.towers.front().groups;
  Picoseconds total{};
  for (const LayerRun& run : chunk.runs) {
    const auto of_layer = [&](const LayerGroup<Count>& group) { return &group.layer == run.layer; };
    const auto group = static_cast<std::size_t>(std::find_if(groups.begin(), groups.end(), of_layer) - groups.begin());
    const PricedWork::Passes& passes = priced.layers.at(group);
    total += least_time(passes.forward, run.repeat, plan) + least_time(passes.backward, run.repeat, plan);
  }
  return total;
}

PricedWork::Passes price_layer(const LayerContext& context, const LayerRun& run) {
  StepTable table;
  ChunkSegments segments(table);
  const ModelChunk one{{LayerRun{run.layer, 1, run.transformer_block}}};
  const ModelChunk two{{LayerRun{run.layer, 2, run.transformer_block}}};
  return {least_pass_time(segments.forward(context, one), segments.forward(context, two), table),
          least_pass_time(segments.backward(context, one), segments.backward(context, two), table)};
}

}  // namespace

bool has_step_bound(const Scenario& scenario) {
  const PipelineSchedule schedule = scenario.parallel.schedule;
  const bool known = schedule == PipelineSchedule::GPipe || schedule == PipelineSchedule::OneForwardOneBackward ||
                     schedule == PipelineSchedule::Interleaved;
  // the first layers of a chunk are recomputed, others not: layers of one group differ
  const bool by_block =
      scenario.parallel.recompute == Recompute::Full && scenario.parallel.recompute_method == RecomputeMethod::Block;
  return known && !by_block && scenario.model.decoder.has_value();
}

PricedWork price_work(const Scenario& scenario) {
  PricedWork priced{micro_batch_work(scenario), {}};
  if (!has_step_bound(scenario)) return priced;
  const LayerContext context = layer_context(scenario);
  const Work<Count> share = context_share(priced.work, scenario.parallel.context);
  for (const ModelChunk& chunk : cut_into_chunks(share.towers.front().groups, 1)) {
    for (const LayerRun& run : chunk.runs) priced.layers.push_back(price_layer(context, run));
  }
  return priced;
}

Picoseconds least_step_time(const Scenario& scenario, const PricedWork& priced) {
  if (!has_step_bound(scenario)) return {};
  const ParallelPlan& plan = scenario.parallel;
  const auto stages = static_cast<std::size_t>(plan.pipeline);
  const std::vector<ModelChunk> chunks = cut_into_chunks(priced.work.towers.front().groups, plan);
  Picoseconds before{};
  Picoseconds least{};
  for (std::size_t stage = 0; stage < stages; ++stage) {
    Picoseconds busy{};
    for (std::size_t chunk = stage; chunk < chunks.size(); chunk += stages) busy += chunk_time(chunks[chunk], priced, plan);
    least = std::max(least, before + plan.micro_batches * busy);
    before += chunk_time(chunks[stage], priced, plan);
  }
  return least;
}

}  // namespace mfusim
