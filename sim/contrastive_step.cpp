// SPDX-License-Identifier: Apache-2.0
#include "sim/build_step.hpp"
#include "sim/chunk_segments.hpp"
#include "sim/data_parallel.hpp"
#include "sim/input_pipeline.hpp"
#include "sim/placement.hpp"
#include "sim/step_size.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

/// One step of a colocated two-tower model: every GPU holds both towers and its share of the batch.
/// forward of all towers -> exchange of the embeddings -> contrastive loss -> gradients of the embeddings back to their
/// owners -> backward of the towers, last one first -> reductions (under backward) -> optimizer.
/// Source: Radford et al. 2021, arXiv:2103.00020, figure 3; open_clip's local loss with gathered features.
class ContrastiveStep {
 public:
  ContrastiveStep(const Scenario& scenario, const Work<Count>& work)
      : scenario_(scenario), work_(work), context_(layer_context(scenario)), graph_(scenario.cluster, 1, expected_tasks(work)) {
    ChunkSegments segments(context_, graph_.table());
    for (const Tower<Count>& tower : work.towers) {
      Side side;
      side.chunk = cut_into_chunks(tower.groups, 1).front();
      side.forward = segments.forward(side.chunk);
      side.backward = segments.backward(side.chunk);
      sides_.push_back(std::move(side));
    }
    split_head();
  }

  BuiltStep run() {
    std::vector<TaskId> ready = gather_weights();
    const std::vector<TaskId> input = add_input(scenario_, graph_, 0, input_bytes());
    ready.insert(ready.end(), input.begin(), input.end());
    for (std::size_t i = 0; i < sides_.size(); ++i) ready = exits_of(graph_.place(0, sides_[i].forward, instance(i), ready));
    std::vector<TaskId> gradient = loss(ready);
    GradientReduction reduction(scenario_, graph_, 0);
    TaskId end = 0;
    for (std::size_t i = sides_.size(); i-- > 0;) {
      if (work_.towers[i].frozen) continue;  // nothing in it or before it is trained
      const PlacedSegment placed = graph_.place(0, sides_[i].backward, instance(i), gradient);
      gradient = exits_of(placed);
      end = placed.id(static_cast<SegmentIndex>(placed.segment->tasks.size()) - 1);
      add_gradients(reduction, sides_[i], placed);
    }
    reduction.finish(end);
    RankUpdate update{.rank = 0, .parameters = parameters(), .tensors = tensors(), .gradients = reduction.reduced()};
    update.gradients.push_back(end);
    add_update(scenario_, graph_, {update});
    return std::move(graph_).build();
  }

 private:
  [[nodiscard]] static std::size_t expected_tasks(const Work<Count>& work) {
    std::size_t operators = 0;
    for (const Tower<Count>& tower : work.towers) {
      for (const LayerGroup<Count>& group : tower.groups) {
        operators += group.layer.operators.size() * static_cast<std::size_t>(group.repeat.value());
      }
    }
    constexpr std::size_t tasks_per_operator = 6;  // forward, two gradients, and their launches
    check_step_size(operators * tasks_per_operator);
    return operators * tasks_per_operator;
  }

  struct Side {
    ModelChunk chunk;
    Segment forward;
    Segment backward;
  };

  [[nodiscard]] static StepInstance instance(std::size_t side) {
    return {.micro_batch = 0, .chunk = static_cast<std::uint32_t>(side)};
  }

  /// The head's operators before the first product of the two sides work on local embeddings, the others on gathered ones.
  void split_head() {
    for (const LayerGroup<Count>& group : work_.head) {
      for (const Operator<Count>& op : group.layer.operators) {
        const bool joins = std::holds_alternative<Matmul<Count>>(op.shape) || !joint_.operators.empty();
        (joins ? joint_ : local_).operators.push_back(op);
      }
    }
    local_.name = "head";
    joint_.name = "loss";
    rechain(local_);
    rechain(joint_);
  }

  /// A part of a layer runs in program order.
  static void rechain(Layer<Count>& layer) {
    for (std::size_t i = 0; i < layer.operators.size(); ++i) {
      layer.operators[i].inputs = i == 0 ? std::vector<int>{} : std::vector<int>{static_cast<int>(i) - 1};
    }
  }

