// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/data_parallel.hpp"
#include "sim/fully_sharded.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/step_size.hpp"

namespace mfusim {
namespace {

void check_size(const Work<Count>& work, std::int64_t micro_batches) {
  std::size_t operators = 0;
  for (const LayerGroup<Count>& group : work.towers.front().groups)
    operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value());
  constexpr std::size_t tasks_per_operator = 6;  // forward, two gradients, launches, an exchange
  check_step_size(operators * tasks_per_operator * static_cast<std::size_t>(micro_batches));
}

}  // namespace

/// A language model whose parameters are sharded: micro-batch after micro-batch forward and backward, then the update of the
/// shards, which needs no gather behind it.
StepGraph build_fully_sharded_step(const Scenario& scenario, const Work<Count>& work) {
  return build_fully_sharded_step(scenario, work, scenario.parallel.micro_batches).step;
}

ShorterStep build_fully_sharded_step(const Scenario& scenario, const Work<Count>& work, std::int64_t micro_batches) {
  const LayerContext context = layer_context(scenario);
  check_size(work, micro_batches);
  StepGraph graph(scenario.cluster, 1);
  const ModelChunk chunk = cut_into_chunks(work.towers.front().groups, 1).front();
  FullySharded sharded(scenario, context, graph, {{.chunk = chunk}}, {});
  constexpr double token_id = 8;  // bytes
  const ParallelPlan& plan = scenario.parallel;
  const double tokens = static_cast<double>(plan.micro_batches * scenario.training.micro_batch) *
                        static_cast<double>(scenario.training.sequence_length.value_or(1));
  std::vector<StepTask> ready = add_input(scenario, graph, 0, Bytes(token_id * tokens));
  std::vector<StepTask> ended;
  std::vector<TaskId> first_tasks;
  for (std::uint32_t micro_batch = 0; micro_batch < static_cast<std::uint32_t>(micro_batches); ++micro_batch) {
    first_tasks.push_back(graph.record().tasks);
    sharded.begin(micro_batch);
    ready = sharded.backward(0, sharded.forward(0, ready));
    ended = sharded.end();
  }
  first_tasks.push_back(graph.record().tasks);
  add_update(scenario, graph,
             {{.rank = 0, .parameters = sharded.trainable(), .tensors = update_tensors(scenario, chunk), .gradients = ended}});
  return {std::move(graph), std::move(first_tasks)};
}

bool is_fully_sharded_step(const Scenario& scenario, const Work<Count>& work) {
  return work.towers.size() == 1 && shards_parameters(scenario.parallel);
}

}  // namespace mfusim
