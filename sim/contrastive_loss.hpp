// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/layer_pass.hpp"
#include "sim/step_graph.hpp"

#include <span>
#include <vector>

namespace mfusim {

/// One simulated rank's part in the loss.
struct LossSide {
  int rank = 0;
  const Scenario* view = nullptr;  ///< Whose data-parallel group exchanges the embeddings.
  const LayerGroup<Count>* head = nullptr;
};

/// What joins the towers: exchange of the embeddings -> loss -> gradients of the embeddings back to their owners.
/// The towers on the same GPUs (one side): all-gather, loss of the own rows, reduce-scatter. Apart (two sides): each side sends
/// its embeddings across once, gathers the other's among its ranks, computes the loss of its own rows, sums the gradients of
/// the other's and sends them back.
/// Source: open_clip src/open_clip/loss.py (local loss, gathered gradients; SigLipLoss for the ring); DistMM, NSDI 2024, for
/// the exchange between groups.
class ContrastiveLoss {
 public:
  /// The scenario and the sides' views and heads must outlive it.
  ContrastiveLoss(const Scenario& scenario, StepGraph& graph, const std::vector<LossSide>& sides, std::uint32_t chunk);
  ContrastiveLoss(const ContrastiveLoss&) = delete;  // placed segments point into it
  ContrastiveLoss& operator=(const ContrastiveLoss&) = delete;
  ~ContrastiveLoss() = default;

  /// `features`: what the features of each side wait for. Gives, for each side, what their gradients wait for.
  std::vector<std::vector<StepTask>> add(std::vector<std::vector<StepTask>> features);

 private:
  using Tasks = std::vector<StepTask>;
  struct Side {
    LossSide of;
    LayerContext context;
    Layer<Count> own;    ///< Works on the rank's own embeddings.
    Layer<Count> joint;  ///< Works on gathered ones.
    Segment own_forward, joint_forward, joint_backward, own_backward;
  };

  Tasks add_together(const Tasks& features);
  std::vector<Tasks> add_apart(const std::vector<Tasks>& features);
  Tasks add_ring(const Tasks& normalized);
  Tasks place(const Side& side, const Segment& segment, std::span<const StepTask> after);
  Tasks collective(const Side& side, Collective kind, const std::string& name, const Tasks& after);
  StepTask send(const Side& from, const Side& to, const std::string& name, const Tasks& after);
  [[nodiscard]] Step neighbour_send(const Side& side) const;
  [[nodiscard]] std::vector<double> exchanged_values(const Side& side) const;

  const Scenario& scenario_;
  StepGraph& graph_;
  std::uint32_t chunk_;
  std::vector<Side> sides_;
};

}  // namespace mfusim
