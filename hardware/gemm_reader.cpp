// SPDX-License-Identifier: Apache-2.0
#include "base/number.hpp"
#include "hardware/catalog_reader.hpp"
#include "hardware/gpu_reader.hpp"

namespace mfusim {

namespace {

void read_tiles(Reader& reader, GemmLaw& law) {
  const Node& tiles = reader.at("tile_efficiency");
  if (tiles.kind != Node::Kind::Sequence || tiles.items.size() != law.tile_efficiency.size()) {
    reader.fail("tile_efficiency", "expected five numbers, for 256x128, 128x128, 256x64, 128x64 and 64x64");
  }
  for (std::size_t i = 0; i < law.tile_efficiency.size(); ++i) {
    const std::optional<double> value = parse_number(tiles.items[i].text);
    if (!value || *value <= 0 || *value > 1) reader.fail("tile_efficiency", "expected numbers above 0 and up to 1");
    law.tile_efficiency[i] = *value;
  }
}

GemmLaw read_law(Reader& reader) {
  GemmLaw law{.ceiling = reader.quantity<FlopsPerSecond>("ceiling"),
              .k_half = reader.number("k_half"),
              .wave_softness = reader.fraction("wave_softness"),
              .tile_efficiency = {},
              .memory_bandwidth = reader.quantity<BytesPerSecond>("memory_bandwidth"),
              .floor = reader.quantity<Seconds>("floor"),
              .sharpness = reader.positive_number("sharpness")};
  read_tiles(reader, law);
  return law;
}

GemmModel read_fitted(Reader reader) {
  (void)reader.word("source");
  GemmModel model;
  model.law = read_law(reader);
  Reader ceiling = sourced(reader, "training_ceiling");
  model.training_ceiling = ceiling.quantity<FlopsPerSecond>("value");
  ceiling.reject_unknown_keys();
  Reader exposed = sourced(reader, "sum_exposed");
  model.sum_exposed = exposed.fraction("value");
  exposed.reject_unknown_keys();
  model.provenance = read_provenance(reader);
  model.rows = read_range(reader.child("rows"));
  model.columns = read_range(reader.child("columns"));
  model.depth = read_range(reader.child("depth"));
  model.reference = reader.word("reference");
  model.spread = read_spread(reader, model.spread);
  reader.reject_unknown_keys();
  return model;
}

/// The law of another format with both ceilings scaled by the peaks (times `rate`, where measurements say so): an
/// assumption, unless the rates are equal.
GemmModel read_like(Reader reader, const Gpu& gpu, DataType type, const GpuModel& models) {
  (void)reader.word("source");
  const DataType other = reader.choice<DataType>("like", data_type_names());
  const double rate = reader.positive_number("rate", 1.0);
  reader.reject_unknown_keys();
  const auto& model = models.gemm[static_cast<std::size_t>(other)];
  if (!model || !gpu.peak.contains(type)) reader.fail("like", "expected formats that have a law and a peak");
  GemmModel scaled = *model;
  const double ratio = rate * (gpu.peak.at(type) / gpu.peak.at(other));
  scaled.law.ceiling = scaled.law.ceiling * ratio;
  scaled.training_ceiling = scaled.training_ceiling * ratio;
  if (ratio < 0.999 || ratio > 1.001) {
    scaled.provenance = Provenance::Assumed;
    scaled.grid.reset();
  }
  return scaled;
}

}  // namespace

void read_gemm(Reader reader, const Gpu& gpu, GpuModel& model) {
  std::vector<std::pair<DataType, Reader>> like;
  for (const auto& [name, type] : data_type_names()) {
    auto entry = reader.child_if(name);
    if (!entry) continue;
    if (entry->has("like")) {
      like.emplace_back(type, *entry);
    } else {
      model.gemm[static_cast<std::size_t>(type)] = read_fitted(*entry);
    }
  }
  for (const auto& [type, entry] : like) model.gemm[static_cast<std::size_t>(type)] = read_like(entry, gpu, type, model);
  reader.reject_unknown_keys();
}

}  // namespace mfusim
