// SPDX-License-Identifier: Apache-2.0
#include "sim/overlapped_gemm.hpp"

#include <stdexcept>

namespace mfusim {
namespace {

const Linear<Count>& linear_of(const Operator<Count>& op) {
  return std::get<Linear<Count>>(op.shape);
}

Step piece_step(const LayerContext& context, const Operator<Count>& op, Pass pass, int pieces, const std::string& name,
                std::optional<StepClass> step_class) {
  Operator<Count> piece = op;
  auto& linear = std::get<Linear<Count>>(piece.shape);
  linear.rows = linear.rows / pieces;
  std::optional<Step> step = kernel_step(context.kernels, piece, pass);
  if (!step) throw std::logic_error(op.name + ": a product in pieces needs a kernel");
  step->name = name;
  if (step_class) step->step_class = *step_class;
  return *step;
}

}  // namespace

int pieces_of(const LayerContext& context, const Operator<Count>& op) {
  const std::int64_t rows = linear_of(op).rows.value();
  int pieces = context.overlap_chunks;
  while (rows % pieces != 0) --pieces;
  return pieces;
}

SegmentTasks exchange_in_pieces(const LayerContext& context, SegmentBuilder& segment, Collective kind, double elements,
                                const std::string& name, const SegmentTasks& after, int pieces) {
  SegmentTasks parts;
  for (int i = 0; i < pieces; ++i) {
    parts.push_back(segment.add(tensor_collective(context, kind, elements / pieces, name), i == 0 ? after : SegmentTasks{}));
  }
  return parts;
}

SegmentIndex exchange_after_pieces(const LayerContext& context, SegmentBuilder& segment, Collective kind, double elements,
                                   const std::string& name, const SegmentTasks& pieces) {
  SegmentIndex last = no_task;
  const auto count = static_cast<double>(pieces.size());
  for (const SegmentIndex piece : pieces) last = segment.add(tensor_collective(context, kind, elements / count, name), {piece});
  return last;
}

SegmentTasks gemm_in_pieces(const LayerContext& context, SegmentBuilder& segment, const Operator<Count>& op, Pass pass,
                            const std::string& name, const SegmentTasks& after, std::optional<StepClass> step_class) {
  const int pieces = pieces_of(context, op);
  SegmentTasks parts;
  for (int i = 0; i < pieces; ++i) {
    parts.push_back(add_kernel(context, segment, piece_step(context, op, pass, pieces, name, step_class), 1,
                               i == 0 ? after : SegmentTasks{}));
  }
  return parts;
}

SegmentTasks gemm_after_pieces(const LayerContext& context, SegmentBuilder& segment, const Operator<Count>& op, Pass pass,
                               const std::string& name, const SegmentTasks& exchanges, std::optional<StepClass> step_class) {
  const auto pieces = static_cast<int>(exchanges.size());
  SegmentTasks parts;
  for (const SegmentIndex exchange : exchanges) {
    parts.push_back(add_kernel(context, segment, piece_step(context, op, pass, pieces, name, step_class), 1, {exchange}));
  }
  return parts;
}

}  // namespace mfusim
