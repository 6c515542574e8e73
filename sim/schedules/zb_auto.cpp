// SPDX-License-Identifier: Apache-2.0
#include "sim/schedules/schedules.hpp"

#include <algorithm>
#include <array>

namespace mfusim {
namespace {

constexpr const char* name = "zb-auto";
using Orders = std::vector<std::vector<Slot>>;

PlanFault fault(const PipelineShape& shape) {
  const PlanFault single = several_stages(name, shape);
  return single.key.empty() ? one_chunk_a_stage(name, shape) : single;
}

/// The most that one micro-batch keeps of a stage, be it for the input gradients or, where recomputation keeps hardly anything
/// for those, for the weight gradients.
Bytes largest(const StageCosts& stage) {
  return std::max(stage.kept, stage.for_weights);
}

/// What each stage may hold: so many micro-batches of the first two stages' larger one, as the authors' software counts
/// (sail-sg/zero-bubble-pipeline-parallelism, zb_schedules.py, where nothing is recomputed and input gradients need more than
/// weight gradients); a single one of its own in any case.
std::vector<Bytes> memory_limits(const PipelineShape& shape, const PipelineCosts& costs) {
  constexpr double rounding = 1 + 1e-12;  // a sum of equal parts against their product
  const Bytes one = std::max(largest(costs.stages[0]), largest(costs.stages[1]));
  std::vector<Bytes> limits;
  for (const StageCosts& stage : costs.stages)
    limits.push_back(rounding * std::max(static_cast<double>(shape.memory_limit) * one, largest(stage)));
  return limits;
}

bool keeps(const Orders& orders, const PipelineCosts& costs, const std::vector<Bytes>& limits) {
  for (std::size_t s = 0; s < orders.size(); ++s) {
    const StageCosts& one = costs.stages[s];
    Bytes held;
    for (const Slot& slot : orders[s]) {
      if (slot.kind == Slot::Kind::Forward) held += one.kept;
      if (slot.kind == Slot::Kind::InputGradient) held += one.for_weights - one.kept;
      if (slot.kind == Slot::Kind::WeightGradient) held -= one.for_weights;
      if (held > limits[s]) return false;
    }
  }
  return true;
}

/// The three yes-or-no choices of the search.
struct Choices {
  bool crowd_warm_up = false;    ///< One more forward pass before the first gradient, though it may make that one wait.
  bool skip_forward = false;     ///< A stage may leave out a forward pass that it is ahead by, where no gap grows.
  bool fill_short_gaps = false;  ///< A weight gradient longer than the gap goes into it also where no other stage is delayed.
};

/// One stage while its order is written.
struct Stage {
  std::vector<Slot> slots;
  std::array<std::uint32_t, 4> done{};  ///< By kind of slot.
  std::vector<Picoseconds> forward_end, input_end;
  Picoseconds now{};
  Picoseconds waited{};  ///< Since its first pass.
  Bytes held;
  [[nodiscard]] std::uint32_t count(Slot::Kind kind) const { return done[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::uint32_t forwards() const { return count(Slot::Kind::Forward); }
  [[nodiscard]] std::uint32_t inputs() const { return count(Slot::Kind::InputGradient); }
  [[nodiscard]] std::uint32_t weights() const { return count(Slot::Kind::WeightGradient); }
};

/// The heuristic of Qi et al. 2024, arXiv:2401.10241, section 3.1, with its choices made.
class Search {
 public:
  Search(const PipelineShape& shape, const PipelineCosts& costs, const std::vector<Bytes>& limits, const Choices& choices)
      : micro_batches_(shape.micro_batches), costs_(costs), limits_(limits), choices_(choices), stages_(shape.stages) {}

  Orders run() {
    warm_up();
    for (std::uint32_t round = 1; round < micro_batches_; ++round) {
      const std::vector<bool> forward = forwards_of_round();
      for (std::size_t s = 0; s < stages_.size(); ++s) {
        if (forward[s]) add_forward(s);
      }
      for (std::size_t s = stages_.size(); s-- > 0;) add_input_gradient(s);
    }
    Orders orders;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      while (has_weight_gradient(s)) add(s, Slot::Kind::WeightGradient);
      orders.push_back(std::move(stages_[s].slots));
    }
    return orders;
  }

 private:
  [[nodiscard]] Picoseconds time_of(std::size_t s, Slot::Kind kind) const {
    const StageCosts& costs = costs_.stages[s];
    if (kind == Slot::Kind::Forward) return costs.forward;
    return kind == Slot::Kind::InputGradient ? costs.input_gradient : costs.weight_gradient;
  }
  /// When what a stage's next pass reads is there.
  [[nodiscard]] Picoseconds ready(std::size_t s, Slot::Kind kind) const {
    const bool last = s + 1 == stages_.size();
    if (kind == Slot::Kind::Forward && s > 0) return stages_[s - 1].forward_end[stages_[s].forwards()] + costs_.transfer;
    if (kind == Slot::Kind::InputGradient)
      return last ? stages_[s].forward_end[stages_[s].inputs()] : stages_[s + 1].input_end[stages_[s].inputs()] + costs_.transfer;
    return {};
  }
  [[nodiscard]] bool has_weight_gradient(std::size_t s) const { return stages_[s].weights() < stages_[s].inputs(); }

  void add(std::size_t s, Slot::Kind kind) {
    Stage& stage = stages_[s];
    const StageCosts& costs = costs_.stages[s];
    const Picoseconds start = std::max(stage.now, ready(s, kind));
    if (!stage.slots.empty()) stage.waited += start - stage.now;
    stage.now = start + time_of(s, kind);
    stage.slots.push_back({kind, stage.done[static_cast<std::size_t>(kind)]++, 0});
    if (kind == Slot::Kind::Forward) {
      stage.forward_end.push_back(stage.now);
      stage.held += costs.kept;
    } else if (kind == Slot::Kind::InputGradient) {
      stage.input_end.push_back(stage.now);
      stage.held += costs.for_weights - costs.kept;
    } else {
      stage.held -= costs.for_weights;
    }
  }

  /// As many forward passes as the memory holds and as end before the first gradient comes; each stage one more than the next.
  void warm_up() {
    for (std::size_t s = 0; s < stages_.size(); ++s) add(s, Slot::Kind::Forward);
    std::vector<std::uint32_t> more(stages_.size());
    Picoseconds gradient = stages_.back().now + costs_.stages.back().input_gradient;
    for (std::size_t s = stages_.size() - 1; s-- > 0;) {
      gradient += costs_.transfer;
      const Picoseconds busy = stages_[s].now + (more[s] = forwards_until(s, gradient)) * costs_.stages[s].forward;
      gradient = std::max(gradient, busy) + costs_.stages[s].input_gradient;
    }
    for (std::size_t s = 1; s < more.size(); ++s) more[s] = std::min(more[s], more[s - 1] > 0 ? more[s - 1] - 1 : 0);
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      for (std::uint32_t i = 0; i < more[s]; ++i) add(s, Slot::Kind::Forward);
    }
    for (std::size_t s = stages_.size(); s-- > 0;) add(s, Slot::Kind::InputGradient);
  }

