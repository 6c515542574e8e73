// SPDX-License-Identifier: Apache-2.0
#include "hardware/catalog.hpp"
#include "hardware/collective.hpp"
#include "hardware/gpu.hpp"
#include "hardware/gpu_reader.hpp"
#include "hardware/measured_grids.hpp"

namespace mfusim {

namespace embedded {
const CatalogFiles& gpu_catalog();
}

std::vector<std::string> gpu_names() {
  return catalog_names(embedded::gpu_catalog());
}

Gpu load_gpu(std::string_view name) {
  const Node entry = catalog_entry(embedded::gpu_catalog(), name, "GPU");
  return read_gpu(std::string(name), Reader(entry, "", nullptr));
}

namespace {

GpuNames read_names(const std::string& name, Reader& reader) {
  GpuNames names{name};
  const Node* others = reader.find("also_called");
  if (others == nullptr) return names;
  for (const Node& other : others->items) names.push_back(other.text);
  return names;
}

void add_gemm_grids(const GpuNames& names, const Gpu& gpu, GpuModel& model) {
  const std::vector<GemmPoint> points = shipped_gemm(names);
  for (auto& gemm : model.gemm) {
    if (gemm && gemm->provenance == Provenance::Fitted) gemm->grid = gemm_grid(points, *gemm, gpu.streaming_multiprocessors);
  }
}

void add_attention_grids(const GpuNames& names, const Gpu& gpu, GpuModel& model) {
  const std::vector<AttentionPoint> points = shipped_attention(names);
  for (std::size_t kernel = 0; kernel < attention_kernels; ++kernel) {
    for (std::size_t direction = 0; direction < 2; ++direction) {
      auto& law = model.attention[kernel][direction];
      if (!law || law->provenance != Provenance::Fitted || law->rate < 1) continue;
      law->grid = attention_grid(points, static_cast<AttentionKernel>(kernel), static_cast<Direction>(direction), *law,
                                 gpu.streaming_multiprocessors);
    }
  }
}

void add_collective_grids(const GpuNames& names, GpuModel& model) {
  const std::vector<CollectivePoint> points = shipped_collectives(names);
  for (std::size_t kind = 0; kind < node_collectives; ++kind) {
    auto& law = model.node_collective[kind];
    if (law && law->provenance == Provenance::Fitted) law->grid = collective_grid(points, static_cast<Collective>(kind), model);
  }
}

/// Builds the grids of the laws that this very entry fitted to the shipped measurements; laws taken from another GPU
/// come with theirs.
void add_grids(const Node& entry, const GpuNames& names, const Gpu& gpu, GpuModel& model) {
  if (entry.find("gemm") != nullptr) add_gemm_grids(names, gpu, model);
  if (entry.find("attention") != nullptr) add_attention_grids(names, gpu, model);
  if (entry.find("node_collectives") != nullptr) add_collective_grids(names, model);
}

/// `kernels_of: {value: NAME, source: ..., compute_share: 0.8}`: the laws of another GPU by the data sheets. A board whose power
/// limit keeps it below that GPU's clocks runs its compute kernels at a share of the data sheets' ratio.
GpuModel read_kernels_of(const std::string& name, Reader other, const Gpu& gpu) {
  (void)other.word("source");
  const std::string other_name = other.word("value");
  if (other_name == name) other.fail("value", "expected another GPU than the entry itself");
  Gpu sheet = gpu;
  if (other.has("compute_share")) {
    const double share = other.positive_number("compute_share");
    if (share > 1) other.fail("compute_share", "expected at most 1: a limit takes nothing but clocks away");
    for (auto& [type, peak] : sheet.peak) peak = peak * share;
  }
  other.reject_unknown_keys();
  return transfer_model(load_gpu(other_name), sheet);
}

}  // namespace

Gpu read_gpu(const std::string& name, Reader reader) {
  const GpuNames names = read_names(name, reader);
  Gpu gpu = read_data_sheet(reader.child("data_sheet"));
  gpu.name = name;
  GpuModel base;
  if (auto other = reader.child_if("kernels_of")) base = read_kernels_of(name, *other, gpu);
  GpuModel model = read_gpu_model(reader, gpu, std::move(base));
  reader.reject_unknown_keys();
  add_grids(reader.node(), names, gpu, model);
  gpu.model = std::make_shared<const GpuModel>(std::move(model));
  return gpu;
}

GpuNames names_of_gpu(std::string_view name) {
  const Node entry = catalog_entry(embedded::gpu_catalog(), name, "GPU");
  Reader reader(entry, "", nullptr);
  return read_names(std::string(name), reader);
}

Node gpu_entry(std::string_view name) {
  return catalog_entry(embedded::gpu_catalog(), name, "GPU");
}

std::vector<Figure> gpu_figures(std::string_view name) {
  return figures_of(catalog_entry(embedded::gpu_catalog(), name, "GPU"));
}

}  // namespace mfusim
