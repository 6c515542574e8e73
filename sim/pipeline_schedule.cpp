// SPDX-License-Identifier: Apache-2.0
#include "sim/pipeline_schedule.hpp"

#include <algorithm>
#include <stdexcept>

namespace mfusim {
namespace {

std::vector<Slot> gpipe(std::uint32_t micro_batches) {
  std::vector<Slot> slots;
  for (std::uint32_t m = 0; m < micro_batches; ++m) slots.push_back({Slot::Kind::Forward, m, 0});
  for (std::uint32_t m = micro_batches; m-- > 0;) slots.push_back({Slot::Kind::Backward, m, 0});
  return slots;
}

/// `warmup` forward slots, then forward and backward in turn, then the remaining backward slots.
template <class ForwardSlot, class BackwardSlot>
std::vector<Slot> alternate(std::uint32_t total, std::uint32_t warmup, ForwardSlot forward, BackwardSlot backward) {
  std::vector<Slot> slots;
  slots.reserve(2 * std::size_t{total});
  for (std::uint32_t k = 0; k < warmup; ++k) slots.push_back(forward(k));
  for (std::uint32_t k = warmup; k < total; ++k) {
    slots.push_back(forward(k));
    slots.push_back(backward(k - warmup));
  }
  for (std::uint32_t k = total - warmup; k < total; ++k) slots.push_back(backward(k));
  return slots;
}

std::vector<Slot> one_forward_one_backward(std::uint32_t micro_batches, std::uint32_t stages, std::uint32_t stage) {
  const std::uint32_t warmup = std::min(micro_batches, stages - stage - 1);
  return alternate(
      micro_batches, warmup,
      [](std::uint32_t k) {
        return Slot{Slot::Kind::Forward, k, 0};
      },
      [](std::uint32_t k) {
        return Slot{Slot::Kind::Backward, k, 0};
      });
}

/// Micro-batches go through the chunks in groups of `stages`: chunk 0 for `stages` of them, then chunk 1, ...
std::vector<Slot> interleaved(std::uint32_t micro_batches, std::uint32_t stages, std::uint32_t stage, std::uint32_t chunks) {
  const std::uint32_t total = micro_batches * chunks;
  const std::uint32_t warmup = std::min(total, (stages - stage - 1) * 2 + (chunks - 1) * stages);
  const auto chunk_of = [=](std::uint32_t k) { return k % (stages * chunks) / stages; };
  const auto micro_batch_of = [=](std::uint32_t k) { return k / (stages * chunks) * stages + k % stages; };
  return alternate(
      total, warmup,
      [=](std::uint32_t k) {
        return Slot{Slot::Kind::Forward, micro_batch_of(k), chunk_of(k)};
      },
      [=](std::uint32_t k) {
        return Slot{Slot::Kind::Backward, micro_batch_of(k), chunks - 1 - chunk_of(k)};
      });
}

}  // namespace

std::vector<Slot> stage_schedule(const ParallelPlan& plan, int stage) {
  const auto micro_batches = static_cast<std::uint32_t>(plan.micro_batches);
  const auto stages = static_cast<std::uint32_t>(plan.pipeline);
  switch (plan.schedule) {
    case PipelineSchedule::GPipe:
      return gpipe(micro_batches);
    case PipelineSchedule::OneForwardOneBackward:
      return one_forward_one_backward(micro_batches, stages, static_cast<std::uint32_t>(stage));
    case PipelineSchedule::Interleaved:
      return interleaved(micro_batches, stages, static_cast<std::uint32_t>(stage),
                         static_cast<std::uint32_t>(plan.virtual_stages));
  }
  throw std::logic_error("unhandled PipelineSchedule");
}

std::int64_t most_in_flight(const std::vector<Slot>& slots) {
  std::int64_t alive = 0;
  std::int64_t most = 0;
  for (const Slot& slot : slots) {
    alive += slot.kind == Slot::Kind::Forward ? 1 : -1;
    most = std::max(most, alive);
  }
  return most;
}

}  // namespace mfusim
