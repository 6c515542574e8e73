// SPDX-License-Identifier: Apache-2.0
#include "sim/check_plan.hpp"
#include "sim/check_towers.hpp"
#include "sim/placement.hpp"
#include "sim/read_pipeline.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, TowerPlacement>> placements{{"colocated", TowerPlacement::Colocated},
                                                                     {"two-streams", TowerPlacement::TwoStreams},
                                                                     {"disjoint", TowerPlacement::Disjoint},
                                                                     {"two-grid", TowerPlacement::TwoGrid}};
const std::vector<std::pair<std::string, LossExchange>> loss_exchanges{
    {"local", LossExchange::Local}, {"global", LossExchange::Global}, {"ring", LossExchange::Ring}};
enum class Frozen { None, Vision, Text };
const std::vector<std::pair<std::string, Frozen>> frozen_towers{
    {"none", Frozen::None}, {"vision", Frozen::Vision}, {"text", Frozen::Text}};

/// What a tower's own plan may say over the `parallel` section.
void read_own_parallel(Reader& reader, ParallelPlan& plan) {
  plan.tensor = static_cast<int>(checked_size(reader, "tensor", reader.positive_int("tensor", plan.tensor)));
  plan.zero = static_cast<int>(reader.non_negative_int("zero", plan.zero));
  constexpr int highest = 3;
  if (plan.zero > highest) reader.fail("zero", fmt::format("ZeRO has stages 0 to {}, got {}", highest, plan.zero));
  plan.recompute = reader.choice("recompute", recompute_names(), to_string(plan.recompute));
  plan.pipeline = static_cast<int>(checked_size(reader, "pipeline", reader.positive_int("pipeline", plan.pipeline)));
  if (reader.has("schedule") || reader.has("virtual_stages")) read_schedule(reader, plan);
  if (plan.pipeline > 1 && plan.zero > 1)
    reader.fail("zero", fmt::format("ZeRO-{} with pipeline {} is not modelled, as without towers", plan.zero, plan.pipeline));
  reader.reject_unknown_keys();
}

void check_tower_pipeline(Reader& reader, const std::string& tower, const ParallelPlan& plan, const ModelSpec& model) {
  const std::size_t number = tower == "vision" ? vision_tower_number : text_tower_number;
  const std::optional<PlanFault> fault = tower_pipeline_fault(model, number, plan);
  if (!fault) return;
  if (std::optional<Reader> parallel = reader.child_if("parallel")) parallel->fail(fault->key, fault->rule);
  reader.fail("parallel", fmt::format("{}: {}", fault->key, fault->rule));
}

class TowerPlanReader {
 public:
  TowerPlanReader(Reader& towers, Scenario& scenario) : towers_(towers), scenario_(scenario) {}

  /// A tower's plan on `gpus` GPUs, or on as many as it says.
  TowerPlan read(const std::string& name, std::optional<int> gpus) {
    Reader reader = towers_.child_or_empty(name);
    TowerPlan plan{.gpus = gpus.value_or(0), .parallel = scenario_.parallel};
    if (!gpus) plan.gpus = static_cast<int>(checked_size(reader, "gpus", reader.positive_int("gpus")));
    if (gpus && reader.has("gpus")) check_given_gpus(reader, *gpus);
    Reader parallel = reader.child_or_empty("parallel");
    read_own_parallel(parallel, plan.parallel);
    if (plan.gpus % plan.parallel.tensor != 0)
      reader.fail("gpus", fmt::format("{} GPUs are not whole tensor groups of {}", plan.gpus, plan.parallel.tensor));
    if (plan.gpus % (plan.parallel.tensor * plan.parallel.pipeline) != 0) {
      reader.fail("gpus", fmt::format("{} GPUs are not whole pipelines of {} x {} (tensor x pipeline)", plan.gpus,
                                      plan.parallel.tensor, plan.parallel.pipeline));
    }
    check_plan(parallel, plan.parallel, scenario_.cluster);
    plan = whole_batch_plan(plan.parallel, plan.gpus, scenario_.training.global_batch);
    complete_batch(reader, name, plan);
    check_sharded(reader, plan);
    check_tower_pipeline(reader, name, plan.parallel, scenario_.model);
    reader.reject_unknown_keys();
    return plan;
  }

 private:
  static void check_given_gpus(Reader& reader, int gpus) {
    if (const std::int64_t given = reader.positive_int("gpus"); given != gpus)
      reader.fail("gpus", fmt::format("expected {}: what is left for this tower, got {}", gpus, given));
  }

  /// Parameters that are sharded come and go in the one order of a pass.
  void check_sharded(Reader& reader, const TowerPlan& plan) const {
    if (!shards_parameters(plan.parallel)) return;
    if (scenario_.placement != TowerPlacement::Disjoint)
      reader.fail("parallel",
                  fmt::format("zero: 3 is modelled for colocated and disjoint towers, got {}", to_string(scenario_.placement)));
    if (plan.parallel.micro_batches > 1) {
      reader.fail("micro_batch", fmt::format("ZeRO-3 with an accumulated contrastive loss is not modelled: expected {}, got {}",
                                             plan.micro_batch * plan.parallel.micro_batches, plan.micro_batch));
    }
  }

