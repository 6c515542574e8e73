// SPDX-License-Identifier: Apache-2.0
#include "sim/rate_cells.hpp"

#include "tests/catch.hpp"

#include <set>

using namespace mfusim;

namespace {

/// GPUs whose transfers share a link; on each a kernel takes the SMs that its transfer leaves.
struct Node {
  SharingModel model;
  std::vector<UsageId> kernels{};
  std::vector<UsageId> transfers{};
};
Node node_of(std::uint32_t gpus, Taking taking) {
  const std::vector<double> capacities(gpus + 1, 1.0);
  Node node{.model = {.resources = capacities.size()}};
  for (ResourceId gpu = 1; gpu <= gpus; ++gpu) {
    node.kernels.push_back(add_usage(node.model, capacities, {.demands = {{gpu, 1}}, .priority = 7}));
    node.transfers.push_back(add_usage(node.model, capacities, {.demands = {{0, 1}, {gpu, 0.1, taking}}, .priority = 3}));
  }
  return node;
}

}  // namespace

TEST_CASE("what few resources join is one cell, of all classes", "[unit]") {
  const Node node = node_of(3, Taking::Held);  // 4 resources
  const RateCells cells = find_cells(node.model);
  REQUIRE(cells.cells.size() == 1);
  const RateCells::Cell& cell = cells.cells[cells.cell_of[1]];
  CHECK(cell.kind == RateCells::Kind::Component);
  CHECK(cell.earlier.empty());
  for (UsageId usage = 1; usage < node.model.usages(); ++usage) {
    CHECK(cells.cell_of[usage] == cells.cell_of[1]);
    CHECK(cells.later[usage].empty());
  }
}

TEST_CASE("transfers on a node's link are one cell, and each GPU's kernels another, which notices its own transfer", "[unit]") {
  const auto taking = GENERATE(Taking::Held, Taking::ByRate);
  const Node node = node_of(8, taking);
  const RateCells cells = find_cells(node.model);
  CHECK(cells.classes == 3);  // of priority 0 is usage 0 alone, which takes nothing
  REQUIRE(cells.cells.size() == 1 + 8);
  for (std::size_t gpu = 0; gpu < 8; ++gpu) {
    CAPTURE(gpu);
    const UsageId transfer = node.transfers[gpu];
    const CellId kernels = cells.cell_of[node.kernels[gpu]];
    CHECK(cells.cell_of[transfer] == cells.cell_of[node.transfers[0]]);
    CHECK(kernels != cells.cell_of[transfer]);
    CHECK(cells.cells[kernels].class_number > cells.cells[cells.cell_of[transfer]].class_number);
    REQUIRE(cells.cells[kernels].earlier.size() == 1);
    REQUIRE(cells.cells[kernels].earlier[0].size() == 1);
    CHECK(cells.cells[kernels].earlier[0][0].usage == transfer);
    CHECK(cells.later[node.kernels[gpu]].empty());
    REQUIRE(cells.later[transfer].size() == 1);
    CHECK(cells.later[transfer][0].cell == kernels);
    CHECK(cells.later[transfer][0].by_rate == (taking == Taking::ByRate));
  }
}

TEST_CASE("in a large component the usages whose first demand is of one resource are a cell", "[unit]") {
  const Node node = node_of(64, Taking::Held);
  const RateCells cells = find_cells(node.model);
  std::set<CellId> of_kernels;
  for (const UsageId kernel : node.kernels) of_kernels.insert(cells.cell_of[kernel]);
  CHECK(of_kernels.size() == 64);  // a GPU each
  for (const UsageId transfer : node.transfers) {
    CHECK(cells.cell_of[transfer] == cells.cell_of[node.transfers[0]]);  // the link
    CHECK(of_kernels.count(cells.cell_of[transfer]) == 0);
    CHECK(cells.later[transfer].empty());
  }
  CHECK(cells.cells[cells.cell_of[node.kernels[0]]].kind == RateCells::Kind::PartOfLarge);
}
