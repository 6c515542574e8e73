// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr const char* name = "zb-v";

PlanFault fault(const PipelineShape& shape) {
  if (shape.chunks != 2) return {"virtual_stages", fmt::format("zb-v has 2 virtual stages, got {}", shape.chunks)};
  return several_stages(name, shape);
}

/// Writes the slots of one stage; each call is the next micro-batch of its chunk.
class Writer {
 public:
  explicit Writer(std::size_t slots) { slots_.reserve(slots); }
  void forward(std::uint32_t chunk) { add(Slot::Kind::Forward, forward_, chunk); }
  void input_gradient(std::uint32_t chunk) { add(Slot::Kind::InputGradient, input_, chunk); }
  void weight_gradient(std::uint32_t chunk) { add(Slot::Kind::WeightGradient, weight_, chunk); }
  void backward(std::uint32_t chunk) {
    input_gradient(chunk);
    weight_gradient(chunk);
  }
  [[nodiscard]] std::uint32_t forwards(std::uint32_t chunk) const { return forward_[chunk]; }
  void remaining_weight_gradients(std::uint32_t chunk) {
    while (weight_[chunk] < input_[chunk]) weight_gradient(chunk);
  }
  [[nodiscard]] std::vector<Slot> finish() && { return std::move(slots_); }

 private:
  using Counts = std::array<std::uint32_t, 2>;
  void add(Slot::Kind kind, Counts& done, std::uint32_t chunk) { slots_.push_back({kind, done[chunk]++, chunk}); }

  std::vector<Slot> slots_;
  Counts forward_{}, input_{}, weight_{};
};

/// With F = B = W no slot waits. Stage s of p: until its first loss gradient comes, forward passes; then the four passes of
/// both chunks in turn; at the end input gradients first, as stages further down wait for them. Needs 2 p - 1 micro-batches to
/// fill; a smaller step runs the same order with gaps.
std::vector<Slot> order(const PipelineShape& shape, std::uint32_t stage) {
  const std::uint32_t total = std::max(2 * shape.stages - 1, shape.micro_batches);
  const std::uint32_t below = shape.stages - stage;  // stages from here to the turn of the V
  Writer slots(6 * std::size_t{total});
  for (std::uint32_t i = 0; i < 2 * below - 1; ++i) slots.forward(0);
  for (std::uint32_t i = 0; i < stage; ++i) {
    slots.forward(1);
    slots.forward(0);
  }
  for (std::uint32_t i = 0; i < below; ++i) {
    slots.forward(1);
    slots.backward(1);
  }
  while (slots.forwards(1) < total) {
    if (slots.forwards(0) < total) slots.forward(0);
    slots.backward(0);
    slots.forward(1);
    slots.backward(1);
  }
  for (std::uint32_t i = 0; i < stage; ++i) {
    slots.input_gradient(0);
    slots.input_gradient(1);
  }
  for (std::uint32_t i = 0; i < below; ++i) {
    slots.input_gradient(0);
    slots.weight_gradient(0);
  }
  slots.remaining_weight_gradients(1);
  slots.remaining_weight_gradients(0);
  return without_missing(std::move(slots).finish(), shape);
}

}  // namespace

ScheduleKind zb_v() {
  return {.schedule = PipelineSchedule::ZbV,
          .name = name,
          .placement = ChunkPlacement::V,
          .default_chunks = 2,
          .splits_backward = true,
          .fault = fault,
          .order = order};
}

}  // namespace mfusim