  [[nodiscard]] std::uint32_t forwards_until(std::size_t s, Picoseconds gradient) const {
    const StageCosts& costs = costs_.stages[s];
    const Bytes at_gradient = std::max(Bytes(), costs.for_weights - costs.kept);  // recomputation keeps less than W needs
    std::uint32_t more = 0;
    Picoseconds now = stages_[s].now;
    Bytes held = stages_[s].held;
    while (1 + more < micro_batches_ && held + costs.kept + at_gradient <= limits_[s]) {
      if (choices_.crowd_warm_up ? now >= gradient : now + costs.forward > gradient) break;
      now += costs.forward;
      held += costs.kept;
      ++more;
    }
    return more;
  }

  /// Which stages run a forward pass before their next gradient. One that leaves it out makes all before it do so.
  [[nodiscard]] std::vector<bool> forwards_of_round() const {
    std::vector<bool> forward(stages_.size());
    for (std::size_t s = stages_.size(); s-- > 0;) {
      const bool next = s + 1 == stages_.size() || forward[s + 1];
      forward[s] = next && stages_[s].forwards() < micro_batches_ && !skips_forward(s);
    }
    return forward;
  }

  [[nodiscard]] bool skips_forward(std::size_t s) const {
    if (!choices_.skip_forward || s + 1 == stages_.size()) return false;
    const Stage& stage = stages_[s];
    const Stage& next = stages_[s + 1];
    if (stage.forwards() < next.forwards() + 2) return false;
    const StageCosts& after = costs_.stages[s + 1];
    const Picoseconds gradient = next.now + after.forward + after.input_gradient + costs_.transfer;
    if (stage.now >= gradient) return true;
    if (stage.now + costs_.stages[s].forward + weight_gradients_for_room(s) <= gradient) return false;
    return gradient - stage.now <= slack(s);
  }

