// SPDX-License-Identifier: Apache-2.0
#include "sim/unfold.hpp"

#include "sim/placement.hpp"
#include "sim/task_graph_builder.hpp"
#include "sim/towers.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

namespace mfusim {
namespace {

constexpr TaskId nothing_before = static_cast<TaskId>(-1);

/// The group of one data copy differs from that of another.
bool varies_with_data(StepScope scope) {
  return scope == StepScope::Rank || scope == StepScope::TensorGroup;
}
bool varies_with_tensor(StepScope scope) {
  return scope == StepScope::Rank || scope == StepScope::DataGroup;
}

/// One of the copies of a simulated rank.
struct Place {
  int data = 0;
  int tensor = 0;
};

class RankCopier {
 public:
  RankCopier(const BuiltStep& step, std::vector<RankCopies> copies)
      : step_(step),
        copies_(std::move(copies)),
        resources_per_rank_(step.graph.sharing.resources / static_cast<std::size_t>(step.ranks)) {
    for (const RankCopies& of_rank : copies_) first_rank_.push_back(first_rank_.back() + of_rank.tensor * of_rank.data);
    const int ranks = first_rank_.back();
    builder_ = TaskGraphBuilder(step.graph.size() * static_cast<std::size_t>(ranks / step.ranks));
    for (int i = 0; i < ranks * streams_per_rank; ++i) static_cast<void>(builder_.add_stream());
    constexpr double whole = 1;  // demands are fractions already
    for (std::size_t i = 0; i < static_cast<std::size_t>(ranks) * resources_per_rank_; ++i)
      static_cast<void>(builder_.add_resource(whole));
  }

  BuiltStep run() && {
    copy_usages();
    copy_tasks();
    copy_edges();
    return {std::move(builder_).build(), step_.steps, first_rank_.back()};
  }

 private:
  [[nodiscard]] StepScope scope_of(TaskId task) const { return step_.steps[step_.graph.tasks[task].label].scope; }

  [[nodiscard]] const RankCopies& copies_of_rank(int folded) const { return copies_[static_cast<std::size_t>(folded)]; }
  [[nodiscard]] const RankCopies& copies_of(TaskId task) const { return copies_of_rank(rank_of(step_.graph.tasks[task].stream)); }

  /// Calls `visit` once for each copy of what varies with the given coordinates, in the order of their numbers.
  template <class Visit>
  static void for_each_place(const RankCopies& copies, bool with_data, bool with_tensor, Visit visit) {
    for (int data = 0; data < (with_data ? copies.data : 1); ++data) {
      for (int tensor = 0; tensor < (with_tensor ? copies.tensor : 1); ++tensor) visit(Place{data, tensor});
    }
  }
  template <class Visit>
  static void for_each_group(const RankCopies& copies, StepScope scope, Visit visit) {
    for_each_place(copies, varies_with_data(scope), varies_with_tensor(scope), visit);
  }

  /// Which copy of a step the rank at `place` takes part in.
  [[nodiscard]] static std::uint32_t copy_at(const RankCopies& copies, StepScope scope, Place place) {
    const int data = varies_with_data(scope) ? place.data : 0;
    const int tensor = varies_with_tensor(scope) ? place.tensor : 0;
    return static_cast<std::uint32_t>(data * (varies_with_tensor(scope) ? copies.tensor : 1) + tensor);
  }

  /// Visits the ranks of the group around `place` that stand for the simulated rank `folded`.
  template <class Visit>
  void for_each_member(int folded, StepScope scope, Place place, Visit visit) const {
    const RankCopies& copies = copies_of_rank(folded);
    for_each_place(copies, !varies_with_data(scope), !varies_with_tensor(scope), [&](Place other) {
      const int data = place.data + other.data;
      visit(first_rank_[static_cast<std::size_t>(folded)] + data * copies.tensor + place.tensor + other.tensor);
    });
  }

  /// Usages keep their order, so that on each resource the same numbers are added in the same order as before.
  void copy_usages() {
    const SharingModel& sharing = step_.graph.sharing;
    std::vector<StepScope> scopes(sharing.usages(), StepScope::Rank);
    std::vector<TaskId> user(sharing.usages());
    for (TaskId task = 0; task < step_.graph.size(); ++task) {
      scopes[step_.graph.tasks[task].usage] = scope_of(task);
      user[step_.graph.tasks[task].usage] = task;
    }
    first_usage_.assign(sharing.usages(), 0);
    for (UsageId usage = 1; usage < sharing.usages(); ++usage) {
      bool first = true;
      for_each_group(copies_of(user[usage]), scopes[usage], [&](Place place) {
        const UsageId copy = builder_.add_usage(copy_of(usage, scopes[usage], place));
        if (first) first_usage_[usage] = copy;
        first = false;
      });
    }
  }

  [[nodiscard]] Usage copy_of(UsageId usage, StepScope scope, Place place) const {
    const SharingModel& sharing = step_.graph.sharing;
    Usage copy{.priority = sharing.priority[usage], .full_speed = sharing.full_speed[usage]};
    for (const SharingModel::Share& share : sharing.shares_of(usage)) {
      const auto of_rank = static_cast<int>(share.resource / resources_per_rank_);
      for_each_member(of_rank, scope, place, [&](int rank) {
        const std::size_t resource = static_cast<std::size_t>(rank) * resources_per_rank_ + share.resource % resources_per_rank_;
        copy.demands.push_back({.resource = static_cast<ResourceId>(resource), .amount = share.fraction, .taking = share.taking});
      });
    }
    return copy;
  }

