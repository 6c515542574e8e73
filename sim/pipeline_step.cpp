// SPDX-License-Identifier: Apache-2.0
#include "sim/activation_memory.hpp"
#include "sim/build_step.hpp"
#include "sim/chunk_segments.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/passage_table.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/placement.hpp"
#include "sim/shard_groups.hpp"
#include "sim/step_size.hpp"
#include "sim/tied_embedding.hpp"

#include <algorithm>
#include <map>

namespace mfusim {
namespace {

/// Tokens x width that neighbouring chunks exchange: the input of the repeated layers' first operator.
double boundary_elements(const Layer<Count>& block) {
  for (const Operator<Count>& op : block.operators) {
    if (const auto* norm = std::get_if<Norm<Count>>(&op.shape)) return norm->rows.as_double() * norm->width.as_double();
    if (const auto* linear = std::get_if<Linear<Count>>(&op.shape)) return linear->rows.as_double() * linear->inputs.as_double();
  }
  return 0;
}

double boundary_elements(const std::vector<ModelChunk>& chunks) {
  for (const ModelChunk& chunk : chunks) {
    for (const LayerRun& run : chunk.runs) {
      if (run.transformer_block) return boundary_elements(*run.layer);
    }
  }
  return 0;
}

class PipelineStep {
 public:
  PipelineStep(const Scenario& scenario, const Work<Count>& work)
      : scenario_(scenario),
        plan_(scenario.parallel),
        context_(layer_context(scenario)),
        work_(work),
        chunks_(cut_into_chunks(work.towers.front().groups, plan_)),
        graph_(scenario.cluster, plan_.pipeline),
        forward_(chunks_.size(), plan_.micro_batches),
        backward_(chunks_.size(), plan_.micro_batches),
        sent_forward_(chunks_.size(), plan_.micro_batches),
        sent_backward_(chunks_.size(), plan_.micro_batches) {
    check_size(work);
    price_segments();
    for (std::uint32_t chunk = 0; chunk < chunks_.size(); ++chunk) stage_of_.push_back(stage_of_chunk(plan_, chunk));
    if (plan_.pipeline > 1) {
      send_activations_ = point_to_point("send activations", StreamKind::PipelineForward);
      send_gradients_ = point_to_point("send gradients", StreamKind::PipelineBackward);
    }
  }

  [[nodiscard]] std::vector<std::vector<Slot>> slots() const { return stage_schedules(plan_, costs()); }

  StepGraph run() {
    slots_ = slots();
    std::vector<RankUpdate> updates;
    updates.reserve(static_cast<std::size_t>(plan_.pipeline));
    for (int stage = 0; stage < plan_.pipeline; ++stage) updates.push_back(build_stage(stage));
    connect();
    reduce_tied_embedding(scenario_, work_, graph_, updates);
    add_update(scenario_, graph_, updates);
    return std::move(graph_);
  }

 private:
  /// The segments of a chunk; `weight_gradient` is empty where `backward` does it all.
  struct Priced {
    Segment forward;
    Segment backward;
    Segment weight_gradient;
    std::vector<double> layer_parameters;
  };

  void check_size(const Work<Count>& work) const {
    std::size_t operators = 0;
    for (const LayerGroup<Count>& group : work.towers.front().groups) {
      operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value());
    }
    constexpr std::size_t tasks_per_operator = 4;  // forward, two gradients, an exchange
    check_step_size(operators * tasks_per_operator * static_cast<std::size_t>(plan_.micro_batches));
  }

  /// Chunks with the same layers share their segments: first, inner and last chunk.
  void price_segments() {
    ChunkSegments segments(context_, graph_.table());
    std::map<std::vector<std::pair<const Layer<Count>*, std::int64_t>>, std::size_t> known;
    for (const ModelChunk& chunk : chunks_) {
      std::vector<std::pair<const Layer<Count>*, std::int64_t>> key;
      for (const LayerRun& run : chunk.runs) key.emplace_back(run.layer, run.repeat);
      const auto [at, fresh] = known.try_emplace(key, priced_.size());
      if (fresh) priced_.push_back(priced(segments, chunk));
      priced_of_.push_back(at->second);
    }
  }

  [[nodiscard]] Priced priced(ChunkSegments& segments, const ModelChunk& chunk) const {
    if (!schedule_kind(plan_.schedule).splits_backward)
      return {segments.forward(chunk), segments.backward(chunk), {}, layer_parameters(chunk)};
    return {segments.forward(chunk), segments.input_gradient(chunk), segments.weight_gradient(chunk), layer_parameters(chunk)};
  }

