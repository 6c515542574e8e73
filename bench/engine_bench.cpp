// SPDX-License-Identifier: Apache-2.0
// The raw engine by number of tasks: building a graph, running it without and with contention, the critical path.
// Times are per task. The graphs look like a training step: ranks with a compute stream and a communication stream,
// kernels in order, every fourth kernel's result sent on the communication stream and awaited four kernels later.
#include "sim/critical_path.hpp"
#include "sim/engine_events.hpp"
#include "sim/engine_linear.hpp"
#include "sim/task_graph_builder.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>

namespace {

using namespace mfusim;

constexpr std::uint32_t kRanks = 64;
constexpr std::uint32_t kKernels = 4;               // between two transfers, 20 us together
constexpr std::int64_t kShortTransfer = 8'000'000;  // the link has room most of the time
constexpr std::int64_t kLongTransfer = 12'000'000;  // the link is just full: every start and end re-times all transfers

/// Small, cheap, repeatable noise: equal durations would make most events coincide.
class Durations {
 public:
  Picoseconds operator()(std::int64_t around) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return Picoseconds(around + static_cast<std::int64_t>(state_ >> 44U));
  }

 private:
  std::uint64_t state_ = 1;
};

/// What compute and communication take; zeros: nothing is shared.
struct Usages {
  std::vector<UsageId> compute{std::vector<UsageId>(kRanks)};
  std::vector<UsageId> communication{std::vector<UsageId>(kRanks)};
};

/// Eight ranks share a node's link; on each GPU the collective holds SMs that compute would use.
Usages add_usages(TaskGraphBuilder& builder) {
  Usages usages;
  ResourceId link = 0;
  for (std::uint32_t rank = 0; rank < kRanks; ++rank) {
    if (rank % 8 == 0) link = builder.add_resource(100e9);
    const ResourceId sms = builder.add_resource(108);
    usages.compute[rank] = builder.add_usage({.demands = {{sms, 108}}, .priority = 1});
    usages.communication[rank] = builder.add_usage({.demands = {{sms, 16, Taking::Held}, {link, 25e9}}, .full_speed = 25e9});
  }
  return usages;
}

TaskGraph step_graph(std::size_t tasks, std::int64_t transfer_time, const Usages& usages, TaskGraphBuilder builder) {
  Durations duration;
  for (std::uint32_t stream = 0; stream < 2 * kRanks; ++stream) builder.add_stream();
  const std::size_t rounds = std::max<std::size_t>(1, tasks / (kRanks * (kKernels + 1)));
  for (std::uint32_t rank = 0; rank < kRanks; ++rank) {
    TaskId sent[2] = {0, 0};
    for (std::size_t round = 0; round < rounds; ++round) {
      TaskId kernel = 0;
      for (std::uint32_t i = 0; i < kKernels; ++i) {
        const Task task{.duration = duration(5'000'000), .stream = 2 * rank, .usage = usages.compute[rank]};
        kernel = i == 0 && round > 1 ? builder.add(task, {sent[round % 2]}) : builder.add(task);
      }
      const Task transfer{.duration = duration(transfer_time), .stream = 2 * rank + 1, .usage = usages.communication[rank]};
      sent[round % 2] = builder.add(transfer, {kernel});
    }
  }
  return std::move(builder).build();
}

TaskGraph plain_graph(std::size_t tasks) {
  return step_graph(tasks, kShortTransfer, {}, TaskGraphBuilder(tasks));
}

TaskGraph shared_graph(std::size_t tasks, std::int64_t transfer_time = kShortTransfer) {
  TaskGraphBuilder builder(tasks);
  const Usages usages = add_usages(builder);
  return step_graph(tasks, transfer_time, usages, std::move(builder));
}

