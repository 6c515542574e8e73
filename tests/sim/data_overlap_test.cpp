// SPDX-License-Identifier: Apache-2.0
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <algorithm>
#include <vector>

using namespace mfusim;
using namespace mfusim::tests;

namespace {

/// Chunks of the model whose data-parallel tasks of that name a rank runs, in the order in which they start.
std::vector<std::uint32_t> chunks_in_order(const BuiltStep& step, const Timeline& timeline, int rank, const std::string& name) {
  std::vector<TaskId> tasks;
  for (TaskId task = 0; task < step.graph.size(); ++task) {
    const Task& what = step.graph.tasks[task];
    if (what.stream == stream_of(rank, StreamKind::Data) && step.steps[what.label].name == name) tasks.push_back(task);
  }
  std::sort(tasks.begin(), tasks.end(), [&](TaskId a, TaskId b) { return timeline.start[a] < timeline.start[b]; });
  std::vector<std::uint32_t> chunks;
  for (const TaskId task : tasks) chunks.push_back(unpack(step.graph.tasks[task].instance).chunk);
  return chunks;
}

}  // namespace

TEST_CASE("the most urgent first: weights in the order of forward passes, gradients in that of backward passes", "[property]") {
  const int stages = GENERATE(2, 4);
  const int chunks = GENERATE(2, 4);
  CAPTURE(stages, chunks);
  const Scenario scenario = scenario_of(small_decoder, {{"cluster.gpus", std::to_string(2 * stages)},
                                                        {"parallel.pipeline", std::to_string(stages)},
                                                        {"parallel.virtual_stages", std::to_string(chunks)},
                                                        {"parallel.zero", "1"},
                                                        {"stack", "megascale"},
                                                        {"stack_settings.gradient_bucket", "1 MB"},
                                                        {"techniques.tp_overlap", "false"}});
  const BuiltStep step = build_step(scenario, micro_batch_work(scenario));
  const Timeline timeline = simulate(step.graph);
  for (int rank = 0; rank < stages; ++rank) {
    CAPTURE(rank);
    const std::vector<std::uint32_t> gathered = chunks_in_order(step, timeline, rank, "weight gather");
    CHECK(gathered.size() >= static_cast<std::size_t>(chunks));
    CHECK(std::is_sorted(gathered.begin(), gathered.end()));
    std::vector<std::uint32_t> reduced = chunks_in_order(step, timeline, rank, "gradient reduction");
    CHECK(reduced.size() >= static_cast<std::size_t>(chunks));
    CHECK(std::is_sorted(reduced.rbegin(), reduced.rend()));
  }
}
