// SPDX-License-Identifier: Apache-2.0
#include "sim/tower_step.hpp"

#include "sim/chunk_segments.hpp"
#include "sim/towers.hpp"

namespace mfusim {

TowerStep::TowerStep(const Scenario& view, const Tower<Count>& tower, StepGraph& graph, TowerSeat seat)
    : view_(view),
      tower_(tower),
      graph_(graph),
      seat_(seat),
      context_(layer_context(view)),
      chunk_(cut_into_chunks(tower.groups, 1).front()) {
  price();
}

void TowerStep::price() {
  const std::size_t first_row = graph_.table().size();
  ChunkSegments segments(graph_.table());
  forward_ = segments.forward(context_, chunk_, ForwardPurpose::First);
  if (tower_.frozen) return;
  if (caches_features(view_.parallel)) again_ = segments.forward(context_, chunk_, ForwardPurpose::Recompute);
  backward_ = segments.backward(context_, chunk_);
  if (view_.placement == TowerPlacement::TwoStreams) move_kernels(first_row);
}

/// Assumption: a kernel of either tower fills the SMs, so that two kernels at a time each run at half their rate, a
/// memory-bound one too. Two queues then gain only what fills gaps: waiting for the host, for the loss, for transfers.
void TowerStep::move_kernels(std::size_t first_row) {
  StepTable& table = graph_.table();
  for (std::size_t row = first_row; row < table.size(); ++row) {
    if (table[row].stream == StreamKind::Compute) table[row].stream = seat_.kernels;
    if (table[row].use == StepUse::Memory) table[row].use = StepUse::Compute;
  }
}

Bytes input_bytes(const Tower<Count>& tower, DataType precision) {
  const Operator<Count>& first = tower.groups.front().layer.operators.front();
  if (const auto* patches = std::get_if<Linear<Count>>(&first.shape))
    return patches->rows.as_double() * patches->inputs.as_double() * size_of(precision);
  if (const auto* tokens = std::get_if<Embedding<Count>>(&first.shape)) return Bytes(8 * tokens->rows.as_double());
  return {};
}

std::vector<StepTask> TowerStep::forward(std::uint32_t micro_batch, std::span<const StepTask> ready) {
  return exits_of(graph_.place(seat_.rank, forward_, {.micro_batch = micro_batch, .chunk = seat_.number}, ready));
}

std::vector<StepTask> TowerStep::forward_again(std::uint32_t micro_batch, std::span<const StepTask> ready) {
  return exits_of(graph_.place(seat_.rank, again_, {.micro_batch = micro_batch, .chunk = seat_.number}, ready));
}

std::vector<StepTask> TowerStep::backward(std::uint32_t micro_batch, std::span<const StepTask> gradient) {
  last_backward_ = graph_.place(seat_.rank, backward_, {.micro_batch = micro_batch, .chunk = seat_.number}, gradient);
  return exits_of(last_backward_);
}

StepTask TowerStep::reduce(GradientReduction& reduction) const {
  std::size_t end = 0;
  for (auto run = chunk_.runs.rbegin(); run != chunk_.runs.rend(); ++run) {
    const std::vector<double> sizes = gradient_tensors(*run->layer, context_.tensor);
    for (std::int64_t i = 0; i < run->repeat && end < backward_.layer_ends.size(); ++i, ++end) {
      for (const double values : sizes) reduction.add(values, last_backward_.task(backward_.layer_ends[end]));
    }
  }
  return last_backward_.task(static_cast<SegmentIndex>(backward_.tasks.size()) - 1);
}

}  // namespace mfusim