/// Stages built one after the other, so that edges also lead to smaller ids and the graph needs an order of its own:
/// 64 stages, forwards then backwards, a kernel each, with a transfer between stages.
TaskGraph pipeline_graph(std::size_t tasks) {
  TaskGraphBuilder builder(tasks);
  Durations duration;
  const auto slots = static_cast<TaskId>(std::max<std::size_t>(1, tasks / kRanks / 2));  // forward or backward, of a stage
  const auto kernel = [slots](std::uint32_t stage, TaskId slot) { return stage * 2 * slots + 2 * slot; };
  for (std::uint32_t stage = 0; stage < kRanks; ++stage) {
    const StreamId compute = builder.add_stream();
    const StreamId transfers = builder.add_stream();
    for (TaskId slot = 0; slot < slots; ++slot) {
      const TaskId one = builder.add({.duration = duration(5'000'000), .stream = compute});
      builder.add({.duration = duration(1'000'000), .stream = transfers}, {one});
      if (stage == 0) continue;
      if (slot % 2 == 0) builder.add_edge(kernel(stage - 1, slot) + 1, one);
      if (slot % 2 == 1) builder.add_edge(one + 1, kernel(stage - 1, slot));
    }
  }
  return std::move(builder).build();
}

/// What a graph and its timeline keep, without what building takes for a while.
std::size_t bytes_of(const TaskGraph& graph) {
  const std::size_t indices =
      graph.first_successor.size() + graph.successors.size() + graph.in_degrees.size() + graph.order.size();
  return graph.size() * (sizeof(Task) + 2 * sizeof(Picoseconds)) + indices * sizeof(TaskId);
}

void count_tasks(benchmark::State& state, const TaskGraph& graph) {
  const auto tasks = static_cast<double>(graph.size());
  const double done = static_cast<double>(state.iterations()) * tasks;
  state.counters["bytes/task"] = static_cast<double>(bytes_of(graph)) / tasks;
  state.counters["tasks/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["s/task"] = benchmark::Counter(done, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void build_graph(benchmark::State& state) {
  const auto tasks = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const TaskGraph graph = plain_graph(tasks);
    benchmark::DoNotOptimize(graph.successors.data());
  }
  count_tasks(state, plain_graph(tasks));
}

template <class Run>
void run_graph(benchmark::State& state, const TaskGraph& graph, Run run) {
  for (auto _ : state) {
    const auto result = run(graph);
    benchmark::DoNotOptimize(&result);
  }
  count_tasks(state, graph);
}

void unshared(benchmark::State& state) {
  run_graph(state, plain_graph(static_cast<std::size_t>(state.range(0))), simulate_unshared);
}

void pipeline(benchmark::State& state) {
  run_graph(state, pipeline_graph(static_cast<std::size_t>(state.range(0))), simulate_unshared);
}

void build_pipeline(benchmark::State& state) {
  const auto tasks = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const TaskGraph graph = pipeline_graph(tasks);
    benchmark::DoNotOptimize(graph.successors.data());
  }
  count_tasks(state, pipeline_graph(tasks));
}

void shared(benchmark::State& state) {
  run_graph(state, shared_graph(static_cast<std::size_t>(state.range(0))), simulate_shared);
}

void congested(benchmark::State& state) {
  run_graph(state, shared_graph(static_cast<std::size_t>(state.range(0)), kLongTransfer), simulate_shared);
}

/// The price of the event loop where nothing is shared.
void shared_nothing(benchmark::State& state) {
  run_graph(state, plain_graph(static_cast<std::size_t>(state.range(0))), simulate_shared);
}

void path(benchmark::State& state) {
  const TaskGraph graph = plain_graph(static_cast<std::size_t>(state.range(0)));
  const Timeline timeline = simulate_unshared(graph);
  run_graph(state, graph, [&timeline](const TaskGraph& one) { return critical_path(one, timeline); });
}

constexpr std::int64_t kFewest = 10'000;
constexpr std::int64_t kMost = 10'000'000;

BENCHMARK(build_graph)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(build_pipeline)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(unshared)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(pipeline)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(shared)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(congested)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(shared_nothing)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);
BENCHMARK(path)->RangeMultiplier(10)->Range(kFewest, kMost)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
