// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/pipeline_schedule.hpp"

namespace mfusim {

/// One function a file of this folder; the table in sim/pipeline_schedule.cpp holds them all.

/// All forward passes, then all backward passes. Source: Huang et al. 2019, arXiv:1811.06965.
[[nodiscard]] ScheduleKind gpipe();
/// PipeDream-Flush: as many forward passes as stages follow, then one of each in turn. Source: Narayanan et al. 2021,
/// arXiv:2006.09503, section 3.
[[nodiscard]] ScheduleKind one_forward_one_backward();
/// 1F1B over several chunks a stage. Source: Narayanan et al. 2021, arXiv:2104.04473, section 2.2.
[[nodiscard]] ScheduleKind interleaved();
/// Split backward in the memory of 1F1B. Source: Qi et al. 2024, arXiv:2401.10241, section 2.1.
[[nodiscard]] ScheduleKind zb_h1();
/// Split backward in about twice the memory, no bubble. Source: as above, section 2.2.
[[nodiscard]] ScheduleKind zb_h2();
/// Split backward over two chunks a stage placed as a V: no bubble in the memory of 1F1B. Source: as above, section 6.
[[nodiscard]] ScheduleKind zb_v();

/// Split backward in the order that a search finds for the passes' own times, in the memory that `parallel.memory_limit` allows.
/// Source: as above, section 3.1.
[[nodiscard]] ScheduleKind zb_auto();

/// The fault of a shape with several chunks a stage under a schedule that has none.
[[nodiscard]] PlanFault one_chunk_a_stage(const std::string& name, const PipelineShape& shape);
/// The fault of a single stage under a schedule that fills bubbles.
[[nodiscard]] PlanFault several_stages(const std::string& name, const PipelineShape& shape);

/// `slots` without those of micro-batches that the step does not have. A schedule may so be written for the number of
/// micro-batches that fills it: what is left keeps its order, and waits for no more than before.
[[nodiscard]] std::vector<Slot> without_missing(std::vector<Slot> slots, const PipelineShape& shape);

/// The handcrafted zero-bubble order of one stage: `warmup` forward passes before the first backward pass, and weight
/// gradients `delay` micro-batches behind the input gradients.
[[nodiscard]] std::vector<Slot> delayed_weight_gradients(const PipelineShape& shape, std::uint32_t warmup, std::uint32_t delay);

/// The longest time of a stage from its first pass to its last, where stages of one chunk play `orders` against each other.
/// Throws std::logic_error where they wait for each other for ever.
[[nodiscard]] Picoseconds longest_span(const std::vector<std::vector<Slot>>& orders, const PipelineCosts& costs);

}  // namespace mfusim
