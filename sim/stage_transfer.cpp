// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_transfer.hpp"

#include <string>

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

/// What the tensor ranks received in shares is gathered inside their node; with sequence parallelism shares are all they need.
Seconds gather_after_receive(const ParallelPlan& plan, const LayerContext& context, double elements) {
  if (plan.tensor == 1 || plan.sequence) return Seconds{};
  return to_seconds(tensor_collective(context, Collective::AllGather, elements, "gather after receive").duration);
}

}  // namespace

Step stage_transfer(const Scenario& scenario, const LayerContext& context, const std::vector<ModelChunk>& chunks, PairReach reach,
                    const char* name, StreamKind stream) {
  const ParallelPlan& plan = scenario.parallel;
  const double elements = boundary_elements(chunks);
  const Bytes message = elements / plan.tensor * size_of(scenario.training.precision);
  const CollectiveShape shape{
      .kind = Collective::SendReceive, .message = message, .group = pipeline_pair(plan, scenario.cluster, reach)};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  Seconds time = predicted.time + gather_after_receive(plan, context, elements);
  if (!scenario.techniques.pp_overlap) time += scenario.stack.point_to_point_host_cost;
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

StageTransfers stage_transfers(const Scenario& scenario, const LayerContext& context, const std::vector<ModelChunk>& chunks,
                               const char* name, StreamKind stream) {
  const ParallelPlan& plan = scenario.parallel;
  const auto transfer = [&](PairReach reach) { return stage_transfer(scenario, context, chunks, reach, name, stream); };
  const bool leaves_node = furthest_pair(plan, scenario.cluster) == PairReach::Network;
  const bool pairs_in_node = scenario.cluster.gpus_per_node > 1;
  return {pairs_in_node ? transfer(PairReach::Node) : Step{}, leaves_node ? transfer(PairReach::Network) : Step{}};
}

namespace {

/// Both transfers between two neighbours in the steady phase, one after the other. They begin when the earlier stage has ended
/// its forward pass and the later one its backward pass, and the next passes of both wait for the two: the later stage receives
/// its next activations before it sends gradients.
/// Source: DeepSpeed, deepspeed/runtime/pipe/schedule.py (TrainSchedule: RecvActivation before SendGrad, SendActivation before
/// RecvGrad) and p2p.py (blocking calls).
Step in_turn(const Step& first, Step second) {
  second.duration += first.duration;
  return second;
}

}  // namespace

PipelineTransfers pipeline_transfers(const Scenario& scenario, const LayerContext& context,
                                     const std::vector<ModelChunk>& chunks) {
  if (scenario.parallel.pipeline == 1) return {};
  PipelineTransfers transfers{
      .activations = stage_transfers(scenario, context, chunks, "send activations", StreamKind::PipelineForward),
      .gradients = stage_transfers(scenario, context, chunks, "send gradients", StreamKind::PipelineBackward),
      .in_turn = {}};
  if (scenario.stack.pipeline_exchange != PipelineExchange::InTurn) return transfers;
  const auto both = [&](PairReach reach) { return in_turn(transfers.activations.step(reach), transfers.gradients.step(reach)); };
  transfers.in_turn = {both(PairReach::Node), both(PairReach::Network)};
  return transfers;
}

}  // namespace mfusim
