// SPDX-License-Identifier: Apache-2.0
#include "study/row_codec.hpp"

#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace mfusim {
namespace {

class Encoder {
 public:
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text;
  }
  template <class T>
  void operator()(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  [[nodiscard]] std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}
  void operator()(std::string& text) {
    std::size_t size = 0;
    (*this)(size);
    text = next(size);
  }
  template <class T>
  void operator()(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(&value, next(sizeof value).data(), sizeof value);
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::string_view next(std::size_t size) {
    if (size > bytes_.size()) throw std::logic_error("rows of another process are cut off");
    const std::string_view part = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return part;
  }
  std::string_view bytes_;
};

/// Every field of a row, once for both directions.
template <class Row, class Codec>
void visit_row(Row& row, Codec& codec) {
  codec(row.index);
  codec(row.status);
  codec(row.reason);
  codec(row.iteration_time);
  codec(row.mfu);
  codec(row.peak);
  codec(row.capacity);
  codec(row.gpus);
  codec(row.gpu);
  codec(row.global_batch);
  codec(row.plan.tensor);
  codec(row.plan.pipeline);
  codec(row.plan.virtual_stages);
  codec(row.plan.data);
  codec(row.plan.zero);
  codec(row.plan.context);
  codec(row.plan.shard_group);
  codec(row.plan.context_exchange);
  codec(row.plan.sequence);
  codec(row.plan.schedule);
  codec(row.plan.recompute);
  codec(row.plan.micro_batch);
  codec(row.plan.micro_batches);
}

}  // namespace

std::string encode_rows(const std::vector<RangeRows>& ranges) {
  Encoder encoder;
  for (const RangeRows& range : ranges) {
    encoder(range.range);
    encoder(range.rows.size());
    for (const SweepRow& row : range.rows) visit_row(row, encoder);
  }
  return encoder.take();
}

std::vector<RangeRows> decode_rows(std::string_view bytes) {
  Decoder decoder(bytes);
  std::vector<RangeRows> ranges;
  while (!decoder.empty()) {
    RangeRows& range = ranges.emplace_back();
    std::size_t rows = 0;
    decoder(range.range);
    decoder(rows);
    for (std::size_t i = 0; i < rows; ++i) visit_row(range.rows.emplace_back(), decoder);
  }
  return ranges;
}

}  // namespace mfusim
