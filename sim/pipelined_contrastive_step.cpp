// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/contrastive_loss.hpp"
#include "sim/step_size.hpp"
#include "sim/tower_pipeline.hpp"
#include "sim/towers.hpp"

#include <deque>

namespace mfusim {
namespace {

int ranks_of(const Scenario& scenario) {
  return static_cast<int>(simulated_ranks(scenario).size());
}

void check_towers_size(const Scenario& scenario, const Work<Count>& work) {
  std::size_t operators = 0;
  for (std::size_t i = 0; i < work.towers.size(); ++i) {
    for (const LayerGroup<Count>& group : work.towers[i].groups) {
      operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value()) *
                   static_cast<std::size_t>(micro_batches_of(scenario, i));
    }
  }
  constexpr std::size_t tasks_per_operator = 7;  // two forward passes, two gradients, and their launches
  check_step_size(operators * tasks_per_operator);
}

}  // namespace

StepGraph build_pipelined_contrastive_step(const Scenario& scenario, const Work<Count>& work) {
  check_towers_size(scenario, work);
  StepGraph graph(scenario.cluster, ranks_of(scenario));
  const auto towers = static_cast<std::uint32_t>(work.towers.size());
  const std::uint32_t apart = towers_apart(scenario) ? towers : 1;  // pipelines
  std::deque<Scenario> views;
  std::deque<TowerPipeline> pipelines;
  std::vector<LossSide> sides;
  int first_rank = 0;
  for (std::uint32_t i = 0; i < apart; ++i) {
    const Scenario& view = views.emplace_back(tower_view(scenario, i));
    const std::span<const Tower<Count>> held = std::span(work.towers).subspan(i, towers / apart);
    const TowerPipeline& pipeline = pipelines.emplace_back(
        view, held, graph, TowerPipeline::Seat{.first_rank = first_rank, .first_tower = i, .towers_of_model = towers});
    sides.push_back({.rank = pipeline.loss_rank(), .view = &view, .head = &work.head[i]});
    first_rank += view.parallel.pipeline;
  }
  ContrastiveLoss loss(scenario, graph, sides, towers);
  std::vector<std::vector<StepTask>> at;
  at.reserve(pipelines.size());
  for (TowerPipeline& pipeline : pipelines) at.push_back(pipeline.forward());
  at = loss.add(at);
  std::vector<RankUpdate> updates;
  for (std::uint32_t i = 0; i < apart; ++i) {
    const std::vector<RankUpdate> of_stages = pipelines[i].backward(at[i]);
    updates.insert(updates.end(), of_stages.begin(), of_stages.end());
  }
  add_update(scenario, graph, updates);
  return graph;
}

}  // namespace mfusim
