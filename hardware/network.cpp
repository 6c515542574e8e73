// SPDX-License-Identifier: Apache-2.0
#include "hardware/network.hpp"

#include "hardware/catalog.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace mfusim {

namespace embedded {
const CatalogFiles& network_catalog();
}

namespace {

double rate_share(Reader& reader, std::string_view key, double fallback) {
  const double share = reader.fraction(key, fallback);
  if (share <= 0) reader.fail(key, "expected a share above 0");
  return share;
}

int count_up_to_limit(Reader& reader, std::string_view key, std::int64_t count) {
  constexpr std::int64_t limit = 1'000'000;
  if (count > limit) reader.fail(key, fmt::format("expected at most {}, got {}", limit, count));
  return static_cast<int>(count);
}

}  // namespace

Network read_network(Reader reader) {
  Network network;
  network.name = "inline";
  network.nics_per_node = count_up_to_limit(reader, "nics_per_node", reader.positive_int("nics_per_node"));
  network.nic_bandwidth = reader.quantity<BytesPerSecond>("bandwidth");
  constexpr double fastest = 1e15;  // a thousand times the memory of any GPU: beyond it is a slip of units
  if (network.nic_bandwidth.value() <= 0 || network.nic_bandwidth.value() > fastest)
    reader.fail("bandwidth", "expected a rate above 0 and of at most 8000000 Gb/s");
  network.latency = reader.quantity<Seconds>("latency", "14 us");
  network.efficiency = rate_share(reader, "efficiency", 0.79);
  network.benchmark_efficiency = rate_share(reader, "benchmark_efficiency", 0.95);
  network.send_receive_efficiency = rate_share(reader, "send_receive_efficiency", 0.60);
  network.oversubscription = reader.positive_number("oversubscription", 1.0);
  if (network.oversubscription < 1) reader.fail("oversubscription", "expected a number of at least 1");
  network.nodes_per_leaf = count_up_to_limit(reader, "nodes_per_leaf", reader.non_negative_int("nodes_per_leaf", 0));
  network.protocols = reader.choice<Protocols>("protocols", {{"all", Protocols::All}, {"bulk-only", Protocols::BulkOnly}}, "all");
  network.algorithms = reader.choice<Algorithms>("algorithms", {{"all", Algorithms::All}, {"ring", Algorithms::Ring}}, "all");
  network.provenance = reader.has("provenance") ? reader.choice<Provenance>("provenance", {{"fitted", Provenance::Fitted},
                                                                                           {"data-sheet", Provenance::DataSheet},
                                                                                           {"assumed", Provenance::Assumed}})
                                                : Provenance::Assumed;
  reader.allow("sources");
  reader.allow("also_called");
  reader.reject_unknown_keys();
  return network;
}

Network load_network(std::string_view name) {
  const Node entry = catalog_entry(embedded::network_catalog(), name, "network");
  Network network = read_network(Reader(entry, "", nullptr));
  network.name = std::string(name);
  return network;
}

std::vector<std::string> network_names() {
  return catalog_names(embedded::network_catalog());
}

std::vector<std::string> names_of_network(std::string_view name) {
  const Node entry = catalog_entry(embedded::network_catalog(), name, "network");
  std::vector<std::string> names;
  const Node* others = entry.find("also_called");
  if (others == nullptr) return names;
  for (const Node& other : others->items) names.push_back(other.text);
  return names;
}

std::vector<Figure> network_figures(std::string_view name) {
  return figures_of(catalog_entry(embedded::network_catalog(), name, "network"));
}

}  // namespace mfusim
