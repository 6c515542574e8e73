// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/pipeline_chunks.hpp"
#include "sim/pipeline_costs.hpp"
#include "sim/pipeline_schedule.hpp"
#include "sim/placement.hpp"
#include "sim/shard_groups.hpp"
#include "sim/stage_passes.hpp"
#include "sim/stage_transfer.hpp"
#include "sim/step_library.hpp"
#include "sim/step_size.hpp"
#include "sim/tied_embedding.hpp"

#include <map>
#include <memory>
#include <utility>

namespace mfusim {
namespace {

/// Asked before a chunk of all these layers is put together.
std::vector<ModelChunk> chunks_of_checked_size(const Work<Count>& work, const ParallelPlan& plan, std::int64_t micro_batches) {
  std::size_t operators = 0;
  for (const LayerGroup<Count>& group : work.towers.front().groups) {
    operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value());
  }
  constexpr std::size_t tasks_per_operator = 4;  // forward, two gradients, an exchange
  check_step_size(operators * tasks_per_operator * static_cast<std::size_t>(micro_batches));
  return cut_into_chunks(work.towers.front().groups, plan);
}

/// The passes of a pipeline, what they wait for at the step's beginning, and what becomes of the gradients.
class PipelineStep {
 public:
  PipelineStep(const Scenario& scenario, StepLibrary& library, Lasting lasting, std::int64_t micro_batches)
      : scenario_(scenario),
        plan_(scenario.parallel),
        context_(layer_context(scenario)),
        library_(library),
        work_(library.work()),
        lasting_(lasting),
        micro_batches_(micro_batches),
        chunks_(chunks_of_checked_size(work_, plan_, micro_batches)),
        graph_(scenario.cluster, plan_.pipeline),
        priced_(library.chunks(scenario, chunks_)),
        transfers_(pipeline_transfers(scenario, context_, chunks_)) {
    graph_.table() = lasting == Lasting::Yes ? StepTable::behind(library.table()) : library.table();
  }

  [[nodiscard]] std::vector<std::vector<Slot>> slots() const {
    ParallelPlan written = plan_;
    written.micro_batches = micro_batches_;
    if (schedule_kind(plan_.schedule).measured_order == nullptr) return stage_schedules(written, {});
    return stage_schedules(written, pipeline_costs(scenario_, chunks_, priced_, graph_.table(), longest_transfer()));
  }

  StepGraph run() {
    const std::shared_ptr<const PipelineWiring> wiring = wire();
    StepRecord::Passes passes = stage_passes(scenario_, wiring, priced_, transfers_, graph_, lasting_);
    graph_.set_passes(std::move(passes));
    std::vector<RankUpdate> updates;
    updates.reserve(static_cast<std::size_t>(plan_.pipeline));
    for (int stage = 0; stage < plan_.pipeline; ++stage) updates.push_back(build_stage(*wiring, stage));
    reduce_tied_embedding(scenario_, work_, graph_, updates);
    add_update(scenario_, graph_, updates);
    graph_.set_repetitions(wiring->repetitions(), (plan_.micro_batches - micro_batches_) / pipeline_period(plan_).micro_batches);
    return std::move(graph_);
  }

 private:
  [[nodiscard]] Picoseconds longest_transfer() const {
    return transfers_.activations.step(furthest_pair(plan_, scenario_.cluster)).duration;
  }

  [[nodiscard]] std::shared_ptr<const PipelineWiring> wire() const {
    const WiringKey key = wiring_key(scenario_, priced_, micro_batches_);
    if (schedule_kind(plan_.schedule).measured_order == nullptr) return library_.wirings().of(key);
    return std::make_shared<const PipelineWiring>(key, slots());
  }

  [[nodiscard]] const PipelineChunk& chunk_of(int stage, std::uint32_t chunk) const {
    return priced_[model_chunk(plan_, stage, chunk)];
  }

  RankUpdate build_stage(const PipelineWiring& wiring, int stage) {
    const auto at = static_cast<std::size_t>(stage);
    add_inputs(wiring, stage);
    GradientReduction reduction(scenario_, graph_, stage, reduction_rows_);
    for (const PipelineWiring::GradientEnd& end : wiring.gradient_ends(at)) {
      add_gradients(end, stage, reduction);
      if (!end.last_of_chunk) end_micro_batch(wiring, end, reduction);
    }
    const StepTask end = end_of(wiring, stage, wiring.first(at + 1) - 1);
    reduction.finish(end);
    RankUpdate update{.rank = stage, .gradients = reduction.reduced()};
    for (int chunk = 0; chunk < plan_.virtual_stages; ++chunk) {
      update.parameters += chunk_of(stage, static_cast<std::uint32_t>(chunk)).trainable;
      update.tensors += chunk_of(stage, static_cast<std::uint32_t>(chunk)).tensors;
    }
    update.gradients.push_back(end);
    return update;
  }

