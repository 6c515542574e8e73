// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "hardware/gpu.hpp"
#include "hardware/gpu_model.hpp"
#include "hardware/points.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// Names that measurements give to a GPU: the catalog's `also_called` and the catalog name itself.
using GpuNames = std::vector<std::string>;
[[nodiscard]] bool is_called(const GpuNames& names, const std::string& name);

/// The rows of one GPU in the measurements that come with the program.
[[nodiscard]] std::vector<GemmPoint> shipped_gemm(const GpuNames& names);
[[nodiscard]] std::vector<AttentionPoint> shipped_attention(const GpuNames& names);
[[nodiscard]] std::vector<CollectivePoint> shipped_collectives(const GpuNames& names);

/// Measured points held against a law. Null where there are fewer than eight.
[[nodiscard]] GridPointer gemm_grid(const std::vector<GemmPoint>& points, const GemmModel& model, int multiprocessors);
[[nodiscard]] GridPointer attention_grid(const std::vector<AttentionPoint>& points, AttentionKernel kernel, Direction direction,
                                         const AttentionModel& model, int multiprocessors);
[[nodiscard]] GridPointer collective_grid(const std::vector<CollectivePoint>& points, Collective kind, const GpuModel& model);

/// The source with the most collectives inside one node: the one that laws and grids of a GPU stand on.
[[nodiscard]] std::string largest_node_source(const std::vector<CollectivePoint>& points);

/// Coordinates of a shape in its grid. Other numbers of ranks are other rings: an octave of ranks counts as two. Masks that
/// differ stand twenty octaves apart: nothing is interpolated between them.
[[nodiscard]] std::array<double, 3> grid_coordinates(const GemmShape& shape);
[[nodiscard]] std::array<double, 3> grid_coordinates(const AttentionShape& shape);
[[nodiscard]] std::array<double, 3> grid_coordinates(const CollectiveShape& shape);

/// `law` corrected by the measured points near the shape. `exact`: what a hit on a measured shape is worth. A law that another
/// GPU lent stays an assumption.
[[nodiscard]] PredictedTime corrected_by(const GridPointer& grid, const PredictedTime& law, const std::array<double, 3>& shape,
                                         Provenance exact);

/// Time of a collective inside a node by the fitted laws alone (in-switch reduction included). The kind must have a law.
[[nodiscard]] Seconds node_law_time(const GpuModel& model, const CollectiveShape& shape);

}  // namespace mfusim
