// SPDX-License-Identifier: Apache-2.0
#include "sim/contrastive_loss.hpp"

#include "sim/data_parallel.hpp"
#include "sim/loss_layers.hpp"
#include "sim/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

std::string megabytes(Bytes message) {
  return fmt::format("{:.4g} MB", message.value() / 1e6);
}

/// The ranks of a group that hold its tower's features: those of one pipeline stage.
int ranks_with_features(const Scenario& view) {
  return view.cluster.gpus / view.parallel.pipeline;
}

}  // namespace

ContrastiveLoss::ContrastiveLoss(const Scenario& scenario, StepGraph& graph, const std::vector<LossSide>& sides,
                                 std::uint32_t chunk)
    : scenario_(scenario), graph_(graph), chunk_(chunk) {
  sides_.reserve(sides.size());
  for (const LossSide& of : sides) {
    Side& side = sides_.emplace_back();
    side.of = of;
    side.context = layer_context(*of.view);
    LossLayers layers = loss_layers(scenario, *of.view, *of.head);
    side.own = std::move(layers.own);
    side.joint = std::move(layers.joint);
    StepTable& table = graph.table();
    side.own_forward = forward_layer(side.context, table, side.own, ForwardPurpose::First);
    side.joint_forward = forward_layer(side.context, table, side.joint, ForwardPurpose::First);
    side.joint_backward = backward_layer(side.context, table, side.joint);
    side.own_backward = backward_layer(side.context, table, side.own);
  }
}

std::vector<ContrastiveLoss::Tasks> ContrastiveLoss::add(std::vector<Tasks> features) {
  if (sides_.size() > 1) return add_apart(features);
  return {add_together(features.front())};
}

ContrastiveLoss::Tasks ContrastiveLoss::place(const Side& side, const Segment& segment, std::span<const StepTask> after) {
  return exits_of(graph_.place(side.of.rank, segment, {.micro_batch = 0, .chunk = chunk_}, after));
}

ContrastiveLoss::Tasks ContrastiveLoss::add_together(const Tasks& features) {
  const Side& side = sides_.front();
  Tasks at = place(side, side.own_forward, features);
  if (scenario_.loss_exchange == LossExchange::Ring) return place(side, side.own_backward, add_ring(at));
  at = collective(side, Collective::AllGather, "embedding gather", at);
  at = place(side, side.joint_forward, at);
  at = place(side, side.joint_backward, at);
  // a global loss gives every rank the whole gradient of its own embeddings
  if (scenario_.loss_exchange == LossExchange::Local) at = collective(side, Collective::ReduceScatter, "embedding gradient", at);
  return place(side, side.own_backward, at);
}

std::vector<ContrastiveLoss::Tasks> ContrastiveLoss::add_apart(const std::vector<Tasks>& features) {
  std::vector<Tasks> own(sides_.size());
  std::vector<StepTask> sent(sides_.size());
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    own[i] = place(sides_[i], sides_[i].own_forward, features[i]);
    sent[i] = send(sides_[i], sides_[1 - i], "embeddings to the other tower", own[i]);
  }
  std::vector<StepTask> returned(sides_.size());
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    own[i].push_back(sent[1 - i]);
    Tasks at = collective(sides_[i], Collective::AllGather, "embedding gather", own[i]);
    at.insert(at.end(), own[i].begin(), own[i].end());
    at = place(sides_[i], sides_[i].joint_forward, at);
    own[i] = place(sides_[i], sides_[i].joint_backward, at);
    const Tasks summed = collective(sides_[i], Collective::ReduceScatter, "embedding gradient", own[i]);
    returned[i] = send(sides_[i], sides_[1 - i], "embedding gradient to its tower", summed);
  }
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    own[i].push_back(returned[1 - i]);
    own[i] = place(sides_[i], sides_[i].own_backward, own[i]);
  }
  return own;
}

