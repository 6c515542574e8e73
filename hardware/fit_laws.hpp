// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/gpu.hpp"
#include "hardware/gpu_model.hpp"
#include "hardware/points.hpp"

#include <map>
#include <string>
#include <vector>

namespace mfusim {

/// How well a fit reproduces the points it was made from: |predicted / measured - 1|, each source on its own scale.
struct FitResiduals {
  int points = 0;
  double median = 0;
  double p90 = 0;
};

/// Each source of measurements has a scale of its own (clocks, power, inputs), so that only the shape dependence is
/// shared; the reference source has scale 1 and sets the ceiling.
struct SourceScales {
  std::string reference;
  std::map<std::string, double> scale;  ///< Time by this source against the reference, same shape.
};

struct GemmFit {
  GemmLaw law;
  FitResiduals residuals;
  SourceScales sources;
};
struct AttentionFit {
  AttentionLaw forward;
  AttentionLaw backward;
  bool has_backward = false;
  FitResiduals residuals;
  SourceScales sources;
};
struct NodeCollectiveFit {
  NodeCollectiveLaw law;
  std::optional<SwitchReductionModel> switch_reduction;
  FitResiduals residuals;
};

/// Fits the law of matrix multiplies. The source with the most points is the reference unless one is named.
/// Start values are shares of the data sheet; weak priors hold what the points do not pin. Throws InputError below 20 points.
[[nodiscard]] GemmFit fit_gemm(const Gpu& gpu, const std::vector<GemmPoint>& points, const std::string& reference = "");

/// Fits forward and backward laws of one kernel together (points that time both passes bind them).
[[nodiscard]] AttentionFit fit_attention(const Gpu& gpu, const std::vector<AttentionPoint>& points,
                                         const std::string& reference = "");

enum class SwitchReduction { None, AllGpus };

/// Fits one kind of collective inside a node. With `SwitchReduction::AllGpus`, all-reduces of eight ranks may also run
/// in the switch, whose law is fitted beside.
[[nodiscard]] NodeCollectiveFit fit_node_collective(const Gpu& gpu, const std::vector<CollectivePoint>& points,
                                                    SwitchReduction reduction);

}  // namespace mfusim
