// SPDX-License-Identifier: Apache-2.0
#include "hardware/catalog_reader.hpp"
#include "hardware/collective.hpp"
#include "hardware/gpu_reader.hpp"

namespace mfusim {

namespace {

constexpr std::array<std::pair<std::string_view, MemoryOperator>, memory_operators> operators{
    {{"elementwise", MemoryOperator::Elementwise},
     {"activation", MemoryOperator::Activation},
     {"layer_norm", MemoryOperator::LayerNorm},
     {"rms_norm", MemoryOperator::RmsNorm},
     {"softmax", MemoryOperator::Softmax},
     {"embedding", MemoryOperator::Embedding},
     {"optimizer", MemoryOperator::Optimizer},
     {"copy", MemoryOperator::Copy}}};

double share_of(Reader& reader, std::string_view key) {
  Reader share = sourced(reader, key);
  const double value = share.fraction("value");
  if (value <= 0) share.fail("value", "expected a share above 0");
  share.reject_unknown_keys();
  return value;
}

constexpr std::array<std::pair<std::string_view, Collective>, node_collectives> collectives{
    {{"all_reduce", Collective::AllReduce},
     {"all_gather", Collective::AllGather},
     {"reduce_scatter", Collective::ReduceScatter},
     {"all_to_all", Collective::AllToAll},
     {"broadcast", Collective::Broadcast},
     {"send_receive", Collective::SendReceive}}};

NodeCollectiveModel read_collective(Reader reader) {
  (void)reader.word("source");
  NodeCollectiveModel model;
  model.law = {.base = reader.quantity<Seconds>("base"),
               .step = reader.quantity<Seconds>("step"),
               .eager_share = reader.fraction("eager_share"),
               .bulk_base = reader.quantity<Seconds>("bulk_base"),
               .bulk_step = reader.quantity<Seconds>("bulk_step"),
               .bandwidth = reader.quantity<BytesPerSecond>("bandwidth"),
               .copy_bandwidth = reader.quantity<BytesPerSecond>("copy_bandwidth")};
  model.provenance = read_provenance(reader);
  model.message = read_range(reader.child("message"));
  model.spread = read_spread(reader, model.spread);
  reader.reject_unknown_keys();
  return model;
}

}  // namespace

void read_memory(Reader reader, GpuModel& model) {
  Reader fixed = sourced(reader, "fixed");
  model.memory.fixed = fixed.quantity<Seconds>("value");
  fixed.reject_unknown_keys();
  Reader shares = reader.child("share");
  for (const auto& [name, op] : operators) model.memory.share[static_cast<std::size_t>(op)] = share_of(shares, name);
  shares.reject_unknown_keys();
  if (auto eager = reader.child_if("eager_share")) {
    for (const auto& [name, op] : operators) {
      if (eager->has(name)) model.memory.eager_share[static_cast<std::size_t>(op)] = share_of(*eager, name);
    }
    eager->reject_unknown_keys();
  }
  model.memory_provenance = read_provenance(reader);
  reader.reject_unknown_keys();
}

void read_node_collectives(Reader reader, GpuModel& model) {
  for (const auto& [name, kind] : collectives) {
    if (auto entry = reader.child_if(name)) model.node_collective[static_cast<std::size_t>(kind)] = read_collective(*entry);
  }
  if (auto entry = reader.child_if("switch_reduction")) {
    (void)entry->word("source");
    model.switch_reduction = SwitchReductionModel{.ranks = static_cast<int>(entry->positive_int("ranks")),
                                                  .base = entry->quantity<Seconds>("base"),
                                                  .bandwidth = entry->quantity<BytesPerSecond>("bandwidth"),
                                                  .provenance = read_provenance(*entry)};
    entry->reject_unknown_keys();
  }
  reader.reject_unknown_keys();
}

}  // namespace mfusim