/// A rank scores its images against its own texts, then against each block that a neighbour hands on; the gradients of a block
/// travel the same way back. Source: Zhai et al. 2023, arXiv:2303.15343, section 3.3.
ContrastiveLoss::Tasks ContrastiveLoss::add_ring(const Tasks& normalized) {
  const Side& side = sides_.front();
  const int blocks = side.of.view->parallel.data;
  const Step step = neighbour_send(side);
  std::size_t row = no_row;
  const auto hand_on = [&](const Tasks& after) {
    return Tasks{graph_.add_row(side.of.rank, step, row, {.micro_batch = 0, .chunk = chunk_}, after)};
  };
  Tasks block = normalized;
  Tasks at = place(side, side.joint_forward, block);
  for (int i = 1; i < blocks; ++i) {
    block = hand_on(block);
    at = place(side, side.joint_forward, block);
  }
  at = place(side, side.joint_backward, at);
  for (int i = 1; i < blocks; ++i) at = place(side, side.joint_backward, hand_on(at));
  return at;
}

/// Values of the whole batch's embeddings, one exchange for each tower whose embeddings the side has.
std::vector<double> ContrastiveLoss::exchanged_values(const Side& side) const {
  std::vector<double> values;
  for (const Operator<Count>& op : side.own.operators) {
    const double width = std::get<L2Normalize<Count>>(op.shape).width.as_double();
    values.push_back(static_cast<double>(scenario_.training.global_batch) * width);
  }
  return values;
}

/// Every rank of the side's group needs the embeddings of the whole batch: B x p values a tower.
ContrastiveLoss::Tasks ContrastiveLoss::collective(const Side& side, Collective kind, const std::string& name,
                                                   const Tasks& after) {
  if (side.of.view->parallel.data == 1) return after;
  Tasks tasks;
  for (const double values : exchanged_values(side)) {
    Step step = data_collective(*side.of.view, kind, values * weight_value(scenario_), name);
    step.step_class = StepClass::EmbeddingExchange;
    tasks.push_back(graph_.add(side.of.rank, std::move(step), {}, after));
  }
  return tasks;
}

/// B x p values between the groups, once, in equal shares over the ranks of the smaller group; both directions at once.
StepTask ContrastiveLoss::send(const Side& from, const Side& to, const std::string& name, const Tasks& after) {
  const Cluster& cluster = scenario_.cluster;
  const int senders = std::min(ranks_with_features(*from.of.view), ranks_with_features(*to.of.view));
  const Bytes message = exchanged_values(from).front() / senders * weight_value(scenario_);
  const bool same_node = cluster.gpus <= cluster.gpus_per_node;
  const CollectiveShape shape{.kind = Collective::SendReceive,
                              .message = message,
                              .group = {.ranks = 2,
                                        .ranks_per_node = same_node ? 2 : 1,
                                        .concurrent_groups_per_node = std::min(senders, cluster.gpus_per_node)}};
  const PredictedTime predicted = collective_time(cluster, shape);
  return graph_.add(from.of.rank,
                    Step{.name = name,
                         .shape = fmt::format("{} from each of {} ranks", megabytes(message), senders),
                         .step_class = StepClass::EmbeddingExchange,
                         .stream = StreamKind::Data,
                         .use = same_node ? StepUse::NodeTransfer : StepUse::NetworkTransfer,
                         .duration = to_ticks(predicted.time),
                         .flops = Flops(),
                         .bytes = message,
                         .provenance = predicted.provenance},
                    {}, after);
}

/// A block of one rank's embeddings to the next rank; the slowest link of the ring sets the pace.
Step ContrastiveLoss::neighbour_send(const Side& side) const {
  const Group ring = data_group(side.of.view->parallel, scenario_.cluster);
  const bool same_node = ring.ranks <= ring.ranks_per_node;
  const Bytes message = exchanged_values(side).front() / side.of.view->parallel.data * weight_value(scenario_);
  const CollectiveShape shape{
      .kind = Collective::SendReceive, .message = message, .group = {.ranks = 2, .ranks_per_node = same_node ? 2 : 1}};
  const PredictedTime predicted = side.of.view->parallel.data > 1 ? collective_time(scenario_.cluster, shape) : PredictedTime{};
  return Step{.name = "embeddings to the next rank",
              .shape = megabytes(message),
              .step_class = StepClass::EmbeddingExchange,
              .stream = StreamKind::Data,
              .use = same_node ? StepUse::NodeTransfer : StepUse::NetworkTransfer,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = message,
              .provenance = predicted.provenance};
}

}  // namespace mfusim