  /// Trainable parameters of each layer in the order in which backward completes them.
  [[nodiscard]] std::vector<double> layer_parameters(const ModelChunk& chunk) const {
    std::vector<double> values;
    for (auto run = chunk.runs.rbegin(); run != chunk.runs.rend(); ++run) {
      values.insert(values.end(), static_cast<std::size_t>(run->repeat), trainable_parameters(*run->layer, context_.tensor));
    }
    return values;
  }

  /// What a schedule that is made to measure knows of this pipeline, one chunk a stage; nothing for other schedules.
  [[nodiscard]] PipelineCosts costs() const {
    PipelineCosts costs;
    if (schedule_kind(plan_.schedule).measured_order == nullptr) return costs;
    for (std::size_t stage = 0; stage < chunks_.size(); ++stage) {
      const Priced& priced = priced_[priced_of_[stage]];
      const ChunkActivations activations = chunk_activations(scenario_, chunks_[stage]);
      costs.stages.push_back({.forward = time_alone(priced.forward, graph_.table()),
                              .input_gradient = time_alone(priced.backward, graph_.table()),
                              .weight_gradient = time_alone(priced.weight_gradient, graph_.table()),
                              .kept = activations.all(),
                              .for_weights = activations.for_weights});
    }
    const Picoseconds transfer = send_activations_.duration;
    if (scenario_.techniques.pp_overlap) {
      costs.transfer = transfer;
      return costs;
    }
    for (std::size_t stage = 0; stage < costs.stages.size(); ++stage) {  // a pass ends with its send, which holds the stage
      if (stage + 1 < costs.stages.size()) costs.stages[stage].forward += transfer;
      if (stage > 0) costs.stages[stage].input_gradient += transfer;
    }
    return costs;
  }

  /// What the tensor ranks received in shares is gathered inside their node; with sequence parallelism shares are all they need.
  [[nodiscard]] Seconds gather_after_receive() const {
    if (plan_.tensor == 1 || plan_.sequence) return Seconds{};
    return to_seconds(
        tensor_collective(context_, Collective::AllGather, boundary_elements(chunks_), "gather after receive").duration);
  }

  /// One transfer between neighbouring stages. Each tensor rank sends its share: with sequence parallelism it has no
  /// more, without it Megatron-LM scatters before sending and gathers after (Narayanan et al. 2021, section 4.1).
  [[nodiscard]] Step point_to_point(const char* name, StreamKind stream) const {
    const Bytes message = boundary_elements(chunks_) / plan_.tensor * size_of(scenario_.training.precision);
    const CollectiveShape shape{
        .kind = Collective::SendReceive, .message = message, .group = pipeline_pair(plan_, scenario_.cluster)};
    const PredictedTime predicted = collective_time(scenario_.cluster, shape);
    Seconds time = predicted.time + gather_after_receive();
    if (!scenario_.techniques.pp_overlap) time += scenario_.stack.point_to_point_host_cost;
    return Step{.name = name,
                .shape = std::to_string(static_cast<std::int64_t>(message.value())) + " B",
                .step_class = StepClass::PipelineCommunication,
                .stream = stream,
                .use = shape.group.ranks_per_node > 1 ? StepUse::NodeTransfer : StepUse::NetworkTransfer,
                .duration = to_ticks(time),
                .flops = Flops(),
                .bytes = message,
                .provenance = predicted.provenance};
  }

  [[nodiscard]] std::uint32_t model_chunk(int stage, std::uint32_t chunk) const {
    return mfusim::model_chunk(plan_, stage, chunk);
  }
  /// The neighbour of a chunk runs on the same stage: nothing is sent.
  [[nodiscard]] bool is_local(std::uint32_t chunk, std::uint32_t neighbour) const {
    return stage_of_[chunk] == stage_of_[neighbour];
  }
  [[nodiscard]] std::uint32_t last_model_chunk() const { return static_cast<std::uint32_t>(chunks_.size()) - 1; }

