// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "hardware/kernel.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace mfusim {

/// The in-order queues of one rank.
/// Compute2: kernels of the second tower where both run beside one another.
enum class StreamKind : std::uint8_t {
  Compute,
  Tensor,
  Data,
  PipelineForward,
  PipelineBackward,
  Copy,
  Host,
  Loader,
  Context,
  Compute2
};
constexpr int streams_per_rank = 10;
[[nodiscard]] std::string to_string(StreamKind kind);
[[nodiscard]] constexpr bool holds_kernels(StreamKind kind) {
  return kind == StreamKind::Compute || kind == StreamKind::Compute2;
}

/// What a piece of the step is spent on: the classes of the breakdown.
enum class StepClass : std::uint8_t {
  Matmul,
  Attention,
  MemoryBound,
  Recompute,
  Optimizer,
  TensorCommunication,
  PipelineCommunication,
  DataCommunication,
  EmbeddingExchange,
  DataLoading,
  HostLaunch,
  ContextCommunication,
};
[[nodiscard]] std::string to_string(StepClass step_class);

/// Which resources a step shares with what runs beside it on its rank (sim/contention.hpp).
enum class StepUse : std::uint8_t { None, Compute, Memory, NodeTransfer, NetworkTransfer };

/// Which ranks do a step together: one task of the graph, with as many copies as there are such groups (sim/unfold.hpp).
enum class StepScope : std::uint8_t { Rank, TensorGroup, DataGroup, Job };

/// One kind of task of the step: the same for every micro-batch and layer that repeats it.
struct Step {
  std::string name;   ///< "block.qkv forward"
  std::string shape;  ///< "m=2048 n=36864 k=12288 bf16"
  StepClass step_class = StepClass::Matmul;
  StreamKind stream = StreamKind::Compute;
  StepUse use = StepUse::None;
  StepScope scope = StepScope::Rank;
  Picoseconds duration{};  ///< Alone.
  Flops flops;             ///< Done by one rank.
  Bytes bytes;             ///< Moved in memory, or sent by one rank.
  Provenance provenance = Provenance::Assumed;
  bool outside_measured_region = false;
};

/// The kinds of tasks of a step: tasks point into this table by their label. Its first rows may be those of another table.
class StepTable {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Step;
    using difference_type = std::ptrdiff_t;
    using pointer = const Step*;
    using reference = const Step&;

    Iterator(const StepTable& table, std::size_t row) : table_(&table), row_(row) {}
    const Step& operator*() const { return (*table_)[row_]; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++row_;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const StepTable* table_;
    std::size_t row_;
  };

  StepTable() = default;
  explicit StepTable(std::size_t rows) : own_(rows) {}
  StepTable(std::initializer_list<Step> rows) : own_(rows) {}
  /// Begins with the rows that `first` has by now, without copying them: it must outlive this table, may only grow, and have no
  /// such rows itself.
  [[nodiscard]] static StepTable behind(const StepTable& first);

  [[nodiscard]] std::size_t size() const { return shared_rows_ + own_.size(); }
  /// How many of the first rows are another table's.
  [[nodiscard]] std::size_t shared_rows() const { return shared_rows_; }
  [[nodiscard]] const Step& operator[](std::size_t row) const {
    return row < shared_rows_ ? first_->own_[row] : own_[row - shared_rows_];
  }
  /// A row of its own.
  [[nodiscard]] Step& operator[](std::size_t row) { return own_.at(row - shared_rows_); }
  void push_back(Step step) { own_.push_back(std::move(step)); }
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  const StepTable* first_ = nullptr;
  std::size_t shared_rows_ = 0;
  std::vector<Step> own_;
};

/// Where a task of a repeated step stands: packed into Task::instance.
struct StepInstance {
  std::uint32_t micro_batch = 0;
  std::uint32_t chunk = 0;
};
constexpr std::uint32_t chunk_bits = 12;
[[nodiscard]] constexpr std::uint32_t pack(StepInstance instance) {
  return instance.micro_batch << chunk_bits | instance.chunk;
}
[[nodiscard]] constexpr StepInstance unpack(std::uint32_t packed) {
  return {packed >> chunk_bits, packed & ((1U << chunk_bits) - 1)};
}

}  // namespace mfusim
