// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/context_parallel.hpp"
#include "sim/data_parallel.hpp"
#include "sim/placement.hpp"
#include "sim/priced_step.hpp"
#include "sim/shard_groups.hpp"
#include "sim/towers.hpp"
#include "sim/update_traffic.hpp"
#include "sim/variation.hpp"

#include <map>
#include <tuple>

namespace mfusim {
namespace {

/// A few bytes over the whole job: the sum of squares of all gradients.
Step norm_reduction(const Scenario& scenario) {
  const CollectiveShape shape{.kind = Collective::AllReduce, .message = Bytes(8), .group = whole_job(scenario.cluster)};
  const PredictedTime predicted = collective_time(scenario.cluster, shape);
  return Step{.name = "gradient norm reduction",
              .shape = "all-reduce over " + std::to_string(shape.group.ranks) + " ranks",
              .step_class = StepClass::DataCommunication,
              .stream = StreamKind::Data,
              .scope = StepScope::Job,
              .duration = to_ticks(predicted.time),
              .flops = Flops(),
              .bytes = bytes_sent(shape),
              .provenance = predicted.provenance,
              .outside_measured_region = predicted.outside_measured_region};
}

Step host_work(const Scenario& scenario) {
  return Step{.name = "host work between steps",
              .shape = scenario.stack.name,
              .step_class = StepClass::HostLaunch,
              .stream = StreamKind::Host,
              .duration = to_ticks(scenario.stack.step_host_cost),
              .flops = Flops(),
              .bytes = Bytes()};
}

/// Passes over all gradients of the rank, whatever share of them it updates.
Step copy_gradients(const Scenario& scenario, const RankUpdate& update) {
  Step step =
      memory_step(layer_context(scenario).kernels, MemoryOperator::Copy, update.parameters * gradient_copy_bytes(scenario), 1);
  step.name = "gradient copies";
  step.step_class = StepClass::Optimizer;
  return step;
}

Step optimizer_launches(const Scenario& scenario, double launches) {
  return Step{.name = "optimizer launches",
              .shape = std::to_string(static_cast<std::int64_t>(launches)) + " launches",
              .step_class = StepClass::HostLaunch,
              .stream = StreamKind::Host,
              .duration = to_ticks(launches * eager_launch_cost(scenario.cluster.gpu)),
              .flops = Flops(),
              .bytes = Bytes()};
}

/// Parameters whose optimizer state the rank keeps.
double held_by(const Scenario& own, const RankUpdate& update) {
  return update.parameters / shard_ranks(own.parallel);
}

/// Updates ranks. Those with equal parameters share the rows of their steps.
class Updates {
 public:
  Updates(const Scenario& scenario, StepGraph& graph) : scenario_(scenario), graph_(graph) {}

  void add(const std::vector<RankUpdate>& ranks) {
    std::vector<StepTask> norms;
    norms.reserve(ranks.size());
    for (const RankUpdate& update : ranks) norms.push_back(add_norm(update));
    const bool joins = scenario_.cluster.gpus > 1 && !scenario_.parallel.post_validation;
    if (joins) norms = {graph_.add_on_all_ranks(norm_reduction(scenario_), norms)};
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      const RankUpdate& update = ranks[i];
      const std::vector<StepTask> known = scenario_.parallel.post_validation ? std::vector<StepTask>{norms[i]} : norms;
      const std::vector<StepTask> last = add_optimizer(update, known);
      const bool ends_rank = i + 1 == ranks.size() || ranks[i + 1].rank != update.rank;
      if (ends_rank && scenario_.stack.step_host_cost > Seconds{})
        static_cast<void>(add_step(update.rank, host_row_, last, [&] { return host_work(scenario_); }));
    }
  }

 private:
  struct Rows {
    std::size_t copies = no_row;
    std::size_t norm = no_row;
    std::size_t optimizer = no_row;
    std::size_t launches = no_row;
    std::size_t gather = no_row;
  };

  [[nodiscard]] const Scenario& own(const RankUpdate& update) const { return update.view != nullptr ? *update.view : scenario_; }
  [[nodiscard]] Rows& rows(const RankUpdate& update) { return rows_[{&own(update), update.parameters, update.tensors}]; }

  /// Adds a step; only the first one with its row is priced.
  template <class Price>
  StepTask add_step(int rank, std::size_t& row, const std::vector<StepTask>& after, Price price) {
    if (row == no_row) graph_.know_row(price(), row);
    return graph_.add_known_row(rank, static_cast<std::uint32_t>(row), {}, after);
  }

  /// The norm of a rank's gradients, behind what is done to them before.
  StepTask add_norm(const RankUpdate& update) {
    const Scenario& scenario = own(update);
    Rows& rows = this->rows(update);
    std::vector<StepTask> gradients = update.gradients;
    if (gradient_copy_bytes(scenario) > Bytes())
      gradients = {add_step(update.rank, rows.copies, gradients, [&] { return copy_gradients(scenario, update); })};
    return add_step(update.rank, rows.norm, gradients, [&] { return gradient_norm_step(scenario, held_by(scenario, update)); });
  }

  /// The optimizer, its launches, and the gather of what it updated; gives what the rank's step ends with.
  std::vector<StepTask> add_optimizer(const RankUpdate& update, const std::vector<StepTask>& norms) {
    const Scenario& scenario = own(update);
    Rows& rows = this->rows(update);
    std::vector<StepTask> last{
        add_step(update.rank, rows.optimizer, norms, [&] { return optimizer_step(scenario, held_by(scenario, update)); })};
    if (const double launches = update_launches(scenario, update.tensors); launches > 0) {
      const std::vector<StepTask> known = host_waits_for_gradients(scenario) ? norms : std::vector<StepTask>{};
      last.push_back(add_step(update.rank, rows.launches, known, [&] { return optimizer_launches(scenario, launches); }));
    }
    if (gathers_new_weights(scenario.parallel) && !gathers_under_forward(scenario)) {
      last = {
          add_step(update.rank, rows.gather, last, [&] { return weight_gather(scenario, update.parameters, "weight gather"); })};
    }
    return last;
  }

  const Scenario& scenario_;
  StepGraph& graph_;
  std::map<std::tuple<const Scenario*, double, double>, Rows> rows_;  ///< By whose plan, parameters and tensors.
  std::size_t host_row_ = no_row;
};

}  // namespace

void add_update(const Scenario& scenario, StepGraph& graph, const std::vector<RankUpdate>& ranks) {
  Updates(scenario, graph).add(ranks);
}

StepGraph record_step(const Scenario& scenario, const Work<Count>& whole) {
  Work<Count> work = context_share(whole, scenario.parallel.context);
  if (is_pipeline_step(scenario, work)) return build_pipeline_step(scenario, std::move(work), scenario.parallel.micro_batches);
  if (work.towers.size() > 1) {
    return has_pipelined_tower(scenario) ? build_pipelined_contrastive_step(scenario, work)
                                         : build_contrastive_step(scenario, work);
  }
  return build_fully_sharded_step(scenario, work);
}

StepGraph record_shorter_step(const Scenario& scenario, const Work<Count>& whole, std::int64_t micro_batches) {
  return build_pipeline_step(scenario, context_share(whole, scenario.parallel.context), micro_batches);
}

bool is_pipeline_step(const Scenario& scenario, const Work<Count>& work) {
  return work.towers.size() == 1 && !shards_parameters(scenario.parallel);
}

BuiltStep build_step(const Scenario& scenario, const Work<Count>& work) {
  return vary(record_step(scenario, work).build(), scenario);
}

}  // namespace mfusim
