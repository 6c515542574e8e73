// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/passage_table.hpp"
#include "sim/pipeline_chunks.hpp"
#include "sim/pipeline_costs.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/shard_groups.hpp"
#include "sim/stage_passes.hpp"
#include "sim/stage_transfer.hpp"
#include "sim/step_library.hpp"
#include "sim/step_size.hpp"
#include "sim/tied_embedding.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// Items of a stage beside its passes and what they send: an estimate.
constexpr std::size_t few_items = 64;

class PipelineStep {
 public:
  PipelineStep(const Scenario& scenario, StepLibrary& library, Lasting lasting, std::int64_t micro_batches)
      : scenario_(scenario),
        plan_(scenario.parallel),
        context_(layer_context(scenario)),
        work_(library.work()),
        lasting_(lasting),
        chunks_(cut_into_chunks(work_.towers.front().groups, plan_)),
        graph_(scenario.cluster, plan_.pipeline),
        priced_(library.chunks(scenario, chunks_)),
        written_(plan_),
        forward_(chunks_.size(), micro_batches),
        backward_(chunks_.size(), micro_batches),
        sent_forward_(chunks_.size(), micro_batches),
        sent_backward_(chunks_.size(), micro_batches) {
    written_.micro_batches = micro_batches;
    graph_.table() = library.table();
    check_size();
    for (std::uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) stage_of_.push_back(stage_of_chunk(plan_, chunk));
    if (plan_.pipeline > 1) {
      send_activations_ = stage_transfers(scenario, context_, chunks_, "send activations", StreamKind::PipelineForward);
      send_gradients_ = stage_transfers(scenario, context_, chunks_, "send gradients", StreamKind::PipelineBackward);
      const auto both = [&](PairReach reach) { return in_turn(send_activations_.step(reach), send_gradients_.step(reach)); };
      send_in_turn_ = {both(PairReach::Node), both(PairReach::Network)};
    }
  }

  [[nodiscard]] std::vector<std::vector<Slot>> slots() const {
    if (schedule_kind(plan_.schedule).measured_order == nullptr) return stage_schedules(written_, {});
    return stage_schedules(written_, pipeline_costs(scenario_, chunks_, priced_, graph_.table(), longest_transfer()));
  }

  StepGraph run() {
    slots_ = slots();
    std::size_t items = few_items;
    for (const std::vector<Slot>& of_stage : slots_) items += 2 * of_stage.size() + few_items;
    graph_.reserve(items);
    std::vector<RankUpdate> updates;
    updates.reserve(static_cast<std::size_t>(plan_.pipeline));
    for (int stage = 0; stage < plan_.pipeline; ++stage) updates.push_back(build_stage(stage));
    connect();
    reduce_tied_embedding(scenario_, work_, graph_, updates);
    add_update(scenario_, graph_, updates);
    graph_.set_repetitions(std::move(repetitions_),
                           (plan_.micro_batches - written_.micro_batches) / pipeline_period(plan_).micro_batches);
    return std::move(graph_);
  }

