// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/collective.hpp"
#include "hardware/csv.hpp"
#include "hardware/kernel.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mfusim {

/// Where a measurement comes from. `gpu` is the name as written; see find_gpu_by_any_name.
struct PointOrigin {
  int line = 0;
  std::string gpu;
  std::string source;
};

/// Columns gpu, dtype, m, n, k, tflops, source. A source that says `layout=NT` measured weight gradients.
struct GemmPoint {
  PointOrigin origin;
  GemmShape shape;
  Seconds time{};
};

enum class AttentionDirections { Forward, Backward, Both };

/// Columns gpu, impl, direction (fwd, bwd, fwd+bwd), dtype, causal (0, 1), batch, seqlen, heads, kv_heads, head_dim,
/// tflops (4 b h s^2 d forward, halved by a causal mask; backward 2.5 times), source.
struct AttentionPoint {
  PointOrigin origin;
  std::string implementation;
  AttentionDirections directions = AttentionDirections::Forward;
  AttentionShape shape;     ///< Its kernel is that of the implementation; its direction is not used.
  bool modelled = true;     ///< The implementation is one of the kernels that we model.
  bool other_work = false;  ///< The kernel also does something else (as writing a cache): a test, nothing to fit to.
  Seconds time{};
  [[nodiscard]] bool pure() const { return modelled && !other_work; }
};

/// Columns system (its first word names the GPU), collective, ranks, nodes, bytes, busbw_GBps, source.
struct CollectivePoint {
  PointOrigin origin;
  std::string system;
  CollectiveShape shape;
  int nodes = 1;
  Seconds time{};
  /// Inside one node and of 2, 4 or 8 ranks: what laws are fitted to. Odd rings take other paths through a mesh of links,
  /// and training does not form them.
  [[nodiscard]] bool regular() const { return nodes == 1 && (shape.group.ranks & (shape.group.ranks - 1)) == 0; }
};

using PointsFile = std::variant<std::vector<GemmPoint>, std::vector<AttentionPoint>, std::vector<CollectivePoint>>;

/// A row that says less than a prediction needs (mask, number of ranks or size not stated).
struct LeftOut {
  int line = 0;
  std::string reason;
};

/// Reads whichever of the three kinds the header tells. Throws InputError with line and column on missing columns,
/// unknown words and numbers that are none; rows with an empty field or a mark of doubt go to `left_out`.
[[nodiscard]] PointsFile read_points(std::string_view text, const std::string& file, std::vector<LeftOut>& left_out);

/// The measurements that come with the program: "gemm.csv", "attention.csv", "collective.csv".
[[nodiscard]] std::string_view shipped_points(std::string_view file);

/// Divides measurements into a part to fit on and a part to test on, by shape: all rows of one (n, k) or of one
/// (sequence length, head dimension) or of one (collective, ranks, message octave) stand on the same side, so that no
/// near-duplicate of a test row was fitted. About a quarter is test.
[[nodiscard]] bool is_test_row(const GemmPoint& point);
[[nodiscard]] bool is_test_row(const AttentionPoint& point);
[[nodiscard]] bool is_test_row(const CollectivePoint& point);

}  // namespace mfusim
