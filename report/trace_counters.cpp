// SPDX-License-Identifier: Apache-2.0
#include "report/trace_counters.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

namespace mfusim {
namespace {

struct Change {
  int rank = 0;
  TraceCounter counter = TraceCounter::NodeLink;
  Picoseconds time{};
  double by = 0;
};

/// Sums changes to values; what happens at one instant is one sample.
std::vector<CounterSample> accumulate(std::vector<Change> changes) {
  const auto key = [](const Change& change) { return std::tuple(change.rank, change.counter, change.time); };
  std::stable_sort(changes.begin(), changes.end(), [&](const Change& a, const Change& b) { return key(a) < key(b); });
  std::vector<CounterSample> samples;
  double value = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    const bool first = i == 0 || changes[i - 1].rank != change.rank || changes[i - 1].counter != change.counter;
    value = first ? change.by : value + change.by;
    const bool last = i + 1 == changes.size() || key(changes[i + 1]) != key(change);
    if (last) samples.push_back({change.time, change.rank, change.counter, value});
  }
  return samples;
}

std::optional<TraceCounter> link_of(StepUse use) {
  if (use == StepUse::NodeTransfer) return TraceCounter::NodeLink;
  if (use == StepUse::NetworkTransfer) return TraceCounter::Network;
  return std::nullopt;
}

}  // namespace

std::vector<CounterSample> link_samples(const BuiltStep& step, const Timeline& timeline) {
  std::vector<Change> changes;
  const auto add = [&](TaskId task, StreamId stream) {
    const Step& what = step.steps[step.graph.tasks[task].label];
    const std::optional<TraceCounter> link = link_of(what.use);
    const Picoseconds time = timeline.end[task] - timeline.start[task];
    if (!link || time == Picoseconds{}) return;
    constexpr double giga = 1e9;
    const double rate =
        std::round(what.bytes.value() / to_seconds(time).count() / giga * 1e3) / 1e3;  // whole MB/s: sums return to 0
    changes.push_back({rank_of(stream), *link, timeline.start[task], rate});
    changes.push_back({rank_of(stream), *link, timeline.end[task], -rate});
  };
  for (TaskId task = 0; task < step.graph.size(); ++task) add(task, step.graph.tasks[task].stream);
  for (const JointStream& joint : step.graph.joint_streams) add(joint.task, joint.stream);
  return accumulate(std::move(changes));
}

}  // namespace mfusim