 private:
  void check_size() const {
    std::size_t operators = 0;
    for (const LayerGroup<Count>& group : work_.towers.front().groups) {
      operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value());
    }
    constexpr std::size_t tasks_per_operator = 4;  // forward, two gradients, an exchange
    check_step_size(operators * tasks_per_operator * static_cast<std::size_t>(written_.micro_batches));
  }

  /// Both transfers between two neighbours in the steady phase, one after the other. They begin when the earlier stage has ended
  /// its forward pass and the later one its backward pass, and the next passes of both wait for the two: the later stage receives
  /// its next activations before it sends gradients.
  /// Source: DeepSpeed, deepspeed/runtime/pipe/schedule.py (TrainSchedule: RecvActivation before SendGrad, SendActivation before
  /// RecvGrad) and p2p.py (blocking calls).
  [[nodiscard]] static Step in_turn(const Step& first, Step second) {
    second.duration += first.duration;
    return second;
  }

  [[nodiscard]] Picoseconds longest_transfer() const {
    return send_activations_.step(furthest_pair(plan_, scenario_.cluster)).duration;
  }

  /// The neighbour of a chunk runs on the same stage: nothing is sent.
  [[nodiscard]] bool is_local(std::uint32_t chunk, std::uint32_t neighbour) const {
    return stage_of_[chunk] == stage_of_[neighbour];
  }
  [[nodiscard]] std::uint32_t last_model_chunk() const { return static_cast<std::uint32_t>(chunks_.size()) - 1; }

  RankUpdate build_stage(int stage) {
    stage_ = stage;
    passes_.emplace(scenario_, stage, priced_, graph_, lasting_);
    reduction_.emplace(scenario_, graph_, stage);
    blocking_.clear();
    start_ = stage_inputs();
    const std::vector<Slot>& slots = slots_[static_cast<std::size_t>(stage)];
    const StagePhases phases(slots, plan_.virtual_stages);
    const bool blocks_in_steady_phase = sends_block(scenario_, true);
    const bool blocks_outside = sends_block(scenario_, false);
    repetitions_.push_back(passes_->repetition(slots, phases, written_));
    StepTask end;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      blocks_ = phases.steady(i) ? blocks_in_steady_phase : blocks_outside;
      receives_next_ = scenario_.stack.pipeline_exchange == PipelineExchange::InTurn && i < phases.last_forward()
                           ? std::optional(next_forward(slots, i))
                           : std::nullopt;
      const PlacedSegment placed = place_slot(slots[i]);
      if (!placed.segment->tasks.empty()) end = placed.task(static_cast<SegmentIndex>(placed.segment->tasks.size()) - 1);
      const bool last = phases.last_slot_of(slots[i].chunk) == i;
      const bool ends_gradients = slots[i].kind == Slot::Kind::Backward || slots[i].kind == Slot::Kind::WeightGradient;
      if (ends_gradients && (last || plan_.zero == 2))
        add_gradients(placed, {passes_->chunks()[slots[i].chunk], slots[i].micro_batch});
      if (ends_gradients && !last && plan_.zero == 2) end_micro_batch(end);
    }
    reduction_->finish(end);
    RankUpdate update{.rank = stage, .gradients = reduction_->reduced()};
    for (const std::uint32_t chunk : passes_->chunks()) {
      update.parameters += priced_[chunk].trainable;
      update.tensors += priced_[chunk].tensors;
    }
    update.gradients.push_back(end);
    return update;
  }

  /// The forward pass that follows slot `at` on its stage.
  [[nodiscard]] Passage next_forward(const std::vector<Slot>& slots, std::size_t at) const {
    const auto next = std::find_if(slots.begin() + static_cast<std::ptrdiff_t>(at) + 1, slots.end(),
                                   [](const Slot& slot) { return slot.kind == Slot::Kind::Forward; });
    return {passes_->chunks()[next->chunk], next->micro_batch};
  }

  /// ZeRO-2 keeps no whole gradients between micro-batches. Source: DeepSpeed, deepspeed/runtime/zero/stage_1_and_2.py:
  /// partitioned gradients are reduced at every micro-batch, not only where accumulation ends.
  void end_micro_batch(StepTask backward_end) {
    reduction_->finish(backward_end);
    if (!scenario_.techniques.dp_overlap)
      blocking_.insert(blocking_.end(), reduction_->reduced().begin(), reduction_->reduced().end());
  }

  /// Weight gathers of overlapped ZeRO run under the forward passes of earlier chunks, the first one in the open.
  [[nodiscard]] std::vector<std::vector<StepTask>> stage_inputs() {
    std::vector<std::vector<StepTask>> inputs(static_cast<std::size_t>(plan_.virtual_stages));
    if (gathers_under_forward(scenario_)) {
      for (std::uint32_t chunk = 0; chunk < inputs.size(); ++chunk) {
        inputs[chunk] = {graph_.add(stage_,
                                    weight_gather(scenario_, priced_[passes_->chunks()[chunk]].trainable, "weight gather"),
                                    {.micro_batch = 0, .chunk = chunk}, {})};
      }
    }
    if (stage_ == 0) {
      const Bytes tokens =
          Bytes(8.0 * static_cast<double>(scenario_.training.micro_batch * scenario_.training.sequence_length.value_or(1)));
      for (const StepTask task : add_input(scenario_, graph_, 0, tokens * static_cast<double>(plan_.micro_batches)))
        inputs.front().push_back(task);
    }
    return inputs;
  }

  PlacedSegment place_slot(const Slot& slot) {
    const StagePass& pass = passes_->of(slot);
    const std::uint32_t chunk = pass.chunk;
    const Passage passage{chunk, slot.micro_batch};
    entry_.clear();
    entry_.swap(blocking_);
    const StepInstance instance{.micro_batch = slot.micro_batch, .chunk = chunk};
    if (slot.kind == Slot::Kind::WeightGradient) {
      if (pass.does_nothing()) blocking_ = entry_;  // the next pass waits in its place
      return graph_.place(stage_, pass.segment, instance, entry_);
    }
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (forward && slot.micro_batch == 0) entry_.insert(entry_.end(), start_[slot.chunk].begin(), start_[slot.chunk].end());
    add_local_producers(passage, forward);
    const PlacedSegment placed = graph_.place(stage_, pass.segment, instance, entry_);
    (forward ? forward_ : backward_)[passage] = placed;
    if (pass.sends) send(pass, placed, passage, forward);
    return placed;
  }

  /// Where the neighbouring chunk ran on this very rank only its exchanges need waiting for; and the last chunk's backward pass
  /// waits for its own forward pass.
  void add_local_producers(const Passage& passage, bool forward) {
    const auto [chunk, micro_batch] = passage;
    if (forward && chunk > 0 && is_local(chunk, chunk - 1)) add_exits(forward_.at({chunk - 1, micro_batch}), entry_);
    if (!forward && chunk == last_model_chunk()) add_exits(forward_.at(passage), entry_);
    if (!forward && chunk < last_model_chunk() && is_local(chunk, chunk + 1))
      add_exits(backward_.at({chunk + 1, micro_batch}), entry_);
  }

  void send(const StagePass& pass, const PlacedSegment& placed, const Passage& passage, bool forward) {
    const StepInstance instance{.micro_batch = passage.micro_batch, .chunk = passage.chunk};
    exits_.clear();
    add_exits(placed, exits_);
    const bool exchanges = !forward && receives_next_;
    if (exchanges) add_exits(forward_.at({receives_next_->chunk - 1, receives_next_->micro_batch}), exits_);
    StageTransfers& transfers = forward ? send_activations_ : exchanges ? send_in_turn_ : send_gradients_;
    const StepTask sent = graph_.add_row(stage_, transfers.step(pass.reach), transfers.row(pass.reach), instance, exits_);
    (forward ? sent_forward_ : sent_backward_)[passage] = sent;
    if (blocks_) blocking_.push_back(sent);
  }

  /// The gradients of a chunk are complete with its last slot: a weight-gradient pass leaves some layers' to the pass before it.
  void add_gradients(const PlacedSegment& last, const Passage& passage) {
    const std::vector<double>& values = priced_[passage.chunk].layer_parameters;
    const PlacedSegment& backward = backward_.at(passage);
    for (std::size_t i = 0; i < backward.segment->layer_ends.size(); ++i) {
      const SegmentIndex end = last.segment->layer_ends[i];
      reduction_->add(values[i], end == no_task ? backward.task(backward.segment->layer_ends[i]) : last.task(end));
    }
  }

  /// Passes wait for what their neighbours send.
  void connect() {
    sent_forward_.for_each([&](const Passage& passage, std::optional<StepTask> sent) {
      if (sent) graph_.wait_at_entry(forward_.at({passage.chunk + 1, passage.micro_batch}), *sent);
    });
    sent_backward_.for_each([&](const Passage& passage, std::optional<StepTask> sent) {
      if (sent) graph_.wait_at_entry(backward_.at({passage.chunk - 1, passage.micro_batch}), *sent);
    });
  }

  const Scenario& scenario_;
  const ParallelPlan& plan_;
  LayerContext context_;
  const Work<Count>& work_;
  Lasting lasting_;
  std::vector<ModelChunk> chunks_;
  StepGraph graph_;
  PipelineChunks priced_;
  std::vector<int> stage_of_;  ///< By chunk of the whole model.
  StageTransfers send_activations_, send_gradients_, send_in_turn_;
  std::vector<std::vector<Slot>> slots_;  ///< By stage.
  int stage_ = 0;
  std::optional<GradientReduction> reduction_;
  std::vector<std::vector<StepTask>> start_;  ///< By chunk of the rank: what its first forward pass waits for.
  ParallelPlan written_;                      ///< The plan with the micro-batches that are written down.
  std::vector<StepRecord::Repetition> repetitions_;
  std::optional<StagePasses> passes_;     ///< Of the present stage.
  std::vector<StepTask> entry_, exits_;   ///< Of the pass that is written down.
  std::vector<StepTask> blocking_;        ///< A blocking send that the next pass waits for.
  bool blocks_ = false;                   ///< In the present phase of the schedule.
  std::optional<Passage> receives_next_;  ///< With exchanges in turn: what is received before gradients are sent.
  PassageTable<PlacedSegment> forward_, backward_;
  PassageTable<std::optional<StepTask>> sent_forward_, sent_backward_;
};

}  // namespace

std::vector<std::vector<Slot>> pipeline_slots(const Scenario& scenario, const Work<Count>& work) {
  if (schedule_kind(scenario.parallel.schedule).measured_order == nullptr) return stage_schedules(scenario.parallel, {});
  StepLibrary library(scenario, work);
  return PipelineStep(scenario, library, Lasting::No, scenario.parallel.micro_batches).slots();
}

StepGraph build_pipeline_step(const Scenario& scenario, Work<Count> work, std::int64_t micro_batches) {
  StepLibrary library(scenario, std::move(work));
  return PipelineStep(scenario, library, Lasting::No, micro_batches).run();
}

StepGraph build_pipeline_step(const Scenario& scenario, StepLibrary& library, std::int64_t micro_batches) {
  return PipelineStep(scenario, library, Lasting::Yes, micro_batches).run();
}

}  // namespace mfusim
