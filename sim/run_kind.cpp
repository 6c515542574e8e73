// SPDX-License-Identifier: Apache-2.0
#include "sim/run_kind.hpp"

#include <array>
#include <utility>

namespace mfusim {
namespace {

/// By the first letters of the product; GPUs of one generation share their kernels.
constexpr std::array<std::pair<const char*, const char*>, 9> generations{{{"v100", "volta"},
                                                                          {"a100", "ampere"},
                                                                          {"a800", "ampere"},
                                                                          {"h", "hopper"},
                                                                          {"gh", "hopper"},
                                                                          {"b", "blackwell"},
                                                                          {"gb", "blackwell"},
                                                                          {"l4", "ada"},
                                                                          {"mi", "cdna"}}};

std::string generation_of(const std::string& gpu) {
  for (const auto& [start, generation] : generations) {
    if (gpu.starts_with(start)) return generation;
  }
  return "other";
}

}  // namespace

RunKind run_kind_of(const Scenario& scenario) {
  const bool whole = scenario.parallel.tensor == 1 && scenario.parallel.pipeline == 1;
  return {.objective = is_contrastive(scenario.model) ? "contrastive" : "language",
          .generation = generation_of(scenario.cluster.gpu.name),
          .reach = scenario.cluster.gpus > scenario.cluster.gpus_per_node ? "several nodes" : "one node",
          .plan = whole ? "data parallel" : "model parallel"};
}

}  // namespace mfusim
