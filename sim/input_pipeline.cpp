// SPDX-License-Identifier: Apache-2.0
#include "sim/input_pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {

namespace {

/// Ranks of a node that need samples: those of the first stage, or of what of it is on the node.
double reading_ranks_on_node(const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  const std::int64_t first_stage = std::int64_t{plan.tensor} * plan.context * plan.data;
  return static_cast<double>(std::min<std::int64_t>(first_stage, scenario.cluster.gpus_per_node));
}

}  // namespace

Seconds loading_time(const Scenario& scenario) {
  const DataPipeline& data = scenario.data;
  const double ranks_on_node = reading_ranks_on_node(scenario);
  const double samples_per_rank = static_cast<double>(scenario.training.global_batch) / scenario.parallel.data;
  const double readers =
      scenario.techniques.shared_loader ? std::max(1.0, ranks_on_node / scenario.parallel.tensor) : ranks_on_node;
  const double samples = samples_per_rank * readers;
  Seconds slowest{};
  if (data.bytes_per_sample && data.storage_per_node)
    slowest = std::max(slowest, samples * *data.bytes_per_sample / *data.storage_per_node);
  if (data.decode_per_node) slowest = std::max(slowest, Samples(samples) / *data.decode_per_node);
  return slowest;
}

std::optional<std::string> decoding_warning(const Scenario& scenario, double samples_per_s) {
  constexpr double images_per_core_s = 243;
  constexpr double cores_per_gpu = 12;
  if (!is_contrastive(scenario.model) || scenario.data.decode_per_node) return std::nullopt;
  const double per_gpu = samples_per_s / static_cast<double>(scenario.cluster.gpus);
  const double cores = per_gpu / images_per_core_s;
  if (cores <= cores_per_gpu) return std::nullopt;
  return fmt::format(
      "input: {:.0f} images/s a GPU keep about {:.0f} cores busy with decoding; loading never limits this answer: state "
      "data.decode_per_node",
      per_gpu, cores);
}

std::vector<StepTask> add_input(const Scenario& scenario, StepGraph& graph, int rank, Bytes to_gpu) {
  std::vector<StepTask> waits;
  const Seconds loading = loading_time(scenario);
  if (loading > Seconds{}) {
    const StepTask loaded = graph.add(rank,
                                      Step{.name = "data loading",
                                           .shape = scenario.techniques.async_data ? "next batch" : "this batch",
                                           .step_class = StepClass::DataLoading,
                                           .stream = StreamKind::Loader,
                                           .duration = to_ticks(loading),
                                           .flops = Flops(),
                                           .bytes = Bytes()},
                                      {}, {});
    if (!scenario.techniques.async_data) waits.push_back(loaded);
  }
  const StepTask copied = graph.add(rank,
                                    Step{.name = "copy to the GPU",
                                         .shape = fmt::format("{:.4g} MB", to_gpu.value() / 1e6),
                                         .step_class = StepClass::DataLoading,
                                         .stream = StreamKind::Copy,
                                         .duration = to_ticks(to_gpu / scenario.cluster.gpu.pcie_per_direction),
                                         .flops = Flops(),
                                         .bytes = to_gpu,
                                         .provenance = Provenance::DataSheet},
                                    {}, waits);
  return {copied};
}

}  // namespace mfusim
