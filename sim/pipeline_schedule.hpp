// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/scenario.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace mfusim {

/// One slot of a pipeline rank: a pass of one micro-batch through one of its model chunks. A schedule either runs whole
/// backward passes, or splits each into its input gradients (the papers' B) and, later, its weight gradients (W).
struct Slot {
  enum class Kind : std::uint8_t { Forward, Backward, InputGradient, WeightGradient };
  Kind kind = Kind::Forward;
  std::uint32_t micro_batch = 0;
  std::uint32_t chunk = 0;  ///< Of this rank: 0 .. virtual_stages - 1.
  friend bool operator==(const Slot&, const Slot&) = default;
};
[[nodiscard]] std::string to_string(Slot::Kind kind);

/// What a schedule has to order.
struct PipelineShape {
  std::uint32_t stages = 1;
  std::uint32_t chunks = 1;  ///< Of each stage.
  std::uint32_t micro_batches = 1;
  std::uint32_t memory_limit = 0;  ///< Micro-batches' activations that a stage may hold; of schedules made to measure.
};
[[nodiscard]] PipelineShape pipeline_shape(const ParallelPlan& plan);

/// What the passes of a stage's chunk take and keep. Without measurements all passes last equally long, and weight gradients need
/// half of what a forward pass keeps.
struct StageCosts {
  Picoseconds forward{1};
  Picoseconds input_gradient{1};
  Picoseconds weight_gradient{1};
  Bytes kept{2};         ///< From forward to input gradient (Qi et al.'s M_B).
  Bytes for_weights{1};  ///< From there to the weight gradient (M_W).
};
/// What a schedule is made to measure from.
struct PipelineCosts {
  std::vector<StageCosts> stages;
  Picoseconds transfer{};  ///< Between neighbouring stages.
};

/// Which stage runs a chunk of the model. Wrapped: chunk c on stage c mod p. V: down the stages and up again, so that the
/// first stage also runs the last chunk (2 chunks a stage).
enum class ChunkPlacement { Wrapped, V };

/// Why a shape cannot run under a schedule: the key of the plan that is wrong, and the rule with both values. An empty key: it
/// can.
struct PlanFault {
  std::string key;
  std::string rule;
};

/// A pipeline schedule: what a file of sim/schedules/ describes.
struct ScheduleKind {
  PipelineSchedule schedule = PipelineSchedule::OneForwardOneBackward;
  std::string name;  ///< As scenarios spell it.
  ChunkPlacement placement = ChunkPlacement::Wrapped;
  std::uint32_t default_chunks = 1;  ///< Chunks a stage where the scenario does not say.
  bool splits_backward = false;      ///< Weight gradients have slots of their own: a zero-bubble schedule.
  bool in_rounds = false;            ///< Micro-batches pass the chunks in groups of as many as there are stages.
  PlanFault (*fault)(const PipelineShape&) = nullptr;
  std::vector<Slot> (*order)(const PipelineShape&, std::uint32_t stage) = nullptr;  ///< Of a shape without fault.
  /// In place of `order`, where the order depends on what the passes cost: the slots of all stages.
  std::vector<std::vector<Slot>> (*measured_order)(const PipelineShape&, const PipelineCosts&) = nullptr;
};

/// Every schedule, and one of them.
[[nodiscard]] std::span<const ScheduleKind> schedule_kinds();
[[nodiscard]] const ScheduleKind& schedule_kind(PipelineSchedule schedule);

[[nodiscard]] std::vector<std::string> schedule_names();

/// The order in which each pipeline rank runs its slots. `costs` count where the schedule is made to measure; without stages all
/// passes cost the same.
[[nodiscard]] std::vector<std::vector<Slot>> stage_schedules(const ParallelPlan& plan, const PipelineCosts& costs);
/// That of one rank, passes costing the same.
[[nodiscard]] std::vector<Slot> stage_schedule(const ParallelPlan& plan, int stage);

/// After how many micro-batches a schedule repeats itself, and how many slots each stage has for them.
struct PipelinePeriod {
  std::uint32_t micro_batches = 1;
  std::uint32_t slots = 2;
};
[[nodiscard]] PipelinePeriod pipeline_period(const ParallelPlan& plan);

/// The longest part of a stage's order that repeats: each of its slots but those of the last period comes again a period later, a
/// period's micro-batches further. A step of a period more has such a part that is a period longer, and is the same before and
/// behind it: from twice as many micro-batches as stages on, as fewer may not fill the schedule. Empty where the order never
/// repeats.
struct SlotRange {
  std::size_t first = 0;
  std::size_t last = 0;  ///< Behind the last one.
};
[[nodiscard]] SlotRange repeating_slots(const std::vector<Slot>& slots, const PipelinePeriod& period);

/// The place in the whole model of a stage's chunk, and the stage that runs a chunk of the model.
[[nodiscard]] std::uint32_t model_chunk(const ParallelPlan& plan, int stage, std::uint32_t chunk);
[[nodiscard]] int stage_of_chunk(const ParallelPlan& plan, std::uint32_t model_chunk);
/// The stage with the last layers, the logits and the loss.
[[nodiscard]] int loss_stage(const ParallelPlan& plan);

/// Most passes that rank `stage` holds activations of at once, by the schedule's own order: a pass counts until its last
/// gradient is done.
[[nodiscard]] std::int64_t most_in_flight(const std::vector<Slot>& slots);

}  // namespace mfusim