  /// Time of the weight gradients that must come before another forward pass has room.
  [[nodiscard]] Picoseconds weight_gradients_for_room(std::size_t s) const {
    const StageCosts& costs = costs_.stages[s];
    Bytes held = stages_[s].held + costs.kept;
    Picoseconds time{};
    for (std::uint32_t w = stages_[s].weights(); held > limits_[s] && w < stages_[s].inputs(); ++w) {
      held -= costs.for_weights;
      time += costs.weight_gradient;
    }
    return time;
  }

  /// What a stage may still wait without becoming the one that has waited longest.
  [[nodiscard]] Picoseconds slack(std::size_t s) const {
    Picoseconds longest{};
    for (const Stage& stage : stages_) longest = std::max(longest, stage.waited);
    return longest - stages_[s].waited;
  }

  void make_room(std::size_t s, Bytes more) {
    while (stages_[s].held + more > limits_[s] && has_weight_gradient(s)) add(s, Slot::Kind::WeightGradient);
  }

  void add_forward(std::size_t s) {
    make_room(s, costs_.stages[s].kept);
    fill_gap(s, ready(s, Slot::Kind::Forward));
    add(s, Slot::Kind::Forward);
  }

  void add_input_gradient(std::size_t s) {
    make_room(s, costs_.stages[s].for_weights - costs_.stages[s].kept);
    fill_gap(s, ready(s, Slot::Kind::InputGradient));
    // nobody waits for the first stage's gradients
    while (s == 0 && stages_[s].forwards() == micro_batches_ && has_weight_gradient(s)) add(s, Slot::Kind::WeightGradient);
    add(s, Slot::Kind::InputGradient);
  }

  /// Weight gradients until `end`: those that fit, and one that does not where waiting would make this stage the slowest.
  void fill_gap(std::size_t s, Picoseconds end) {
    const Picoseconds one = costs_.stages[s].weight_gradient;
    while (has_weight_gradient(s) && stages_[s].now + one <= end) add(s, Slot::Kind::WeightGradient);
    if (!has_weight_gradient(s) || stages_[s].now >= end) return;
    if (choices_.fill_short_gaps || end - stages_[s].now > slack(s)) add(s, Slot::Kind::WeightGradient);
  }

  std::uint32_t micro_batches_;
  const PipelineCosts& costs_;
  const std::vector<Bytes>& limits_;
  Choices choices_;
  std::vector<Stage> stages_;
};

/// The handcrafted orders: zb-h1 with depth 1, zb-h2 with depth 2.
Orders handcrafted(const PipelineShape& shape, std::uint32_t depth) {
  Orders orders;
  for (std::uint32_t s = 0; s < shape.stages; ++s)
    orders.push_back(delayed_weight_gradients(shape, depth * (shape.stages - s - 1), depth * s));
  return orders;
}

/// The best of all choices, and of the handcrafted orders where they keep the limit; what counts is the longest stage, from its
/// first pass to its last, as steps follow each other without a barrier.
Orders measured_order(const PipelineShape& shape, const PipelineCosts& costs) {
  const std::vector<Bytes> limits = memory_limits(shape, costs);
  std::vector<Orders> found;
  for (const bool crowd : {false, true}) {
    for (const bool skip : {false, true}) {
      for (const bool fill : {false, true}) found.push_back(Search(shape, costs, limits, {crowd, skip, fill}).run());
    }
  }
  found.push_back(handcrafted(shape, 1));
  found.push_back(handcrafted(shape, 2));
  std::erase_if(found, [&](const Orders& orders) { return !keeps(orders, costs, limits); });
  const auto shorter = [&](const Orders& a, const Orders& b) { return longest_span(a, costs) < longest_span(b, costs); };
  return std::move(*std::min_element(found.begin(), found.end(), shorter));
}

}  // namespace

ScheduleKind zb_auto() {
  return {.schedule = PipelineSchedule::ZbAuto,
          .name = name,
          .splits_backward = true,
          .fault = fault,
          .measured_order = measured_order};
}

}  // namespace mfusim
