// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/task_graph.hpp"
#include "sim/timeline.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace mfusim {

/// The tasks that decide the makespan, first to last: from the task that ends last (the smallest id of several) back through
/// a predecessor that ended exactly when the next one started (again the smallest id). A task always starts when its last
/// predecessor ends, so the path covers [0, makespan] without a gap: the times from start to end of its tasks sum to the
/// makespan. Throws std::logic_error where the timeline does not belong to the graph.
[[nodiscard]] std::vector<TaskId> critical_path(const TaskGraph& graph, const Timeline& timeline);

/// Longest sum of durations along any path: what no timeline can beat. It comes from boost::topological_sort and shares no
/// code with the engine.
[[nodiscard]] Picoseconds longest_path(const TaskGraph& graph);

/// Writes the graph in Graphviz's DOT language, one node a task with the text that `label` gives; the critical path, its tasks
/// and the edges between them, is red.
void write_dot(std::ostream& out, const TaskGraph& graph, const Timeline& timeline,
               const std::function<std::string(TaskId)>& label);

}  // namespace mfusim
