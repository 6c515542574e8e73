// SPDX-License-Identifier: Apache-2.0
#include "hardware/gpu_reader.hpp"

#include "hardware/catalog_reader.hpp"

namespace mfusim {

const std::vector<std::pair<std::string, DataType>>& data_type_names() {
  static const std::vector<std::pair<std::string, DataType>> names{{"fp32", DataType::Fp32},
                                                                   {"tf32", DataType::Tf32},
                                                                   {"fp16", DataType::Fp16},
                                                                   {"bf16", DataType::Bf16},
                                                                   {"fp8", DataType::Fp8}};
  return names;
}

const std::vector<std::pair<std::string, AttentionKernel>>& attention_kernel_names() {
  static const std::vector<std::pair<std::string, AttentionKernel>> names{{"unfused", AttentionKernel::Unfused},
                                                                          {"flash-1", AttentionKernel::Flash1},
                                                                          {"flash-2", AttentionKernel::Flash2},
                                                                          {"flash-3", AttentionKernel::Flash3}};
  return names;
}

MeasuredRange read_range(Reader reader) {
  const MeasuredRange range{.least = reader.positive_number("least"), .most = reader.positive_number("most")};
  if (range.most < range.least) reader.fail("most", "expected at least the value of 'least'");
  reader.reject_unknown_keys();
  return range;
}

Provenance read_provenance(Reader& reader) {
  return reader.choice<Provenance>(
      "provenance", {{"fitted", Provenance::Fitted}, {"data-sheet", Provenance::DataSheet}, {"assumed", Provenance::Assumed}});
}

double read_spread(Reader& reader, double usual) {
  auto residuals = reader.child_if("residuals");
  if (!residuals) return usual;
  (void)residuals->positive_int("points");
  (void)residuals->fraction("median");
  const double spread = residuals->fraction("p90");
  residuals->reject_unknown_keys();
  return spread;
}

namespace {

template <class Q>
Q figure(Reader& reader, std::string_view key) {
  Reader entry = sourced(reader, key);
  const Q value = entry.quantity<Q>("value");
  entry.reject_unknown_keys();
  return value;
}

int count_of(Reader& reader, std::string_view key) {
  Reader entry = sourced(reader, key);
  const std::int64_t value = entry.positive_int("value");
  entry.reject_unknown_keys();
  return static_cast<int>(value);
}

}  // namespace

Gpu read_data_sheet(Reader reader) {
  Gpu gpu;
  for (const auto& [name, type] : data_type_names()) {
    if (reader.has(name)) gpu.peak[type] = figure<FlopsPerSecond>(reader, name);
  }
  gpu.memory_capacity = figure<Bytes>(reader, "memory_capacity");
  gpu.memory_bandwidth = figure<BytesPerSecond>(reader, "memory_bandwidth");
  gpu.nvlink_per_direction = figure<BytesPerSecond>(reader, "nvlink_per_direction");
  gpu.pcie_per_direction = figure<BytesPerSecond>(reader, "pcie_per_direction");
  gpu.streaming_multiprocessors = count_of(reader, "streaming_multiprocessors");
  if (reader.has("linked_gpus")) gpu.linked_gpus = count_of(reader, "linked_gpus");
  reader.reject_unknown_keys();
  return gpu;
}

GpuModel read_gpu_model(Reader& reader, const Gpu& gpu, GpuModel base) {
  GpuModel model = std::move(base);
  if (auto gemm = reader.child_if("gemm")) read_gemm(*gemm, gpu, model);
  if (auto attention = reader.child_if("attention")) read_attention(*attention, model);
  if (auto memory = reader.child_if("memory")) read_memory(*memory, model);
  if (auto collectives = reader.child_if("node_collectives")) read_node_collectives(*collectives, model);
  if (reader.has("eager_launch")) model.eager_launch = figure<Seconds>(reader, "eager_launch");
  return model;
}

}  // namespace mfusim
