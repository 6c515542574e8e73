// SPDX-License-Identifier: Apache-2.0
#include "hardware/points.hpp"

#include "base/input_error.hpp"
#include "tests/catch.hpp"

using namespace mfusim;

namespace {

const std::string gemm_header = "gpu,dtype,m,n,k,tflops,source,verified\n";

std::vector<GemmPoint> gemm_rows(const std::string& rows) {
  std::vector<LeftOut> left_out;
  return std::get<std::vector<GemmPoint>>(read_points(gemm_header + rows, "points.csv", left_out));
}

}  // namespace

TEST_CASE("a rate becomes a time: 2 m n k over TFLOP/s", "[points]") {
  const auto points = gemm_rows("A100-SXM4-80GB,bf16,1000,2000,3000,100,somebody,yes\n");
  REQUIRE(points.size() == 1);
  CHECK_THAT(points[0].time.count(), WithinRel(2.0 * 1000 * 2000 * 3000 / 100e12, 1e-12));
  CHECK(points[0].origin.line == 2);
}

TEST_CASE("quoted fields may hold commas and quotes", "[points]") {
  const auto points = gemm_rows("X,bf16,1,1,1,1,\"a, \"\"b\"\"\",yes\r\n");
  CHECK(points.at(0).origin.source == "a, \"b\"");
}

TEST_CASE("attention rates count half of a causal mask and 2.5 for a backward pass", "[points]") {
  std::vector<LeftOut> left_out;
  const std::string header = "gpu,impl,direction,dtype,causal,batch,seqlen,heads,kv_heads,head_dim,tflops,source\n";
  const std::string rows =
      "G,FlashAttention-2,fwd,fp16,1,2,1024,16,16,64,10,s\n"
      "G,FlashAttention-2,fwd+bwd,fp16,0,2,1024,16,16,64,10,s\n"
      "G,FlashAttention-2,fwd+bwd?,fp16,,2,1024,16,16,64,10,s\n";
  const auto points = std::get<std::vector<AttentionPoint>>(read_points(header + rows, "a.csv", left_out));
  REQUIRE(points.size() == 2);
  const double full = 4.0 * 2 * 16 * 1024 * 1024 * 64;
  CHECK_THAT(points[0].time.count(), WithinRel(full / 2 / 10e12, 1e-12));
  CHECK_THAT(points[1].time.count(), WithinRel(3.5 * full / 10e12, 1e-12));
  REQUIRE(left_out.size() == 1);
  CHECK(left_out[0].line == 4);
}

TEST_CASE("bus bandwidth of an all-reduce counts 2 (n-1)/n of the buffer", "[points]") {
  std::vector<LeftOut> left_out;
  const std::string text = "system,collective,ranks,nodes,bytes,busbw_GBps,source\nA100 box,allreduce,8,1,800,1,s\n";
  const auto points = std::get<std::vector<CollectivePoint>>(read_points(text, "c.csv", left_out));
  CHECK_THAT(points.at(0).time.count(), WithinRel(1400 / 1e9, 1e-12));
  CHECK(points.at(0).origin.gpu == "A100");
}

TEST_CASE("bad rows are refused with line and column", "[points]") {
  CHECK_THROWS_WITH(gemm_rows("A,bf16,12x,1,1,1,s,yes\n"),
                    ContainsSubstring("points.csv:2: column 3 (m)") && ContainsSubstring("got '12x'"));
  CHECK_THROWS_WITH(gemm_rows("A,bf16,1,1,1,1,s,yes\nA,bf16,1,1,1,-5,s,yes\n"),
                    ContainsSubstring("points.csv:3: column 6 (tflops)"));
  CHECK_THROWS_WITH(gemm_rows("A,bf17,1,1,1,1,s,yes\n"), ContainsSubstring("did you mean 'bf16'"));
  CHECK_THROWS_WITH(gemm_rows("A,bf16,1,1\n"), ContainsSubstring("expected 8 fields"));
  CHECK_THROWS_WITH(gemm_rows("A,bf16,nan,1,1,1,s,yes\n"), ContainsSubstring("(m)"));
  CHECK_THROWS_WITH(gemm_rows("A,bf16,1,1,1,1,\"s,yes\n"), ContainsSubstring("closing quote"));
}

TEST_CASE("a file that is none of the three kinds is refused", "[points]") {
  std::vector<LeftOut> left_out;
  CHECK_THROWS_AS(read_points("a,b\n1,2\n", "x.csv", left_out), InputError);
  CHECK_THROWS_AS(read_points("", "x.csv", left_out), InputError);
  CHECK_THROWS_WITH(read_points("gpu,dtype,m,n,tflops,source\nA,bf16,1,1,1,s\n", "x.csv", left_out),
                    ContainsSubstring("x.csv:1: k: missing column"));
  CHECK_THROWS_WITH(read_points("m,m,tflops\n", "x.csv", left_out), ContainsSubstring("each column once"));
}

TEST_CASE("the shipped measurements read", "[points]") {
  std::vector<LeftOut> left_out;
  CHECK(std::get<std::vector<GemmPoint>>(read_points(shipped_points("gemm.csv"), "gemm.csv", left_out)).size() == 4404);
  const auto attention = read_points(shipped_points("attention.csv"), "attention.csv", left_out);
  CHECK(std::get<std::vector<AttentionPoint>>(attention).size() + left_out.size() == 1362);
}

TEST_CASE("near-duplicates stand on the same side of the split", "[points]") {
  const auto points = gemm_rows("A,bf16,4096,2048,1024,1,s,yes\nA,bf16,4097,2048,1024,1,t,yes\n");
  CHECK(is_test_row(points[0]) == is_test_row(points[1]));
}
