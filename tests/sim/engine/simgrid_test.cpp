// SPDX-License-Identifier: Apache-2.0
// Holds the sharing of links against SimGrid's flow-level model (Casanova, Giersch, Legrand, Quinson, Suter 2014,
// doi:10.1016/j.jpdc.2014.06.008): random transfers over random small networks. Latencies are zero and the factors that
// SimGrid applies for TCP are off, so that what remains is max-min fairness of bandwidth.
#include "base/quantity.hpp"
#include "sim/engine.hpp"
#include "sim/task_graph_builder.hpp"
#include "tests/catch.hpp"

#include <fmt/format.h>
#include <simgrid/s4u.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace mfusim;
namespace s4u = simgrid::s4u;

namespace {

struct Transfer {
  double bytes = 0;
  double cap = 0;                  ///< Bytes/s that the sender can do at most.
  std::vector<std::size_t> links;  ///< Of the route.
};

/// Senders that each wait a while and then make some transfers one after the other.
struct Network {
  std::vector<double> bandwidths;
  std::vector<double> delays;  ///< By sender, in seconds.
  std::vector<std::vector<Transfer>> senders;
};

Network random_network(std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&random](std::size_t bound) { return static_cast<std::uint32_t>(random() % bound); };
  Network network;
  network.bandwidths.resize(1 + below(6));
  for (double& bandwidth : network.bandwidths) bandwidth = 1e9 * (1 + below(8));
  network.senders.resize(2 + below(8));
  for (auto& transfers : network.senders) {
    network.delays.push_back(below(4) == 0 ? 0 : 1e-3 * below(20'000));
    transfers.resize(1 + below(4));
    for (Transfer& transfer : transfers) {
      transfer.bytes = 1e6 * (1 + below(20'000));
      transfer.cap = 1e9 * (1 + below(8));
      for (std::size_t link = 0; link < network.bandwidths.size(); ++link) {
        if (below(2) == 0) transfer.links.push_back(link);
      }
      if (transfer.links.empty()) transfer.links.push_back(below(network.bandwidths.size()));
    }
  }
  return network;
}

/// End of each transfer, sender after sender, in seconds.
std::vector<double> ends_by_mfusim(const Network& network) {
  TaskGraphBuilder builder;
  for (const double bandwidth : network.bandwidths) builder.add_resource(bandwidth);
  std::vector<TaskId> ids;
  for (std::size_t sender = 0; sender < network.senders.size(); ++sender) {
    const StreamId stream = builder.add_stream();
    builder.add({.duration = to_ticks(Seconds(network.delays[sender])), .stream = stream});
    for (const Transfer& transfer : network.senders[sender]) {
      double alone = transfer.cap;
      for (const std::size_t link : transfer.links) alone = std::min(alone, network.bandwidths[link]);
      Usage usage{.full_speed = alone};
      for (const std::size_t link : transfer.links) usage.demands.push_back({static_cast<ResourceId>(link), alone});
      const Picoseconds duration = to_ticks(Bytes(transfer.bytes) / BytesPerSecond(alone));
      ids.push_back(builder.add({.duration = duration, .stream = stream, .usage = builder.add_usage(usage)}));
    }
  }
  const Timeline timeline = simulate(std::move(builder).build());
  std::vector<double> ends;
  for (const TaskId id : ids) ends.push_back(to_seconds(timeline.end[id]).count());
  return ends;
}

/// One SimGrid run for all networks, side by side: SimGrid allows one engine in a process.
class SimGridRun {
 public:
  explicit SimGridRun(const std::vector<Network>& networks) : ends_(networks.size()) {
    int argument_count = 2;
    std::string name = "simgrid_test";
    std::string quiet = "--log=xbt_cfg.thres:warning";
    std::vector<char*> arguments{name.data(), quiet.data(), nullptr};
    s4u::Engine engine(&argument_count, arguments.data());
    for (const char* setting : {"network/model:CM02", "network/crosstraffic:0", "network/latency-factor:1",
                                "network/bandwidth-factor:1", "network/weight-S:0"}) {
      engine.set_config(setting);
    }
    s4u::NetZone* zone = s4u::create_full_zone("all");
    for (std::size_t i = 0; i < networks.size(); ++i) add(*zone, networks[i], fmt::format("n{}", i), ends_[i]);
    zone->seal();
    engine.run();
  }
  [[nodiscard]] const std::vector<double>& ends(std::size_t network) const { return ends_[network]; }

 private:
  static void add(s4u::NetZone& zone, const Network& network, const std::string& name, std::vector<double>& ends) {
    std::vector<s4u::LinkInRoute> links;
    for (std::size_t i = 0; i < network.bandwidths.size(); ++i) {
      links.emplace_back(zone.create_link(fmt::format("{}_link{}", name, i), network.bandwidths[i])->set_latency(0)->seal());
    }
    std::size_t count = 0;
    for (const auto& transfers : network.senders) count += transfers.size();
    ends.resize(count);
    for (std::size_t sender = 0, first = 0; sender < network.senders.size(); first += network.senders[sender++].size()) {
      add_sender(zone, network, sender, fmt::format("{}_{}", name, sender), links, ends.data() + first);
    }
  }

  static void add_sender(s4u::NetZone& zone, const Network& network, std::size_t sender, const std::string& name,
                         const std::vector<s4u::LinkInRoute>& links, double* ends) {
    s4u::Host* from = zone.create_host(name, 1e9)->seal();
    std::vector<s4u::Host*> to;  // a receiver a transfer: each has its own route
    for (const Transfer& transfer : network.senders[sender]) {
      to.push_back(zone.create_host(fmt::format("{}_{}", name, to.size()), 1e9)->seal());
      // The cap is a link of its own.
      std::vector<s4u::LinkInRoute> route{
          s4u::LinkInRoute(zone.create_link(fmt::format("{}_cap{}", name, to.size()), transfer.cap)->seal())};
      for (const std::size_t link : transfer.links) route.push_back(links[link]);
      zone.add_route(from->get_netpoint(), to.back()->get_netpoint(), nullptr, nullptr, route, false);
    }
    const auto send = [from, to, ends, delay = network.delays[sender], transfers = network.senders[sender]] {
      if (delay > 0) s4u::this_actor::sleep_for(delay);
      for (std::size_t i = 0; i < transfers.size(); ++i) {
        s4u::Comm::sendto(from, to[i], static_cast<std::uint64_t>(transfers[i].bytes));
        ends[i] = s4u::Engine::get_clock();
      }
    };
    s4u::Actor::create(name, from, send);
  }

  std::vector<std::vector<double>> ends_;
};

}  // namespace

TEST_CASE("transfers over random networks end when SimGrid says", "[property]") {
  constexpr std::uint32_t count = 200;
  std::vector<Network> networks;
  for (std::uint32_t seed = 1; seed <= count; ++seed) networks.push_back(random_network(seed));
  const SimGridRun simgrid(networks);
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<double> ends = ends_by_mfusim(networks[i]);
    REQUIRE(ends.size() == simgrid.ends(i).size());
    for (std::size_t transfer = 0; transfer < ends.size(); ++transfer) {
      CAPTURE(i, transfer);
      CHECK_THAT(ends[transfer], WithinAbs(simgrid.ends(i)[transfer], 1e-9));  // SimGrid's own precision of time
    }
  }
}
