// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "base/reader.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// Memory that is tight: above this share of the GPU's. What is predicted may be wrong by as much, and an allocator that has to
/// flush its cache slows steps. Assumption: two published runs this full took a third longer than predicted (docs/sharding.md).
constexpr double tight_memory_share = 0.95;
[[nodiscard]] inline bool is_tight(Bytes peak, Bytes capacity) {
  return peak > tight_memory_share * capacity;
}

/// What a run answers: numbers and words, ready to be written. No engine, no model behind it.
struct Result {
  std::string scenario;
  std::string model;
  std::string gpu;
  std::string network;
  std::string stack;
  std::string version;
  int gpus = 0;

  Seconds iteration_time{};
  double mfu = 0;  ///< Model FLOPs (three forward passes of matmuls, full attention and logits; no recompute) / time / peak.
  double hfu = 0;  ///< The same with the matmul FLOPs that are really done, recomputation included.
  double samples_per_s = 0;
  std::optional<double> tokens_per_s;  ///< Language models.
  Flops model_flops;                   ///< Of the whole job in one step.
  Flops hardware_flops;                ///< Of the whole job in one step.
  FlopsPerSecond peak_per_gpu;

  std::vector<std::pair<std::string, Seconds>> breakdown;  ///< Sums to iteration_time.
  /// The same from the peak down: ideal time of the job's model FLOPs, what the critical rank does beyond its share, what its
  /// kernels lose against the peak, and the rest of the breakdown. Sums to iteration_time.
  std::vector<std::pair<std::string, Seconds>> waterfall;
  int critical_rank = 0;

  /// The pass of a pipeline stage that runs when its activations are fullest.
  struct PeakAt {
    std::string pass;
    std::int64_t micro_batch = 0, chunk = 0;
    std::optional<Seconds> start;  ///< Of the pass, from the start of the step.
  };
  struct Stage {
    int stage = 0;
    std::int64_t passes_in_flight = 0;
    std::optional<PeakAt> peak_at;
    Bytes peak;
    std::vector<std::pair<std::string, Bytes>> parts;
  };
  struct Memory {
    Bytes peak;       ///< Of the GPU: what nvidia-smi shows.
    Bytes reserved;   ///< Of the caching allocator, on the stage that reserves most.
    Bytes allocated;  ///< Of tensors, on the stage that allocates most.
    Bytes capacity;
    bool fits = false;
    std::vector<std::pair<std::string, Bytes>> parts;  ///< Of the fullest stage.
    std::vector<Stage> stages;
    std::string advice;  ///< Where it does not fit: the one change of the plan that frees most. Empty otherwise.
  };
  Memory memory;

  struct Plan {
    int tensor = 1, pipeline = 1, virtual_stages = 1, data = 1, zero = 0, context = 1;
    int shard_group = 1;  ///< Ranks that ZeRO divides the state over.
    std::string context_exchange;
    std::string rank_order;  ///< Empty: the usual one.
    bool sequence = false;
    std::string schedule;
    std::string recompute;
    std::vector<std::int64_t> stages;  ///< Repeated layers of each model chunk where the plan chooses them.
    bool post_validation = false;
    std::int64_t memory_limit = 0;  ///< Micro-batches' activations that a stage may hold; of schedules made to measure, else 0.
    std::int64_t micro_batch = 1, micro_batches = 1;
  };
  Plan parallel;

  struct TowerShare {
    std::string name;
    Seconds compute_time{};  ///< Of its kernels on one GPU.
    Flops model_flops;
    double parameters = 0;
    std::optional<int> gpus;        ///< Where it has a plan of its own.
    std::optional<Plan> parallel;   ///< The same.
    std::optional<Seconds> idle{};  ///< Of its GPUs, where it has GPUs of its own: nothing runs on them.
  };
  std::vector<TowerShare> towers;  ///< Where there are two.
  std::string placement;           ///< Of the towers.

  struct Range {
    Seconds low{}, high{};
    std::string based_on;
    int runs = 0;      ///< Published runs behind it.
    int families = 0;  ///< Of how many sources.
  };
  Range range;

  /// What random pass times cost (sim/jitter_cost.hpp). The rest of the result is the first sample's.
  struct Jitter {
    std::int64_t samples = 1;
    Seconds without{};  ///< The step without them.
    Seconds mean{};
    std::optional<Seconds> deviation{};  ///< Of several samples.
    Seconds shortest{}, longest{};
  };
  std::optional<Jitter> jitter;

  struct ProvenanceShare {
    std::string kind;       ///< measured, interpolated, fitted, data sheet, assumed
    double time_share = 0;  ///< Of the critical rank's kernel and communication time.
  };
  std::vector<ProvenanceShare> provenance;
  std::vector<std::string> outside_measured_region;  ///< Shapes.

  struct Against {
    Seconds measured{};
    double error_percent = 0;  ///< 100 (predicted / measured - 1).
    std::string source;
  };
  std::optional<Against> against;

  UsedDefaults defaults;
  std::vector<std::string> warnings;
  std::uint64_t tasks = 0;
};

}  // namespace mfusim