  /// Ranks hold the batch as evenly as whole samples allow; the fullest one counts.
  void complete_batch(Reader& reader, const std::string& name, TowerPlan& plan) {
    const std::int64_t global = scenario_.training.global_batch;
    if (plan.parallel.data > global)
      reader.fail("gpus", fmt::format("{} data-parallel ranks for training.global_batch ({})", plan.parallel.data, global));
    const std::int64_t local = plan.micro_batch;
    plan.micro_batch = reader.positive_int("micro_batch", local);
    const bool even = global % plan.parallel.data == 0;
    const std::optional<std::int64_t> passes = passes_of_share(local, plan.micro_batch);
    if (!passes || (even && local % plan.micro_batch != 0)) {
      reader.fail("micro_batch",
                  fmt::format("{} does not divide the batch of a data-parallel rank ({}{})", plan.micro_batch, local,
                              even ? "" : ", of which each pass takes as even a part as whole samples allow"));
    }
    plan.parallel.micro_batches = *passes;
    if (!even) {
      scenario_.warnings.push_back(
          fmt::format("{} ranks of the {} tower do not divide a batch of {}: the fullest holds {}{}", plan.parallel.data, name,
                      global, local, *passes > 1 ? fmt::format(", in {} passes of at most {}", *passes, plan.micro_batch) : ""));
    }
  }

  Reader& towers_;
  Scenario& scenario_;
};

void read_disjoint(Reader& towers, Scenario& scenario) {
  if (!towers.has("vision")) towers.fail("placement", "disjoint towers need vision: {gpus: ..}");
  TowerPlanReader plans(towers, scenario);
  const TowerPlan vision = plans.read("vision", std::nullopt);
  const int left = scenario.cluster.gpus - vision.gpus;
  if (left < 1) {
    towers.fail("vision",
                fmt::format("gpus: {} of cluster.gpus ({}) leave none for the text tower", vision.gpus, scenario.cluster.gpus));
  }
  std::optional<Reader> text = towers.child_if("text");
  const std::int64_t wanted = text && text->has("gpus") ? text->positive_int("gpus") : left;
  if (wanted > left) {
    towers.fail("text", fmt::format("gpus: vision and text ({} + {}) are more than cluster.gpus ({})", vision.gpus, wanted,
                                    scenario.cluster.gpus));
  }
  if (wanted < left) scenario.warnings.push_back(fmt::format("{} GPUs have no tower and idle", left - wanted));
  scenario.tower_plans = {vision, plans.read("text", static_cast<int>(wanted))};
}

void read_two_grid(Reader& towers, Scenario& scenario) {
  TowerPlanReader plans(towers, scenario);
  scenario.tower_plans = {plans.read("vision", scenario.cluster.gpus), plans.read("text", scenario.cluster.gpus)};
  for (const TowerPlan& plan : scenario.tower_plans) {
    if (plan.parallel.pipeline > 1)
      towers.fail("placement",
                  fmt::format("two-grid towers have no pipelines: expected pipeline 1, got {}", plan.parallel.pipeline));
  }
  const auto counts = {micro_batches_of(scenario, vision_tower_number), micro_batches_of(scenario, text_tower_number)};
  if (std::min(counts) != std::max(counts)) {
    towers.fail("placement",
                fmt::format("two-grid towers take turns on each GPU: as many micro-batches of text ({}) as of images ({})",
                            micro_batches_of(scenario, text_tower_number), micro_batches_of(scenario, vision_tower_number)));
  }
}

void read_frozen(Reader& towers, ModelSpec& model) {
  if (!towers.has("freeze")) return;
  const Frozen frozen = towers.choice("freeze", frozen_towers);
  if (frozen == Frozen::Vision) model.vision->style.frozen = true;
  if (frozen == Frozen::Text) model.text->style.frozen = true;
}

void check_exchange(Reader& towers, const Scenario& scenario) {
  if (scenario.loss_exchange == LossExchange::Local) return;
  if (towers_apart(scenario))
    towers.fail("loss", fmt::format("{} is modelled for towers on the same GPUs only", to_string(scenario.loss_exchange)));
  if (scenario.loss_exchange == LossExchange::Ring && scenario.model.loss != ModelLoss::PairwiseSigmoid)
    towers.fail("loss", "ring needs the pairwise sigmoid loss: a softmax needs its whole row at once");
}

}  // namespace

void read_towers(Reader& root, Scenario& scenario) {
  std::optional<Reader> towers = root.child_if("towers");
  if (!towers) return;
  if (!is_contrastive(scenario.model)) root.fail("towers", fmt::format("{} has one tower", scenario.model.name));
  scenario.placement = towers->choice("placement", placements, "colocated");
  const bool own_plans = scenario.placement == TowerPlacement::Disjoint || scenario.placement == TowerPlacement::TwoGrid;
  if (own_plans && scenario.model.caption)
    towers->fail("placement",
                 fmt::format("{} has a captioning decoder, which is modelled on colocated towers only", scenario.model.name));
  if (own_plans && root.has("variation")) root.fail("variation", "ranks that vary are modelled for colocated towers only");
  if (!own_plans && (towers->has("vision") || towers->has("text")))
    towers->fail(towers->has("vision") ? "vision" : "text", "a plan of its own needs placement: disjoint or two-grid");
  if (own_plans && scenario.parallel.shard_group < gradient_ranks(scenario.parallel)) {
    towers->fail("placement", fmt::format("towers with plans of their own shard over all their ranks: expected no "
                                          "parallel.shard_group, got {}",
                                          scenario.parallel.shard_group));
  }
  read_frozen(*towers, scenario.model);
  scenario.loss_exchange = towers->choice("loss", loss_exchanges, "local");
  if (scenario.placement == TowerPlacement::Disjoint) read_disjoint(*towers, scenario);
  if (scenario.placement == TowerPlacement::TwoGrid) read_two_grid(*towers, scenario);
  check_exchange(*towers, scenario);
  towers->reject_unknown_keys();
}

std::string to_string(TowerPlacement placement) {
  return word_of(placements, placement);
}
std::string to_string(LossExchange exchange) {
  return word_of(loss_exchanges, exchange);
}

}  // namespace mfusim
