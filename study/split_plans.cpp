// SPDX-License-Identifier: Apache-2.0
// Which plans the towers take in each placement, and what a plan's step is.
#include "model/input_shape.hpp"
#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/memory.hpp"
#include "sim/summarize.hpp"
#include "sim/towers.hpp"
#include "study/split.hpp"

#include <algorithm>

namespace mfusim {
namespace {

/// A plan, and in how many passes a rank takes its share of the batch.
struct Remedy {
  ParallelPlan plan;
  std::int64_t passes = 1;
};

/// Full recomputation of the scenario's own plan, in more and more passes.
void add_passes(const Scenario& scenario, std::vector<Remedy>& all) {
  constexpr std::int64_t most = 64;
  for (std::int64_t passes = 2; passes <= most; passes *= 2) {
    Remedy& remedy = all.emplace_back(Remedy{scenario.parallel, passes});
    remedy.plan.recompute = Recompute::Full;
  }
}

/// Remedies for too little memory, mildest first: full recomputation, then larger tensor groups without and with it, then two
/// passes or more over cached features, which run forward twice.
std::vector<Remedy> remedies(const Scenario& scenario) {
  std::vector<Remedy> plans;
  const auto divides_model = [&](int tensor) {
    const std::vector<SplitSize> sizes = tensor_split_sizes(scenario.model);
    return std::all_of(sizes.begin(), sizes.end(), [&](const SplitSize& size) { return size.value % tensor == 0; });
  };
  for (int tensor = scenario.parallel.tensor; tensor <= scenario.cluster.gpus_per_node; tensor *= 2) {
    if (scenario.cluster.gpus_per_node % tensor != 0 || !divides_model(tensor)) break;
    for (const Recompute recompute : {scenario.parallel.recompute, Recompute::Full}) {
      ParallelPlan plan = scenario.parallel;
      plan.tensor = tensor;
      plan.recompute = recompute;
      plans.push_back({plan});
      if (scenario.parallel.recompute == Recompute::Full) break;
    }
  }
  if (!shards_parameters(scenario.parallel)) add_passes(scenario, plans);  // in one order, once a step (sim/read_towers.cpp)
  return plans;
}

bool fits(const Scenario& scenario, std::size_t stage) {
  return memory_of(scenario, micro_batch_work(scenario))[stage].total() <= scenario.cluster.gpu.memory_capacity;
}

/// A share without small divisors is dealt evenly sample by sample only, which nobody would run.
bool deals_in_about(std::int64_t passes, const TowerPlan& plan) {
  return plan.parallel.micro_batches <= 2 * passes;
}

/// The first remedy with which a tower fits its GPUs; the scenario's own plan where none does.
void fit_tower(Scenario& scenario, std::size_t tower) {
  const TowerPlan own = scenario.tower_plans[tower];
  for (const Remedy& remedy : remedies(scenario)) {
    if (own.gpus % remedy.plan.tensor != 0 || remedy.passes > own.micro_batch) continue;
    scenario.tower_plans[tower] = plan_in_passes(remedy.plan, own.gpus, scenario.training.global_batch, remedy.passes);
    if (deals_in_about(remedy.passes, scenario.tower_plans[tower]) && fits(scenario, tower)) return;
  }
  scenario.tower_plans[tower] = own;
}

}  // namespace

Scenario with_split(const Scenario& scenario, int vision_gpus, int text_gpus) {
  Scenario apart = scenario;
  apart.placement = TowerPlacement::Disjoint;
  apart.loss_exchange = LossExchange::Local;
  apart.parallel.pipeline = 1;
  apart.warnings.clear();
  apart.tower_plans = {whole_batch_plan(apart.parallel, vision_gpus, apart.training.global_batch),
                       whole_batch_plan(apart.parallel, text_gpus, apart.training.global_batch)};
  fit_tower(apart, vision_tower_number);
  fit_tower(apart, text_tower_number);
  return apart;
}

Scenario with_colocated(const Scenario& scenario, TowerPlacement placement) {
  Scenario together = scenario;
  together.placement = placement;
  together.tower_plans.clear();
  const auto set_plan = [&](const Remedy& remedy) {
    const TowerPlan whole = plan_in_passes(remedy.plan, scenario.cluster.gpus, scenario.training.global_batch, remedy.passes);
    together.parallel = whole.parallel;
    together.training.micro_batch = whole.micro_batch;
    return deals_in_about(remedy.passes, whole);
  };
  const std::int64_t share =
      whole_batch_plan(scenario.parallel, scenario.cluster.gpus, scenario.training.global_batch).micro_batch;
  for (const Remedy& remedy : remedies(scenario)) {
    if (remedy.passes > share) break;
    if (scenario.cluster.gpus % remedy.plan.tensor != 0) continue;
    if (set_plan(remedy) && fits(together, 0)) return together;
  }
  static_cast<void>(set_plan({scenario.parallel}));
  return together;
}

SplitPoint split_point(const Scenario& scenario) {
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep step = build_step(scenario, work);
  const Result result = summarize(scenario, work, step, simulate(step.graph));
  SplitPoint point;
  point.placement = scenario.placement;
  const bool own_plans = !scenario.tower_plans.empty();
  const auto plan = [&](std::size_t tower) { return own_plans ? scenario.tower_plans[tower].parallel : scenario.parallel; };
  point.vision_gpus = own_plans ? scenario.tower_plans[0].gpus : scenario.cluster.gpus;
  point.text_gpus = own_plans ? scenario.tower_plans[1].gpus : scenario.cluster.gpus;
  point.vision_tensor = plan(vision_tower_number).tensor;
  point.text_tensor = plan(text_tower_number).tensor;
  point.vision_recompute = plan(vision_tower_number).recompute;
  point.text_recompute = plan(text_tower_number).recompute;
  point.vision_passes = plan(vision_tower_number).micro_batches;
  point.text_passes = plan(text_tower_number).micro_batches;
  point.step_time = result.iteration_time;
  point.mfu = result.mfu;
  if (result.towers[0].idle) point.vision_idle = *result.towers[0].idle / result.iteration_time;
  if (result.towers[1].idle) point.text_idle = *result.towers[1].idle / result.iteration_time;
  if (towers_apart(scenario)) {
    point.integer_loss = integer_loss(result.towers[0].model_flops.value(), result.towers[1].model_flops.value(),
                                      point.vision_gpus, point.text_gpus);
  }
  point.headroom = result.memory.capacity - result.memory.peak;
  point.fits = result.memory.fits;
  for (const auto& [name, time] : result.breakdown) {
    if (name == "exposed_data_communication") point.exposed_reduction = time;
  }
  return point;
}

double integer_loss(double vision_work, double text_work, int vision_gpus, int text_gpus) {
  const double ideal = (vision_work + text_work) / (vision_gpus + text_gpus);
  return std::max(vision_work / vision_gpus, text_work / text_gpus) / ideal - 1;
}

}  // namespace mfusim
