// SPDX-License-Identifier: Apache-2.0
#include "sim/pipelined_tower.hpp"

#include "sim/chunk_segments.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/tower_step.hpp"
#include "sim/towers.hpp"

#include <map>

namespace mfusim {
namespace {

constexpr std::size_t pass_kinds = 3;

}  // namespace

PipelinedTower::PipelinedTower(const Scenario& view, const Tower<Count>& tower, StepGraph& graph, Seat seat)
    : view_(view),
      tower_(tower),
      graph_(graph),
      seat_(seat),
      context_(layer_context(view)),
      chunks_(cut_into_chunks(tower.groups, view.parallel)) {
  price();
  const std::int64_t micro_batches = view.parallel.micro_batches;
  for (std::size_t pass = 0; pass < pass_kinds; ++pass)
    passes_.push_back({{chunks_.size(), micro_batches}, {chunks_.size(), micro_batches}});
  if (view.parallel.pipeline == 1) return;
  activations_ = stage_transfers(view, context_, chunks_, "send activations", StreamKind::PipelineForward);
  gradients_ = stage_transfers(view, context_, chunks_, "send gradients", StreamKind::PipelineBackward);
}

/// Chunks with the same layers share their segments: first, inner and last chunk.
void PipelinedTower::price() {
  ChunkSegments segments(graph_.table());
  std::map<std::vector<std::pair<const Layer<Count>*, std::int64_t>>, std::size_t> known;
  for (const ModelChunk& chunk : chunks_) {
    std::vector<std::pair<const Layer<Count>*, std::int64_t>> key;
    for (const LayerRun& run : chunk.runs) key.emplace_back(run.layer, run.repeat);
    const auto [at, fresh] = known.try_emplace(std::move(key), priced_.size());
    priced_of_.push_back(at->second);
    if (!fresh) continue;
    Priced& one = priced_.emplace_back();
    one.forward = segments.forward(context_, chunk, ForwardPurpose::First);
    if (tower_.frozen) continue;
    if (caches_features(view_.parallel)) one.again = segments.forward(context_, chunk, ForwardPurpose::Recompute);
    one.backward = segments.backward(context_, chunk);
  }
}

double PipelinedTower::trainable_parameters(int stage) const {
  double total = 0;
  for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(view_.parallel.virtual_stages); ++chunk)
    total += parameters_of(chunks_[model_chunk(view_.parallel, stage, chunk)], context_.tensor).trainable;
  return total;
}

double PipelinedTower::tensors(int stage) const {
  double total = 0;
  for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(view_.parallel.virtual_stages); ++chunk)
    total += parameter_tensors(chunks_[model_chunk(view_.parallel, stage, chunk)]);
  return total;
}

Bytes PipelinedTower::input_bytes() const {
  return mfusim::input_bytes(tower_, view_.training.precision);
}

StepInstance PipelinedTower::instance(const Passage& passage) const {
  return {.micro_batch = passage.micro_batch, .chunk = task_chunk(passage.chunk, seat_.number, seat_.towers)};
}

int PipelinedTower::rank_of_chunk(std::uint32_t chunk) const {
  return seat_.first_rank + stage_of_chunk(view_.parallel, chunk);
}

/// The chunk that a pass hands its result to; none: the chunk itself.
std::uint32_t PipelinedTower::neighbour(TowerPass pass, std::uint32_t chunk) const {
  if (pass == TowerPass::Backward) return chunk > 0 ? chunk - 1 : chunk;
  return chunk + 1 < chunks_.size() ? chunk + 1 : chunk;
}

PlacedSegment PipelinedTower::place(TowerPass pass, const Passage& passage, std::span<const StepTask> entry) {
  const Priced& one = priced(passage.chunk);
  const Segment& segment = pass == TowerPass::Forward ? one.forward : pass == TowerPass::ForwardAgain ? one.again : one.backward;
  const PlacedSegment placed = graph_.place(rank_of_chunk(passage.chunk), segment, instance(passage), entry);
  passes(pass).placed[passage] = placed;
  return placed;
}

std::optional<StepTask> PipelinedTower::send(TowerPass pass, const Passage& passage) {
  if (neighbour(pass, passage.chunk) == passage.chunk) return std::nullopt;
  StageTransfers& transfers = pass == TowerPass::Backward ? gradients_ : activations_;
  const PairReach reach = pair_reach(view_.parallel, view_.cluster, stage_of_chunk(view_.parallel, passage.chunk),
                                     stage_of_chunk(view_.parallel, neighbour(pass, passage.chunk)));
  const StepTask sent = graph_.add_row(rank_of_chunk(passage.chunk), transfers.step(reach), transfers.row(reach),
                                       instance(passage), exits_of(passes(pass).placed.at(passage)));
  passes(pass).sent[passage] = sent;
  return sent;
}

void PipelinedTower::reduce(const Passage& passage, GradientReduction& reduction) const {
  const ModelChunk& chunk = chunks_[passage.chunk];
  const PlacedSegment& backward = passes(TowerPass::Backward).placed.at(passage);
  std::size_t end = 0;
  for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run) {
    const std::vector<double> sizes = gradient_tensors(*run->layer, context_.tensor);
    for (std::int64_t i = 0; i < run->repeat && end < backward.segment->layer_ends.size(); ++i, ++end) {
      for (const double values : sizes) reduction.add(values, backward.task(backward.segment->layer_ends[end]));
    }
  }
}

void PipelinedTower::connect() {
  for (const TowerPass pass : {TowerPass::Forward, TowerPass::ForwardAgain, TowerPass::Backward}) {
    passes(pass).sent.for_each([&](const Passage& passage, std::optional<StepTask> sent) {
      if (sent) graph_.wait_at_entry(passes(pass).placed.at({neighbour(pass, passage.chunk), passage.micro_batch}), *sent);
    });
  }
}

}  // namespace mfusim