  void copy_tasks() {
    const TaskGraph& graph = step_.graph;
    first_task_.reserve(graph.size());
    before_.assign(graph.size(), nothing_before);
    std::vector<TaskId> last(graph.streams, nothing_before);
    std::vector<StreamId> streams;
    std::size_t joint = 0;
    for (TaskId task = 0; task < graph.size(); ++task) {
      streams = {graph.tasks[task].stream};
      for (; joint < graph.joint_streams.size() && graph.joint_streams[joint].task == task; ++joint)
        streams.push_back(graph.joint_streams[joint].stream);
      before_[task] = last[streams.front()];
      for (const StreamId stream : streams) last[stream] = task;
      first_task_.push_back(static_cast<TaskId>(builder_.size()));
      for_each_group(copies_of(task), scope_of(task), [&](Place place) { copy_task(task, streams, place); });
    }
  }

  void copy_task(TaskId task, const std::vector<StreamId>& streams, Place place) {
    const StepScope scope = scope_of(task);
    Task copy = step_.graph.tasks[task];
    if (copy.usage != 0) copy.usage = first_usage_[copy.usage] + copy_at(copies_of(task), scope, place);
    occupied_.clear();
    for (const StreamId stream : streams) {
      for_each_member(rank_of(stream), scope, place, [&](int rank) {
        occupied_.push_back(static_cast<StreamId>(rank * streams_per_rank) + stream % streams_per_rank);
      });
    }
    static_cast<void>(builder_.add_joint(copy, occupied_));
  }

  /// The order on streams needs no copy: tasks keep theirs.
  void copy_edges() {
    const TaskGraph& graph = step_.graph;
    for (TaskId task = 0; task < graph.size(); ++task) {
      for (const TaskId next : graph.successors_of(task)) {
        if (before_[next] != task) copy_edge(task, next);
      }
    }
  }

  void copy_edge(TaskId task, TaskId next) {
    const StepScope from = scope_of(task);
    const StepScope to = scope_of(next);
    const RankCopies& before = copies_of(task);
    const RankCopies& after = copies_of(next);
    if (before != after) return copy_edge_between_groups(task, next);
    for_each_place(before, varies_with_data(from) || varies_with_data(to), varies_with_tensor(from) || varies_with_tensor(to),
                   [&](Place place) {
                     builder_.add_edge(first_task_[task] + copy_at(before, from, place),
                                       first_task_[next] + copy_at(before, to, place));
                   });
  }

  /// Groups of different sizes: every copy waits for all copies of what its original waits for.
  void copy_edge_between_groups(TaskId task, TaskId next) {
    for_each_group(copies_of(task), scope_of(task), [&](Place from) {
      for_each_group(copies_of(next), scope_of(next), [&](Place to) {
        builder_.add_edge(first_task_[task] + copy_at(copies_of(task), scope_of(task), from),
                          first_task_[next] + copy_at(copies_of(next), scope_of(next), to));
      });
    });
  }

  const BuiltStep& step_;
  std::vector<RankCopies> copies_;  ///< By simulated rank.
  std::vector<int> first_rank_{0};  ///< First copy of each simulated rank; then the number of ranks.
  std::size_t resources_per_rank_;
  TaskGraphBuilder builder_;
  std::vector<UsageId> first_usage_;  ///< First copy of each usage.
  std::vector<TaskId> first_task_;    ///< First copy of each task.
  std::vector<TaskId> before_;        ///< The task before each one on its (first) stream.
  std::vector<StreamId> occupied_;    ///< Reused between tasks.
};

}  // namespace

BuiltStep copy_ranks(const BuiltStep& step, RankCopies copies) {
  return copy_ranks(step, std::vector<RankCopies>(static_cast<std::size_t>(step.ranks), copies));
}

BuiltStep copy_ranks(const BuiltStep& step, const std::vector<RankCopies>& copies) {
  if (copies.size() != static_cast<std::size_t>(step.ranks))
    throw std::logic_error(fmt::format("copies of {} ranks for a step of {}", copies.size(), step.ranks));
  for (const RankCopies& of_rank : copies) {
    if (of_rank.tensor < 1 || of_rank.data < 1)
      throw std::logic_error(fmt::format("copies of a rank: at least one, got {} x {}", of_rank.tensor, of_rank.data));
  }
  return RankCopier(step, copies).run();
}

BuiltStep unfold(const BuiltStep& step, const Scenario& scenario) {
  if (scenario.cluster.gpus > most_unfolded_ranks) {
    throw std::logic_error(
        fmt::format("a job of {} ranks is too large to unfold: at most {}", scenario.cluster.gpus, most_unfolded_ranks));
  }
  if (towers_apart(scenario)) {
    std::vector<RankCopies> copies;
    for (const TowerRank& rank : simulated_ranks(scenario)) {
      const ParallelPlan& plan = scenario.tower_plans[rank.tower].parallel;
      copies.push_back({.tensor = plan.tensor, .data = gradient_ranks(plan)});
    }
    return copy_ranks(step, copies);
  }
  return copy_ranks(step, {.tensor = scenario.parallel.tensor, .data = gradient_ranks(scenario.parallel)});
}

}  // namespace mfusim
