// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hardware/attention_law.hpp"
#include "hardware/gemm_law.hpp"
#include "hardware/kernel.hpp"
#include "hardware/memory_law.hpp"
#include "hardware/node_collective_law.hpp"
#include "hardware/residual_grid.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace mfusim {

inline constexpr std::size_t data_types = 5;         ///< Enumerators of DataType.
inline constexpr std::size_t attention_kernels = 4;  ///< Enumerators of AttentionKernel.
inline constexpr std::size_t node_collectives = 6;   ///< Enumerators of Collective.
inline constexpr std::size_t matrix_libraries = 2;   ///< Enumerators of MatrixLibrary.

/// A closed interval of work that measurements cover.
struct MeasuredRange {
  double least = 0;
  double most = 0;
  [[nodiscard]] bool contains(double value) const { return value >= least && value <= most; }
};

/// Measured points beside a law; null where there are none.
using GridPointer = std::shared_ptr<const ResidualGrid>;

/// Matrix multiplies in one number format.
struct GemmModel {
  GemmLaw law;
  FlopsPerSecond training_ceiling;  ///< law.ceiling as it is in a long training step: real data, clocks under power.
  double sum_exposed = 0;           ///< Share of a sum's traffic that the product does not hide.
  Provenance provenance = Provenance::Assumed;
  MeasuredRange rows, columns, depth;  ///< Of m, n and k.
  std::string reference;               ///< Source of the measurements that set law.ceiling and fill the grid.
  GridPointer grid;
  double spread = 0.15;  ///< 90th percentile of the error, for ranges.
};

/// Flash attention by one kernel in one direction.
struct AttentionModel {
  AttentionLaw law;
  double training_share = 1;  ///< Rate inside a training step against the kernel benchmark.
  double rate = 1;            ///< Of another kernel than the law was fitted to (Flash1 by the law of Flash2).
  Provenance provenance = Provenance::Assumed;
  MeasuredRange keys, head_dim;
  GridPointer grid;
  double spread = 0.20;
};

/// Attention that writes its scores to memory: two (five backward) batched products and passes over the scores.
struct UnfusedAttentionModel {
  double forward_bytes_per_score = 0;  ///< At two bytes an element; without dropout.
  double backward_bytes_per_score = 0;
  double dropout_bytes_per_score = 0;  ///< More, in either direction.
  double bandwidth_share = 0;
  Provenance provenance = Provenance::Assumed;
};

/// What batched products reach (their useful flops over their time) that read or write rows of scores which do not begin at
/// multiples of 16 bytes, so that tensor cores cannot be fed by the widest loads.
struct UnalignedRates {
  FlopsPerSecond by_four;            ///< Rows of a multiple of four values.
  FlopsPerSecond forward, backward;  ///< Any other length: the two products forward, the four backward.
};

/// In each release of the library and number format; none: as aligned ones.
struct UnalignedProducts {
  std::array<std::array<std::optional<UnalignedRates>, data_types>, matrix_libraries> rates;  ///< [library][type]
  Provenance provenance = Provenance::Assumed;
};

struct NodeCollectiveModel {
  NodeCollectiveLaw law;
  Provenance provenance = Provenance::Assumed;
  MeasuredRange message;
  GridPointer grid;
  double message_scale =
      1;  ///< A message so many times as large keeps the links as long busy where `message` and `grid` were measured.
  double spread = 0.20;
};

/// In-switch reduction (NVLink SHARP): all-reduce over all GPUs of a node.
struct SwitchReductionModel {
  int ranks = 8;
  Seconds base{};
  BytesPerSecond bandwidth;  ///< Bus bandwidth: 2 (n-1)/n of the message over the time.
  Provenance provenance = Provenance::Assumed;
};

/// Everything that a kernel's time on one GPU needs, ready for look-up: no parsing, no allocation.
class GpuModel {
 public:
  std::array<std::optional<GemmModel>, data_types> gemm;
  std::array<std::array<std::optional<AttentionModel>, 2>, attention_kernels> attention;  ///< [kernel][direction]
  UnfusedAttentionModel unfused;
  UnalignedProducts unaligned;
  MemoryLaw memory;
  Provenance memory_provenance = Provenance::Assumed;
  std::array<std::optional<NodeCollectiveModel>, node_collectives> node_collective;
  std::optional<SwitchReductionModel> switch_reduction;
  Seconds eager_launch{};
};

}  // namespace mfusim
