// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/contrastive_loss.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/shard_groups.hpp"
#include "sim/sharded_towers.hpp"
#include "sim/step_size.hpp"
#include "sim/tower_step.hpp"
#include "sim/towers.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <span>

namespace mfusim {
namespace {

/// Towers that share a plan on one simulated rank: they gather weights and reduce gradients together.
struct TowerGroup {
  int rank = 0;
  const Scenario* view = nullptr;
  std::vector<TowerStep*> towers;
  [[nodiscard]] double parameters() const {
    double total = 0;
    for (const TowerStep* tower : towers) total += tower->trainable_parameters();
    return total;
  }
  [[nodiscard]] double tensors() const {
    double total = 0;
    for (const TowerStep* tower : towers) total += tower->tensors();
    return total;
  }
};

/// One step of a two-tower model:
/// forward of the towers -> embeddings exchanged and the contrastive loss (sim/contrastive_loss.hpp) -> backward of the towers,
/// last one first -> reductions (under backward) -> optimizer. Each placement only says which rank, plan and queue a tower has.
/// With several micro-batches the features of all of them are cached, the loss is taken once, and every micro-batch runs
/// forward a second time before its backward pass.
/// Source: Radford et al. 2021, arXiv:2103.00020, figure 3; open_clip's --accum-freq and Gao et al. 2021, arXiv:2101.06983
/// (cached features; here the loss is taken once, not again for each micro-batch).
class ContrastiveStep {
 public:
  ContrastiveStep(const Scenario& scenario, const Work<Count>& work)
      : scenario_(scenario), work_(work), graph_(scenario.cluster, towers_apart(scenario) ? 2 : 1) {
    check_size(scenario, work);
    for (std::size_t i = 0; i < work.towers.size(); ++i) add_tower(i, work.towers[i]);
    for (const TowerGroup& group : groups_) {
      if (shards_parameters(group.view->parallel)) shard(group);
    }
    std::vector<LossSide> sides;
    for (std::size_t rank = 0; rank < work.head.size(); ++rank)
      sides.push_back({.rank = static_cast<int>(rank), .view = loss_view(rank), .head = &work.head[rank]});
    loss_ = std::make_unique<ContrastiveLoss>(scenario, graph_, sides, static_cast<std::uint32_t>(work.towers.size()));
  }

  StepGraph run() {
    std::vector<std::vector<StepTask>> at;
    at.reserve(static_cast<std::size_t>(graph_.ranks()));
    for (int rank = 0; rank < graph_.ranks(); ++rank) at.push_back(forward(rank));
    at = loss_->add(at);
    std::vector<RankUpdate> updates;
    for (int rank = 0; rank < graph_.ranks(); ++rank) backward(rank, at[static_cast<std::size_t>(rank)], updates);
    add_update(scenario_, graph_, updates);
    return std::move(graph_);
  }

 private:
  /// All towers of a rank.
  void shard(const TowerGroup& group) {
    const std::size_t first = towers_apart(scenario_) ? static_cast<std::size_t>(group.rank) : 0;
    const std::size_t count = towers_apart(scenario_) ? 1 : work_.towers.size();
    sharded_.emplace_back(*group.view, std::span(work_.towers).subspan(first, count), graph_,
                          FullySharded::Seat{.rank = group.rank, .first_tower = static_cast<std::uint32_t>(first)});
  }
  [[nodiscard]] ShardedTowers* sharded_on(int rank) {
    const auto found = std::find_if(sharded_.begin(), sharded_.end(), [&](const auto& towers) { return towers.rank() == rank; });
    return found == sharded_.end() ? nullptr : &*found;
  }