  std::vector<TaskId> loss(const std::vector<TaskId>& ready) {
    head_segments_ = {forward_layer(context_, graph_.table(), local_, ForwardPurpose::First),
                      forward_layer(context_, graph_.table(), joint_, ForwardPurpose::First),
                      backward_layer(context_, graph_.table(), joint_), backward_layer(context_, graph_.table(), local_)};
    const StepInstance head = instance(sides_.size());
    std::vector<TaskId> at = exits_of(graph_.place(0, head_segments_[0], head, ready));
    at = exchange(Collective::AllGather, "embedding gather", at);
    at = exits_of(graph_.place(0, head_segments_[1], head, at));
    at = exits_of(graph_.place(0, head_segments_[2], head, at));
    at = exchange(Collective::ReduceScatter, "embedding gradient", at);
    return exits_of(graph_.place(0, head_segments_[3], head, at));
  }

  /// Every rank needs the embeddings of the whole batch, one exchange a tower: B x p values.
  std::vector<TaskId> exchange(Collective kind, const std::string& name, const std::vector<TaskId>& after) {
    if (scenario_.parallel.data == 1) return after;
    std::vector<TaskId> tasks;
    for (const Operator<Count>& op : local_.operators) {
      const auto* normalize = std::get_if<L2Normalize<Count>>(&op.shape);
      if (normalize == nullptr) continue;
      const double values = static_cast<double>(scenario_.training.global_batch) * normalize->width.as_double();
      Step step = data_collective(scenario_, kind, values * weight_value(scenario_), name);
      step.step_class = StepClass::EmbeddingExchange;
      tasks.push_back(graph_.add(0, std::move(step), {}, after));
    }
    return tasks;
  }

  /// ZeRO-1 with overlap gathers the weights of a step at its start.
  std::vector<TaskId> gather_weights() {
    if (scenario_.parallel.zero == 0 || scenario_.parallel.data == 1 || !scenario_.techniques.dp_overlap) return {};
    const Bytes weights = parameters() * size_of(scenario_.training.precision);
    return {graph_.add(0, data_collective(scenario_, Collective::AllGather, weights, "weight gather"), {}, {})};
  }

  void add_gradients(GradientReduction& reduction, const Side& side, const PlacedSegment& placed) const {
    std::size_t end = 0;
    for (auto run = side.chunk.runs.rbegin(); run != side.chunk.runs.rend(); ++run) {
      const std::vector<double> sizes = gradient_tensors(*run->layer, context_.tensor);
      for (std::int64_t i = 0; i < run->repeat && end < placed.segment->layer_ends.size(); ++i, ++end) {
        for (const double values : sizes) reduction.add(values, placed.id(placed.segment->layer_ends[end]));
      }
    }
  }

  [[nodiscard]] double parameters() const {
    double total = 0;
    for (const Side& side : sides_) total += parameters_of(side.chunk, context_.tensor).trainable;
    return total;
  }

  [[nodiscard]] double tensors() const {
    double total = 0;
    for (const Side& side : sides_) {
      for (const LayerRun& run : side.chunk.runs) total += static_cast<double>(run.repeat) * parameter_tensors(*run.layer);
    }
    return total;
  }

  /// Pixels as 16-bit values and token ids as 64-bit integers: the inputs of the first layers.
  [[nodiscard]] Bytes input_bytes() const {
    Bytes total;
    for (const Side& side : sides_) {
      const Operator<Count>& first = side.chunk.runs.front().layer->operators.front();
      if (const auto* patches = std::get_if<Linear<Count>>(&first.shape)) {
        total += patches->rows.as_double() * patches->inputs.as_double() * size_of(scenario_.training.precision);
      } else if (const auto* tokens = std::get_if<Embedding<Count>>(&first.shape)) {
        total += Bytes(8 * tokens->rows.as_double());
      }
    }
    return total;
  }

  const Scenario& scenario_;
  const Work<Count>& work_;
  LayerContext context_;
  StepGraph graph_;
  std::vector<Side> sides_;
  Layer<Count> local_, joint_;
  std::vector<Segment> head_segments_;
};

}  // namespace

BuiltStep build_contrastive_step(const Scenario& scenario, const Work<Count>& work) {
  return ContrastiveStep(scenario, work).run();
}

}  // namespace mfusim