  /// The last task of a pass.
  [[nodiscard]] StepTask end_of(const PipelineWiring& wiring, int stage, std::uint32_t pass) const {
    const PassKind kind = pass_kind(wiring[pass].kind);
    const std::size_t tasks = chunk_of(stage, kind.chunk).of(kind.slot).tasks.size();
    return {step_items::of_pass(pass), static_cast<std::uint32_t>(tasks) - 1};
  }

  /// ZeRO-2 keeps no whole gradients between micro-batches. Source: DeepSpeed, deepspeed/runtime/zero/stage_1_and_2.py:
  /// partitioned gradients are reduced at every micro-batch, not only where accumulation ends.
  void end_micro_batch(const PipelineWiring& wiring, const PipelineWiring::GradientEnd& end, GradientReduction& reduction) {
    const int stage = static_cast<int>(wiring.stage_of(end.last_of_stage));
    reduction.finish(end_of(wiring, stage, end.last_of_stage));
    if (scenario_.techniques.dp_overlap || end.next_of_stage == PipelineWiring::none) return;
    if (!reduction.reduced().empty()) graph_.wait_at_entry(end.next_of_stage, reduction.reduced().back());
  }

  /// What the first forward passes of a stage wait for. Weight gathers of overlapped ZeRO run under the forward passes of earlier
  /// chunks, the first one in the open.
  void add_inputs(const PipelineWiring& wiring, int stage) {
    const auto first_forward = [&](std::uint32_t chunk) { return wiring.first_forward(static_cast<std::size_t>(stage), chunk); };
    if (gathers_under_forward(scenario_)) {
      for (std::uint32_t chunk = 0; chunk < static_cast<std::uint32_t>(plan_.virtual_stages); ++chunk) {
        const double values = chunk_of(stage, chunk).trainable;
        std::size_t& row = gather_rows_.try_emplace(values, no_row).first->second;
        if (row == no_row) graph_.know_row(weight_gather(scenario_, values, "weight gather"), row);
        const StepInstance instance{.micro_batch = 0, .chunk = chunk};
        graph_.wait_at_entry(first_forward(chunk), graph_.add_known_row(stage, static_cast<std::uint32_t>(row), instance, {}));
      }
    }
    if (stage > 0) return;
    const Bytes tokens =
        Bytes(8.0 * static_cast<double>(scenario_.training.micro_batch * scenario_.training.sequence_length.value_or(1)));
    for (const StepTask task : add_input(scenario_, graph_, 0, tokens * static_cast<double>(plan_.micro_batches)))
      graph_.wait_at_entry(first_forward(0), task);
  }

  /// The gradients of a chunk are complete with its last slot: a weight-gradient pass leaves some layers' to the pass before it.
  void add_gradients(const PipelineWiring::GradientEnd& end, int stage, GradientReduction& reduction) const {
    const PipelineChunk& chunk = chunk_of(stage, end.chunk);
    const bool splits = schedule_kind(plan_.schedule).splits_backward;
    const Segment& last = splits ? chunk.weight_gradient : chunk.backward;
    for (std::size_t i = 0; i < chunk.backward.layer_ends.size(); ++i) {
      const SegmentIndex of_last = last.layer_ends[i];
      const SegmentIndex index = of_last == no_task ? chunk.backward.layer_ends[i] : of_last;
      const std::uint32_t pass = of_last == no_task ? end.backward : end.pass;
      reduction.add(chunk.layer_parameters[i], {step_items::of_pass(pass), static_cast<std::uint32_t>(index)});
    }
  }

  const Scenario& scenario_;
  const ParallelPlan& plan_;
  LayerContext context_;
  StepLibrary& library_;
  const Work<Count>& work_;
  Lasting lasting_;
  std::int64_t micro_batches_;  ///< Those that are written down.
  std::vector<ModelChunk> chunks_;
  StepGraph graph_;
  PipelineChunks priced_;
  PipelineTransfers transfers_;
  std::shared_ptr<ReductionRowsBySize> reduction_rows_ = std::make_shared<ReductionRowsBySize>();
  std::map<double, std::size_t> gather_rows_;  ///< By how many weights are gathered.
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