  static void check_size(const Scenario& scenario, const Work<Count>& work) {
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

  void add_tower(std::size_t number, const Tower<Count>& tower) {
    if (alone() || views_.empty()) views_.push_back(tower_view(scenario_, number));
    const int rank = towers_apart(scenario_) ? static_cast<int>(number) : 0;
    if (alone() || groups_.empty()) groups_.push_back({.rank = rank, .view = &views_.back(), .towers = {}});
    const bool second_queue = scenario_.placement == TowerPlacement::TwoStreams && number == text_tower_number;
    const TowerSeat seat{.rank = rank,
                         .number = static_cast<std::uint32_t>(number),
                         .kernels = second_queue ? StreamKind::Compute2 : StreamKind::Compute};
    if (shards_parameters(views_.back().parallel)) return;
    groups_.back().towers.push_back(&towers_.emplace_back(views_.back(), tower, graph_, seat));
  }

  /// Towers with plans or queues of their own reduce their gradients and update their weights apart.
  [[nodiscard]] bool alone() const { return scenario_.placement != TowerPlacement::Colocated; }

  [[nodiscard]] const Scenario* loss_view(std::size_t rank) const {
    const bool text_grid =
        scenario_.placement == TowerPlacement::TwoGrid && views_.back().parallel.data > views_.front().parallel.data;
    return text_grid ? &views_.back() : groups_[rank].view;
  }

  /// Towers of a rank in the order of their forward passes.
  [[nodiscard]] std::vector<TowerStep*> towers_of(int rank) const {
    std::vector<TowerStep*> towers;
    for (const TowerGroup& group : groups_) {
      if (group.rank == rank) towers.insert(towers.end(), group.towers.begin(), group.towers.end());
    }
    return towers;
  }
  [[nodiscard]] const Scenario& view_of(int rank) const { return *groups_[static_cast<std::size_t>(rank)].view; }
  [[nodiscard]] std::uint32_t micro_batches(int rank) const {
    return static_cast<std::uint32_t>(view_of(rank).parallel.micro_batches);
  }

  /// ZeRO-1 with overlap gathers the weights of a step at its start; the samples are copied to the GPU.
  std::vector<StepTask> inputs(int rank) {
    std::vector<StepTask> ready;
    Bytes samples;
    for (const TowerGroup& group : groups_) {
      if (group.rank != rank) continue;
      if (gathers_under_forward(*group.view))
        ready.push_back(graph_.add(rank, weight_gather(*group.view, group.parameters(), "weight gather"), {}, {}));
      for (const TowerStep* tower : group.towers) samples += tower->input_bytes();
    }
    const std::vector<StepTask> input =
        add_input(view_of(rank), graph_, rank, samples * static_cast<double>(micro_batches(rank)));
    ready.insert(ready.end(), input.begin(), input.end());
    return ready;
  }

  /// Each tower after the one before it; on two queues each after the same.
  template <class Pass>
  std::vector<StepTask> pass(const std::vector<TowerStep*>& towers, const std::vector<StepTask>& ready, Pass run_tower) {
    if (scenario_.placement != TowerPlacement::TwoStreams) {
      std::vector<StepTask> at = ready;
      for (TowerStep* tower : towers) at = run_tower(*tower, at);
      return at;
    }
    std::vector<StepTask> ends;
    for (TowerStep* tower : towers) {
      const std::vector<StepTask> end = run_tower(*tower, ready);
      ends.insert(ends.end(), end.begin(), end.end());
    }
    return ends;
  }

  std::vector<StepTask> forward(int rank) {
    if (ShardedTowers* sharded = sharded_on(rank)) return sharded->forward();
    std::vector<StepTask> at = inputs(rank);
    for (std::uint32_t m = 0; m < micro_batches(rank); ++m)
      at = pass(towers_of(rank), at, [&](TowerStep& tower, const auto& ready) { return tower.forward(m, ready); });
    return at;
  }

  /// Nothing in a frozen tower or before it is trained: it has no backward pass.
  [[nodiscard]] std::vector<TowerStep*> trained_towers_of(int rank) const {
    std::vector<TowerStep*> towers = towers_of(rank);
    std::erase_if(towers, [](const TowerStep* tower) { return tower->frozen(); });
    return towers;
  }

  void backward(int rank, std::vector<StepTask> at, std::vector<RankUpdate>& updates) {
    if (ShardedTowers* sharded = sharded_on(rank)) return updates.push_back(sharded->backward(std::move(at)));
    const std::vector<TowerStep*> trained = trained_towers_of(rank);
    const std::vector<TowerStep*> last_first(trained.rbegin(), trained.rend());
    std::deque<GradientReduction> reductions;
    for (const TowerGroup& group : groups_) {
      if (group.rank == rank) reductions.emplace_back(*group.view, graph_, rank);
    }
    std::vector<std::optional<StepTask>> ends(reductions.size());
    for (std::uint32_t m = 0; m < micro_batches(rank); ++m) {
      const bool last = m + 1 == micro_batches(rank);
      if (caches_features(view_of(rank).parallel))
        at = pass(trained, at, [&](TowerStep& tower, const auto& ready) { return tower.forward_again(m, ready); });
      at = pass(last_first, at, [&](TowerStep& tower, const auto& gradient) {
        std::vector<StepTask> end = tower.backward(m, gradient);
        const std::size_t group = group_on_rank(rank, tower);
        if (last) {
          ends[group] = tower.reduce(reductions[group]);
        } else if (view_of(rank).parallel.zero > 1) {
          reduce_micro_batch(view_of(rank), tower, reductions[group], end);
        }
        return end;
      });
    }
    finish(rank, at, reductions, ends, updates);
  }

  /// ZeRO-2 keeps no whole gradients between micro-batches. Source: DeepSpeed, deepspeed/runtime/zero/stage_1_and_2.py.
  static void reduce_micro_batch(const Scenario& view, const TowerStep& tower, GradientReduction& reduction,
                                 std::vector<StepTask>& end) {
    reduction.finish(tower.reduce(reduction));
    if (!view.techniques.dp_overlap) end.insert(end.end(), reduction.reduced().begin(), reduction.reduced().end());
  }

  /// Which of a rank's groups a tower belongs to.
  [[nodiscard]] std::size_t group_on_rank(int rank, const TowerStep& tower) const {
    std::size_t number = 0;
    for (const TowerGroup& group : groups_) {
      if (group.rank != rank) continue;
      if (std::find(group.towers.begin(), group.towers.end(), &tower) != group.towers.end()) return number;
      ++number;
    }
    return 0;
  }

  void finish(int rank, const std::vector<StepTask>& at, std::deque<GradientReduction>& reductions,
              const std::vector<std::optional<StepTask>>& ends, std::vector<RankUpdate>& updates) {
    std::size_t number = 0;
    for (const TowerGroup& group : groups_) {
      if (group.rank != rank) continue;
      GradientReduction& reduction = reductions[number];
      reduction.finish(ends[number].value_or(StepTask{}));
      RankUpdate update{.rank = rank,
                        .parameters = group.parameters(),
                        .tensors = group.tensors(),
                        .gradients = reduction.reduced(),
                        .view = group.view};
      if (ends[number]) {
        update.gradients.push_back(*ends[number]);
      } else {
        update.gradients.insert(update.gradients.end(), at.begin(), at.end());  // all its towers are frozen
      }
      updates.push_back(std::move(update));
      ++number;
    }
  }

  const Scenario& scenario_;
  const Work<Count>& work_;
  StepGraph graph_;
  std::deque<Scenario> views_;
  std::deque<TowerStep> towers_;
  std::deque<ShardedTowers> sharded_;
  std::vector<TowerGroup> groups_;
  std::unique_ptr<ContrastiveLoss> loss_;
};

}  // namespace

StepGraph build_contrastive_step(const Scenario& scenario, const Work<Count>& work) {
  return ContrastiveStep(scenario, work).run();
}

}  // namespace mfusim
