// SPDX-License-Identifier: Apache-2.0
#include "study/step_bound.hpp"

#include "sim/build_step.hpp"
#include "sim/chunk_segments.hpp"
#include "sim/context_parallel.hpp"

#include <algorithm>

namespace mfusim {
namespace {

Picoseconds kernel_time(const Segment& segment, const StepTable& table) {
  Picoseconds total{};
  for (const SegmentTask& task : segment.tasks) {
    const Step& step = table[task.step];
    if (step.stream == StreamKind::Compute) total += step.duration;
  }
  return total;
}

bool has_bound(const Scenario& scenario) {
  const PipelineSchedule schedule = scenario.parallel.schedule;
  const bool known = schedule == PipelineSchedule::GPipe || schedule == PipelineSchedule::OneForwardOneBackward ||
                     schedule == PipelineSchedule::Interleaved;
  // the first layers of a chunk are recomputed, others not: layers of one group differ
  const bool by_block =
      scenario.parallel.recompute == Recompute::Full && scenario.parallel.recompute_method == RecomputeMethod::Block;
  return known && !by_block && scenario.model.decoder.has_value();
}

/// Both passes of one micro-batch through a chunk.
Picoseconds chunk_time(const ModelChunk& chunk, const PricedWork& priced) {
  const std::vector<LayerGroup<Count>>& groups = priced.work.towers.front().groups;
  Picoseconds total{};
  for (const LayerRun& run : chunk.runs) {
    const auto of_layer = [&](const LayerGroup<Count>& group) { return &group.layer == run.layer; };
    const auto group = static_cast<std::size_t>(std::find_if(groups.begin(), groups.end(), of_layer) - groups.begin());
    total += run.repeat * (priced.layers.at(group).forward + priced.layers.at(group).backward);
  }
  return total;
}

}  // namespace

PricedWork price_work(const Scenario& scenario) {
  PricedWork priced{micro_batch_work(scenario), {}};
  if (!has_bound(scenario)) return priced;
  const LayerContext context = layer_context(scenario);
  const Work<Count> share = context_share(priced.work, scenario.parallel.context);
  for (const ModelChunk& chunk : cut_into_chunks(share.towers.front().groups, 1)) {
    for (const LayerRun& run : chunk.runs) {
      StepTable table;
      ChunkSegments segments(context, table);
      const ModelChunk one{{LayerRun{run.layer, 1, run.transformer_block}}};
      const Segment forward = segments.forward(one);
      const Segment backward = segments.backward(one);
      priced.layers.push_back({kernel_time(forward, table), kernel_time(backward, table)});
    }
  }
  return priced;
}

Picoseconds least_step_time(const Scenario& scenario, const PricedWork& priced) {
  if (!has_bound(scenario)) return {};
  const ParallelPlan& plan = scenario.parallel;
  const auto stages = static_cast<std::size_t>(plan.pipeline);
  const std::vector<ModelChunk> chunks = cut_into_chunks(priced.work.towers.front().groups, plan);
  Picoseconds before{};
  Picoseconds least{};
  for (std::size_t stage = 0; stage < stages; ++stage) {
    Picoseconds busy{};
    for (std::size_t chunk = stage; chunk < chunks.size(); chunk += stages) busy += chunk_time(chunks[chunk], priced);
    least = std::max(least, before + plan.micro_batches * busy);
    before += chunk_time(chunks[stage], priced);
  }
  return least;
}

}  // namespace mfusim
