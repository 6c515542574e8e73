// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "sim/step_graph.hpp"

#include <optional>
#include <string>
#include <vector>

namespace mfusim {

/// Time that a node needs to read and decode the samples of one step: the slower of storage and decoding. The ranks of the first
/// pipeline stage read; where several stages share a node, those of the others do not. Without one shared loader a node, each
/// rank of a tensor group reads the same samples again (MegaScale, arXiv:2402.15627, section 3.4).
[[nodiscard]] Seconds loading_time(const Scenario& scenario);

/// A word of warning where a contrastive step at `samples_per_s` asks more than 12 cores a GPU to decode its images and nothing
/// is said about decoding (`data:`), so that loading never limits it. A core decodes, crops and normalises 243 images a second.
/// Source: webdataset issue 339 (four workers of torchvision on crops of 224 pixels: 3.80 batches of 256 a second; decoding alone
/// runs at 360-730 ImageNet images a core, arXiv:2605.08731). Assumption: 12 cores, as in nodes of 96 with eight GPUs.
[[nodiscard]] std::optional<std::string> decoding_warning(const Scenario& scenario, double samples_per_s);

/// Adds loading and the copy of the samples to the GPU on a rank. Gives what the first forward pass waits for: with
/// asynchronous loading the copy alone (the batch was loaded under the step before; the next one loads beside this
/// step, which cannot end earlier), otherwise loading too.
[[nodiscard]] std::vector<StepTask> add_input(const Scenario& scenario, StepGraph& graph, int rank, Bytes to_gpu);

}  // namespace mfusim
