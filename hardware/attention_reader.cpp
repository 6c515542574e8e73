// SPDX-License-Identifier: Apache-2.0
#include "hardware/catalog_reader.hpp"
#include "hardware/gpu_reader.hpp"

namespace mfusim {

namespace {

constexpr std::array<std::pair<std::string_view, Direction>, 2> directions{
    {{"forward", Direction::Forward}, {"backward", Direction::Backward}}};

/// `dropout_dim: {value: 12, source: ...}`; none: dropout costs nothing.
double read_dropout(Reader& reader) {
  if (!reader.has("dropout_dim")) return 0;
  Reader dropout = sourced(reader, "dropout_dim");
  const double value = dropout.positive_number("value");
  dropout.reject_unknown_keys();
  return value;
}

AttentionModel read_fitted(Reader reader) {
  (void)reader.word("source");
  AttentionModel model;
  model.law = {.ceiling = reader.quantity<FlopsPerSecond>("ceiling"),
               .head_dim_half = reader.number("head_dim_half"),
               .dropout_dim = read_dropout(reader),
               .keys_half = reader.number("keys_half"),
               .wave_softness = reader.fraction("wave_softness"),
               .floor = reader.quantity<Seconds>("floor"),
               .memory_bandwidth = reader.quantity<BytesPerSecond>("memory_bandwidth")};
  Reader share = sourced(reader, "training_share");
  model.training_share = share.fraction("value");
  share.reject_unknown_keys();
  model.provenance = read_provenance(reader);
  model.keys = read_range(reader.child("keys"));
  model.head_dim = read_range(reader.child("head_dim"));
  model.spread = read_spread(reader, model.spread);
  reader.reject_unknown_keys();
  return model;
}

using KernelModels = std::array<std::optional<AttentionModel>, 2>;

/// `{like: flash-2, rate: 0.59, source: ...}`: the law of another kernel at a part of its rate.
KernelModels read_like(Reader reader, const GpuModel& models) {
  (void)reader.word("source");
  const AttentionKernel other = reader.choice<AttentionKernel>("like", attention_kernel_names());
  const double rate = reader.positive_number("rate");
  reader.reject_unknown_keys();
  KernelModels kernels = models.attention[static_cast<std::size_t>(other)];
  for (auto& kernel : kernels) {
    if (!kernel) reader.fail("like", "expected a kernel that has a law");
    kernel->rate *= rate;
    kernel->grid.reset();
  }
  return kernels;
}

KernelModels read_directions(Reader reader) {
  KernelModels models;
  for (const auto& [name, direction] : directions) {
    if (auto law = reader.child_if(name)) models[static_cast<std::size_t>(direction)] = read_fitted(*law);
  }
  reader.allow("reference");  // for the next calibration only
  reader.reject_unknown_keys();
  return models;
}

UnfusedAttentionModel read_unfused(Reader reader) {
  (void)reader.word("source");
  UnfusedAttentionModel model{.forward_bytes_per_score = reader.positive_number("forward_bytes_per_score"),
                              .backward_bytes_per_score = reader.positive_number("backward_bytes_per_score"),
                              .dropout_bytes_per_score = reader.positive_number("dropout_bytes_per_score"),
                              .bandwidth_share = reader.fraction("bandwidth_share"),
                              .provenance = read_provenance(reader)};
  reader.reject_unknown_keys();
  return model;
}

const std::vector<std::pair<std::string, MatrixLibrary>> library_names{{"cublas-11.6", MatrixLibrary::Cublas116},
                                                                       {"cublas-11.7", MatrixLibrary::Cublas117}};

UnalignedRates read_rates(Reader reader) {
  const UnalignedRates rates{.by_four = reader.quantity<FlopsPerSecond>("by_four"),
                             .forward = reader.quantity<FlopsPerSecond>("forward"),
                             .backward = reader.quantity<FlopsPerSecond>("backward")};
  reader.reject_unknown_keys();
  return rates;
}

/// `cublas-11.6: {fp16: {by_four: .., forward: .., backward: ..}, bf16: ..}`: formats not named are as aligned ones.
UnalignedProducts read_unaligned(Reader reader) {
  (void)reader.word("source");
  UnalignedProducts products{.rates = {}, .provenance = read_provenance(reader)};
  for (const auto& [library_name, library] : library_names) {
    Reader formats = reader.child(library_name);
    for (const auto& [type_name, type] : data_type_names()) {
      if (auto rates = formats.child_if(type_name))
        products.rates[static_cast<std::size_t>(library)][static_cast<std::size_t>(type)] = read_rates(*rates);
    }
    formats.reject_unknown_keys();
  }
  reader.reject_unknown_keys();
  return products;
}

}  // namespace

void read_attention(Reader reader, GpuModel& model) {
  if (reader.has("flash")) {  // {value: none, source: ...}: the GPU is too old for these kernels
    Reader flash = sourced(reader, "flash");
    (void)flash.choice<int>("value", {{"none", 0}});
    flash.reject_unknown_keys();
    model.attention = {};
  }
  std::vector<std::pair<AttentionKernel, Reader>> like;
  for (const auto& [name, kernel] : attention_kernel_names()) {
    auto entry = reader.child_if(name);
    if (!entry) continue;
    if (kernel == AttentionKernel::Unfused) {
      model.unfused = read_unfused(*entry);
    } else if (entry->has("like")) {
      like.emplace_back(kernel, *entry);
    } else {
      model.attention[static_cast<std::size_t>(kernel)] = read_directions(*entry);
    }
  }
  if (auto entry = reader.child_if("unaligned")) model.unaligned = read_unaligned(*entry);
  for (const auto& [kernel, entry] : like) model.attention[static_cast<std::size_t>(kernel)] = read_like(entry, model);
  reader.reject_unknown_keys();
}

}  // namespace mfusim
