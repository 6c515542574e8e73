// SPDX-License-Identifier: Apache-2.0
#include "hardware/validate_points.hpp"

#include "base/input_error.hpp"
#include "hardware/questions.hpp"
#include "tests/catch.hpp"

using namespace mfusim;

namespace {

const std::string header = "gpu,dtype,m,n,k,tflops,source\n";

}  // namespace

TEST_CASE("errors are those of the times", "[validate]") {
  Gpu gpu = load_gpu("a100-sxm4-80gb");
  gpu.ceiling = Ceiling::Kernel;
  const double predicted = gemm_time(gpu, {.m = 5000, .n = 3000, .k = 2000}).time.count();
  const double rate = 2.0 * 5000 * 3000 * 2000 / predicted / 1e12;
  // a measurement that took 1 / 0.8 of the predicted time: predicted / measured - 1 = -20 %
  const PointsReport report =
      validate_points(header + "A100-SXM4-80GB,bf16,5000,3000,2000," + std::to_string(0.8 * rate) + ",mine\n", "x.csv");
  REQUIRE(report.rows.size() == 1);
  CHECK_THAT(report.rows[0].error_percent, WithinAbs(-20, 0.01));
  CHECK_THAT(report.by_gpu.at(0).median, WithinAbs(20, 0.01));
  CHECK_THAT(report.by_gpu.at(0).bias, WithinAbs(-20, 0.01));
  CHECK_THAT(report.by_gpu.at(0).own_scale_median, WithinAbs(0, 1e-6));
}

TEST_CASE("rows of unknown GPUs and formats are listed with the reason, a file of nothing else is refused", "[validate]") {
  const std::string good = "A100-SXM4-80GB,bf16,5000,3000,2000,200,mine\n";
  const PointsReport report =
      validate_points(header + good + "A100-SXM4-80G,bf16,1,1,1,1,s\nV100-SXM2,bf16,1,1,1,1,s\n", "x.csv");
  CHECK(report.rows.size() == 1);
  REQUIRE(report.left_out.size() == 2);
  CHECK_THAT(report.left_out[0].reason, ContainsSubstring("did you mean 'a100-sxm4-80gb'"));
  CHECK_THAT(report.left_out[1].reason, ContainsSubstring("no figures for bf16"));
  CHECK_THROWS_WITH(validate_points(header + "Z9,bf16,1,1,1,1,s\n", "x.csv"), ContainsSubstring("no row can be predicted"));
  CHECK_THROWS_AS(validate_points(header, "x.csv"), InputError);
}

TEST_CASE("a measurement that is looked up is no test of the model", "[validate]") {
  const PointsReport report = validate_points(shipped_points("gemm.csv"), "gemm.csv");
  for (const PointsSummary& summary : report.by_gpu) {
    if (summary.gpu == "h100-sxm5-80gb") CHECK(summary.known_rows == 1334);  // rows of the reference source
  }
  for (const PointRow& row : report.rows) {
    if (row.known) CHECK(row.provenance == Provenance::Measured);
  }
}

TEST_CASE("published: fabrics between nodes, large messages", "[validate][published]") {
  const PointsReport report = validate_points(shipped_points("collective.csv"), "collective.csv");
  int checked = 0;
  for (const PointRow& row : report.rows) {
    const bool between_nodes = row.what.find("on 1 nodes") == std::string::npos;
    const bool large = row.predicted > Seconds(5e-3);
    if (!between_nodes || !large) continue;
    CAPTURE(row.what, row.gpu, row.error_percent);
    CHECK(std::abs(row.error_percent) < 15);
    ++checked;
  }
  CHECK(checked >= 8);
}

TEST_CASE("one question, one answer", "[questions]") {
  const Gpu gpu = load_gpu("h100-sxm5-80gb");
  const HardwareAnswer gemm = ask_gemm(gpu, "8192, 3072, 1024, bf16");
  CHECK(gemm.time.time == gemm_time(gpu, {.m = 8192, .n = 3072, .k = 1024}).time);
  CHECK(gemm.low < gemm.time.time);
  CHECK(gemm.time.time < gemm.high);
  CHECK(gemm.benchmark < gemm.time.time);
  const HardwareAnswer attention = ask_attention(gpu, "16,577,16,64,flash-3,backward");
  CHECK(attention.rate > FlopsPerSecond(0));
  const HardwareAnswer collective = ask_collective(gpu, load_network("ib-8x400g"), "all-reduce,1 GB,64,8");
  CHECK(collective.bus_rate > BytesPerSecond(100e9));
  CHECK(collective.bus_rate < BytesPerSecond(400e9));
}

TEST_CASE("questions that cannot be answered say why", "[questions]") {
  const Gpu gpu = load_gpu("a100-sxm4-80gb");
  const Network network = load_network("roce-8x200g");
  CHECK_THROWS_WITH(ask_gemm(gpu, "1,2"), ContainsSubstring("K"));
  CHECK_THROWS_WITH(ask_gemm(gpu, "1,0,3"), ContainsSubstring("N: expected a positive integer"));
  CHECK_THROWS_WITH(ask_gemm(gpu, "1,2,3,bf61"), ContainsSubstring("unknown word 'bf61'"));
  CHECK_THROWS_WITH(ask_gemm(gpu, "1,2,3,fp8"), ContainsSubstring("no figures for fp8"));
  CHECK_THROWS_WITH(ask_attention(gpu, "1,128,8,64,flash-3"), ContainsSubstring("flash-3"));
  CHECK_THROWS_WITH(ask_attention(gpu, "1,128,8,64,casual"), ContainsSubstring("did you mean 'causal'"));
  CHECK_THROWS_WITH(ask_collective(gpu, network, "allreduce,1 GB,8"), ContainsSubstring("did you mean 'all-reduce'"));
  CHECK_THROWS_WITH(ask_collective(gpu, network, "all-reduce,1 GX,8"), ContainsSubstring("BYTES"));
  CHECK_THROWS_WITH(ask_collective(gpu, network, "all-reduce,1 GB,10,4"), ContainsSubstring("does not divide"));
}