  RankUpdate build_stage(int stage) {
    stage_ = stage;
    reduction_.emplace(scenario_, graph_, stage);
    blocking_.clear();
    start_ = stage_inputs(stage);
    const std::vector<Slot>& slots = slots_[static_cast<std::size_t>(stage)];
    std::vector<std::size_t> last_slot(static_cast<std::size_t>(plan_.virtual_stages));
    std::size_t last_forward = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      last_slot[slots[i].chunk] = i;
      if (slots[i].kind == Slot::Kind::Forward) last_forward = i;
    }
    blocks_ = edge_phases_block();
    TaskId end = 0;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].kind != Slot::Kind::Forward) blocks_ = !scenario_.techniques.pp_overlap;  // the warm-up is over
      if (i > last_forward) blocks_ = edge_phases_block();                                   // the flush begins
      const PlacedSegment placed = place_slot(slots[i]);
      if (!placed.segment->tasks.empty()) end = placed.id(static_cast<SegmentIndex>(placed.segment->tasks.size()) - 1);
      const bool last = last_slot[slots[i].chunk] == i;
      const bool ends_gradients = slots[i].kind == Slot::Kind::Backward || slots[i].kind == Slot::Kind::WeightGradient;
      if (ends_gradients && (last || plan_.zero == 2))
        add_gradients(placed, {model_chunk(stage, slots[i].chunk), slots[i].micro_batch});
      if (ends_gradients && !last && plan_.zero == 2) end_micro_batch(end);
    }
    reduction_->finish(end);
    RankUpdate update{.rank = stage,
                      .parameters = stage_parameters(stage),
                      .tensors = stage_tensors(stage),
                      .gradients = reduction_->reduced()};
    update.gradients.push_back(end);
    return update;
  }

  /// ZeRO-2 keeps no whole gradients between micro-batches. Source: DeepSpeed, deepspeed/runtime/zero/stage_1_and_2.py:
  /// partitioned gradients are reduced at every micro-batch, not only where accumulation ends.
  void end_micro_batch(TaskId backward_end) {
    reduction_->finish(backward_end);
    if (!scenario_.techniques.dp_overlap)
      blocking_.insert(blocking_.end(), reduction_->reduced().begin(), reduction_->reduced().end());
  }

  /// Weight gathers of overlapped ZeRO run under the forward passes of earlier chunks, the first one in the open.
  [[nodiscard]] std::vector<std::vector<TaskId>> stage_inputs(int stage) {
    std::vector<std::vector<TaskId>> inputs(static_cast<std::size_t>(plan_.virtual_stages));
    if (gathers_new_weights(plan_) && scenario_.techniques.dp_overlap) {
      for (std::uint32_t chunk = 0; chunk < inputs.size(); ++chunk) {
        const ParameterShare share = parameters_of(chunks_[model_chunk(stage, chunk)], context_.tensor);
        inputs[chunk] = {graph_.add(stage, weight_gather(scenario_, share.trainable, "weight gather"),
                                    {.micro_batch = 0, .chunk = chunk}, {})};
      }
    }
    if (stage == 0) {
      const Bytes tokens =
          Bytes(8.0 * static_cast<double>(scenario_.training.micro_batch * scenario_.training.sequence_length.value_or(1)));
      for (const TaskId task : add_input(scenario_, graph_, 0, tokens * static_cast<double>(plan_.micro_batches)))
        inputs.front().push_back(task);
    }
    return inputs;
  }

  PlacedSegment place_slot(const Slot& slot) {
    const std::uint32_t chunk = model_chunk(stage_, slot.chunk);
    const Passage passage{chunk, slot.micro_batch};
    const Priced& priced = priced_[priced_of_[chunk]];
    std::vector<TaskId> entry = std::move(blocking_);
    blocking_.clear();
    const StepInstance instance{.micro_batch = slot.micro_batch, .chunk = chunk};
    if (slot.kind == Slot::Kind::WeightGradient) {
      if (priced.weight_gradient.tasks.empty()) blocking_ = entry;  // the next pass waits in its place
      return graph_.place(stage_, priced.weight_gradient, instance, entry);
    }
    const bool forward = slot.kind == Slot::Kind::Forward;
    if (forward && slot.micro_batch == 0) entry.insert(entry.end(), start_[slot.chunk].begin(), start_[slot.chunk].end());
    add_local_producers(passage, forward, entry);
    const PlacedSegment placed = graph_.place(stage_, forward ? priced.forward : priced.backward, instance, entry);
    (forward ? forward_ : backward_)[passage] = placed;
    const bool sends =
        forward ? chunk < last_model_chunk() && !is_local(chunk, chunk + 1) : chunk > 0 && !is_local(chunk, chunk - 1);
    if (sends) send(placed, passage, forward);
    return placed;
  }

  /// Where the neighbouring chunk ran on this very rank only its exchanges need waiting for; and the last chunk's backward pass
  /// waits for its own forward pass.
  void add_local_producers(const Passage& passage, bool forward, std::vector<TaskId>& entry) const {
    const auto [chunk, micro_batch] = passage;
    std::vector<TaskId> produced;
    if (forward && chunk > 0 && is_local(chunk, chunk - 1)) produced = exits_of(forward_.at({chunk - 1, micro_batch}));
    if (!forward && chunk == last_model_chunk()) produced = exits_of(forward_.at(passage));
    if (!forward && chunk < last_model_chunk() && is_local(chunk, chunk + 1))
      produced = exits_of(backward_.at({chunk + 1, micro_batch}));
    entry.insert(entry.end(), produced.begin(), produced.end());
  }

  void send(const PlacedSegment& placed, const Passage& passage, bool forward) {
    const Step& step = forward ? send_activations_ : send_gradients_;
    std::size_t& row = forward ? forward_send_row_ : backward_send_row_;
    const TaskId sent =
        graph_.add_row(stage_, step, row, {.micro_batch = passage.micro_batch, .chunk = passage.chunk}, exits_of(placed));
    (forward ? sent_forward_ : sent_backward_)[passage] = sent;
    if (blocks_) blocking_.push_back(sent);
  }

  /// Do passes of the warm-up and the flush wait for the sends before them?
  [[nodiscard]] bool edge_phases_block() const {
    return !scenario_.techniques.pp_overlap || scenario_.stack.pipeline_overlap == PipelineOverlap::SteadyPhase;
  }

  /// The gradients of a chunk are complete with its last slot: a weight-gradient pass leaves some layers' to the pass before it.
  void add_gradients(const PlacedSegment& last, const Passage& passage) {
    const std::vector<double>& values = priced_[priced_of_[passage.chunk]].layer_parameters;
    const PlacedSegment& backward = backward_.at(passage);
    for (std::size_t i = 0; i < backward.segment->layer_ends.size(); ++i) {
      const SegmentIndex end = last.segment->layer_ends[i];
      reduction_->add(values[i], end == no_task ? backward.id(backward.segment->layer_ends[i]) : last.id(end));
    }
  }

  [[nodiscard]] double stage_parameters(int stage) const {
    double total = 0;
    for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan_.virtual_stages); ++chunk) {
      total += parameters_of(chunks_[model_chunk(stage, chunk)], context_.tensor).trainable;
    }
    return total;
  }

  [[nodiscard]] double stage_tensors(int stage) const {
    double total = 0;
    for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan_.virtual_stages); ++chunk) {
      total += parameter_tensors(chunks_[model_chunk(stage, chunk)]);
    }
    return total;
  }

  /// Passes wait for what their neighbours send.
  void connect() {
    sent_forward_.for_each([&](const Passage& passage, std::optional<TaskId> sent) {
      if (sent) graph_.wait_at_entry(forward_.at({passage.chunk + 1, passage.micro_batch}), *sent);
    });
    sent_backward_.for_each([&](const Passage& passage, std::optional<TaskId> sent) {
      if (sent) graph_.wait_at_entry(backward_.at({passage.chunk - 1, passage.micro_batch}), *sent);
    });
  }

  const Scenario& scenario_;
  const ParallelPlan& plan_;
  LayerContext context_;
  const Work<Count>& work_;
  std::vector<ModelChunk> chunks_;
  StepGraph graph_;
  std::vector<Priced> priced_;
  std::vector<std::size_t> priced_of_;  ///< By chunk of the whole model.
  std::vector<int> stage_of_;           ///< By chunk of the whole model.
  Step send_activations_, send_gradients_;
  std::size_t forward_send_row_ = no_row;
  std::size_t backward_send_row_ = no_row;
  std::vector<std::vector<Slot>> slots_;  ///< By stage.
  int stage_ = 0;
  std::optional<GradientReduction> reduction_;
  std::vector<std::vector<TaskId>> start_;  ///< By chunk of the rank: what its first forward pass waits for.
  std::vector<TaskId> blocking_;            ///< A blocking send that the next pass waits for.
  bool blocks_ = false;                     ///< In the present phase of the schedule.
  PassageTable<PlacedSegment> forward_, backward_;
  PassageTable<std::optional<TaskId>> sent_forward_, sent_backward_;
};

}  // namespace

std::vector<std::vector<Slot>> pipeline_slots(const Scenario& scenario, const Work<Count>& work) {
  if (schedule_kind(scenario.parallel.schedule).measured_order == nullptr) return stage_schedules(scenario.parallel, {});
  return PipelineStep(scenario, work).slots();
}

StepGraph build_pipeline_step(const Scenario& scenario, const Work<Count>& work) {
  return PipelineStep(scenario, work).run();
}

}  // namespace mfusim
