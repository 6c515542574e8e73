// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "base/reader.hpp"
#include "hardware/network.hpp"
#include "model/spec.hpp"
#include "sim/sharding.hpp"
#include "sim/stack.hpp"
#include "sim/state_types.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

enum class Optimizer { Adam, AdamW, Lamb, Sgd };
enum class PipelineSchedule { GPipe, OneForwardOneBackward, Interleaved, ZbH1, ZbH2, ZbV, ZbAuto };
enum class Recompute { None, Selective, Full };
/// Full recomputation as Megatron-LM's --recompute-method. Uniform: groups of `recompute_layers` layers keep the input of the
/// group alone. Block: the first `recompute_layers` layers of each chunk keep their input alone, the others everything.
enum class RecomputeMethod { Uniform, Block };

/// Where the two towers run. Colocated: every GPU runs one after the other; TwoStreams: every GPU runs both beside one another;
/// Disjoint: each tower has GPUs of its own; TwoGrid: both on all GPUs, each cut by a tensor x data grid of its own.
enum class TowerPlacement { Colocated, TwoStreams, Disjoint, TwoGrid };

/// How the contrastive loss sees the whole batch. Local: a rank scores its own samples against the gathered batch, and the
/// gradients of the gathered embeddings go back to their owners (open_clip's local loss with gathered gradients). Global: every
/// rank scores the whole batch against itself, nothing goes back. Ring: blocks of embeddings travel from rank to rank (SigLIP).
enum class LossExchange { Local, Global, Ring };

/// What one training step has to do. Samples are images with their captions, or sequences.
struct Training {
  std::int64_t global_batch = 1;
  std::int64_t micro_batch = 1;  ///< Samples of one data-parallel rank in one forward pass.
  std::optional<std::int64_t> image_size;
  std::optional<std::int64_t> sequence_length;  ///< Text length of a contrastive model, sequence of a language model.
  DataType precision = DataType::Bf16;          ///< Of the matrix multiplies.
  Optimizer optimizer = Optimizer::AdamW;
  StateTypes state{};
  bool operator==(const Training&) const = default;
};

/// Whether fp32 weights are converted to 16 bit for each multiply: not where their shards are before they are gathered.
[[nodiscard]] inline bool autocasts(const Training& training, const Stack& stack) {
  return stack.weights != WeightState::ShardedCast && is_half(training.precision) && !is_half(training.state.parameters);
}

/// How ranks are numbered, innermost first, and so which of them share nodes: Megatron-LM's own order, or with
/// --use-tp-pp-dp-mapping.
enum class RankOrder {
  DataBeforePipeline,  ///< Tensor, context, data, pipeline.
  PipelineBeforeData,  ///< Tensor, context, pipeline, data.
};
[[nodiscard]] std::string to_string(RankOrder order);

/// How the GPUs share the work; every number is resolved and checked: tensor x pipeline x context x data = GPUs.
struct ParallelPlan {
  int tensor = 1;
  bool sequence = false;  ///< Sequence parallelism inside the tensor group (Korthikanti et al. 2022).
  int pipeline = 1;
  int virtual_stages = 1;  ///< Model chunks a pipeline rank.
  PipelineSchedule schedule = PipelineSchedule::OneForwardOneBackward;
  int data = 1;
  int context = 1;  ///< Ranks that divide each sequence; they reduce gradients together with the data-parallel ones.
  ContextExchange context_exchange = ContextExchange::Ring;
  RankOrder rank_order = RankOrder::DataBeforePipeline;
  int zero = 0;             ///< What is sharded: 1 optimizer state, 2 and gradients, 3 and parameters.
  int shard_group = 1;      ///< Ranks that divide that between them; such groups are replicas of each other.
  FullSharding sharding{};  ///< ZeRO-3 only.
  Recompute recompute = Recompute::None;
  RecomputeMethod recompute_method = RecomputeMethod::Uniform;
  std::int64_t recompute_layers = 1;
  /// Repeated layers of each chunk of the model, first to last; empty: equal shares (sim/stage_layers.hpp).
  std::vector<std::int64_t> chunk_layers;
  /// The optimizer does not wait for the whole job's gradient norm: steps follow each other without a barrier
  /// (Qi et al. 2024, arXiv:2401.10241, section 4).
  bool post_validation = false;
  /// Of schedules that are made to measure: how many micro-batches' activations a stage may hold. 0: the schedule has none.
  std::int64_t memory_limit = 0;
  std::int64_t micro_batches = 1;  ///< Of one data-parallel rank in a step.
  bool operator==(const ParallelPlan&) const = default;
};

/// ZeRO-3, FSDP: parameters come and go layer by layer.
[[nodiscard]] constexpr bool shards_parameters(const ParallelPlan& plan) {
  return plan.zero == 3;
}

/// The part of the job that one tower has for itself.
struct TowerPlan {
  int gpus = 1;
  ParallelPlan parallel;
  std::int64_t micro_batch = 1;  ///< Samples of its fullest data-parallel rank in one forward pass.
};

/// The step's input path. A rate that is not given does not limit.
struct DataPipeline {
  std::optional<Bytes> bytes_per_sample;
  std::optional<BytesPerSecond> storage_per_node;
  std::optional<SamplesPerSecond> decode_per_node;
  bool operator==(const DataPipeline&) const = default;
};

enum class JitterDistribution { Lognormal, Gamma };

/// Ranks whose kernels last longer than those of the others (sim/variation.hpp).
struct Variation {
  struct SlowNodes {
    double fraction = 0;  ///< Of the nodes.
    double slowdown = 1;
    std::int64_t seed = 1;  ///< Which nodes.
  };
  struct SlowRank {
    int rank = 0;
    double slowdown = 1;
  };
  /// Random durations of the passes of each rank (sim/jitter.hpp).
  struct Jitter {
    double relative_deviation = 0;  ///< Standard deviation of a pass's factor, whose mean is 1.
    JitterDistribution distribution = JitterDistribution::Lognormal;
    std::int64_t seed = 1;
    std::int64_t samples = 1;  ///< Steps drawn.
  };
  std::optional<SlowNodes> slow_nodes{};
  std::vector<SlowRank> slow_ranks{};
  std::optional<Jitter> jitter{};
};

/// A published measurement to hold the prediction against. Never read by the simulation.
struct Measured {
  std::optional<Seconds> iteration_time;
  std::optional<double> mfu;
  std::string source;
};

/// A checked question: whoever holds one need not check again.
struct Scenario {
  std::string name;
  ModelSpec model;
  Cluster cluster;
  int node_gpus = 8;  ///< That a node has room for, as asked; cluster.gpus_per_node is no more than the job has.
  Training training;
  ParallelPlan parallel;
  Techniques techniques;
  Stack stack;
  TowerPlacement placement = TowerPlacement::Colocated;
  std::vector<TowerPlan> tower_plans;  ///< By tower, vision first, where each has a plan of its own; otherwise empty.
  LossExchange loss_exchange = LossExchange::Local;
  DataPipeline data;
  std::optional<Variation> variation;  ///< All ranks are alike where there is none.
  std::optional<Measured> measured;
  UsedDefaults defaults;              ///< Every default that stood in for a missing key.
  bool tensor_overlap_waits = false;  ///< Tensor overlap is off for want of sequence parallelism alone.
  std::vector<std::string> warnings;  ///< Legal, but worth a word.
};

/// `path.to.key=value` settings of the command line, applied on the file before it is read.
using Settings = std::vector<std::pair<std::string, std::string>>;

/// Reads, completes and checks a scenario. Throws InputError `file:line: key: rule, value`.
[[nodiscard]] Scenario load_scenario(const std::filesystem::path& path, const Settings& settings = {});

/// The same from a parsed document; `folder` is where relative paths in it start.
[[nodiscard]] Scenario read_scenario(const Node& document, const std::filesystem::path& folder, std::string name);

[[nodiscard]] std::string to_string(PipelineSchedule schedule);
[[nodiscard]] std::string to_string(Recompute recompute);
[[nodiscard]] std::string to_string(RecomputeMethod method);
[[nodiscard]] std::string to_string(Optimizer optimizer);
[[nodiscard]] std::string to_string(TowerPlacement placement);
[[nodiscard]] std::string to_string(LossExchange exchange);

}  // namespace mfusim
