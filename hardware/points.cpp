// SPDX-License-Identifier: Apache-2.0
#include "hardware/points.hpp"

#include "base/nearest.hpp"
#include "hardware/catalog_reader.hpp"
#include "hardware/gpu_reader.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace mfusim {

namespace embedded {
const CatalogFiles& measurements();
}

namespace {

template <class Value>
using Words = std::vector<std::pair<std::string, Value>>;

template <class Value>
Value one_of(const CsvReader& row, std::string_view column, const Words<Value>& words) {
  std::vector<std::string> known;
  for (const auto& [name, value] : words) {
    if (name == row.word(column)) return value;
    known.push_back(name);
  }
  row.fail(column, "expected one of the known words" + suggestion(row.word(column), known));
}

PointOrigin origin_of(const CsvReader& row, const std::string& gpu) {
  return {row.line(), gpu, row.word("source")};
}

std::optional<GemmPoint> read_gemm_point(const CsvReader& row, std::vector<LeftOut>&) {
  GemmPoint point{.origin = origin_of(row, row.word("gpu")),
                  .shape = {.m = row.positive_int("m"),
                            .n = row.positive_int("n"),
                            .k = row.positive_int("k"),
                            .batch = 1,
                            .dtype = one_of(row, "dtype", data_type_names()),
                            .pass = GemmPass::Forward}};
  if (point.origin.source.find("layout=NT") != std::string::npos) point.shape.pass = GemmPass::WeightGradient;
  if (point.origin.source.find("acc-fp32-out") != std::string::npos) point.shape.sum_value = Bytes(4);
  const double flops =
      2.0 * static_cast<double>(point.shape.m) * static_cast<double>(point.shape.n) * static_cast<double>(point.shape.k);
  point.time = Seconds(flops / (row.positive_number("tflops") * 1e12));
  return point;
}

/// Names of implementations that are one of our kernels and nothing else.
const Words<AttentionKernel>& implementations() {
  static const Words<AttentionKernel> names{{"FlashAttention-1", AttentionKernel::Flash1},
                                            {"FlashAttention-2", AttentionKernel::Flash2},
                                            {"FlashAttention-2 (vLLM, +KV write)", AttentionKernel::Flash2},
                                            {"FlashAttention-3", AttentionKernel::Flash3},
                                            {"FlashAttention-3 (ViT encoder)", AttentionKernel::Flash3},
                                            {"SDPA/flash", AttentionKernel::Flash2},
                                            {"PyTorch unfused", AttentionKernel::Unfused},
                                            {"standard unfused", AttentionKernel::Unfused}};
  return names;
}

double flop_factor(AttentionDirections directions) {
  switch (directions) {
    case AttentionDirections::Forward:
      return 1;
    case AttentionDirections::Backward:
      return 2.5;
    case AttentionDirections::Both:
      return 3.5;
  }
  throw std::logic_error("unhandled AttentionDirections");
}

std::optional<AttentionPoint> read_attention_point(const CsvReader& row, std::vector<LeftOut>& left_out) {
  if (row.word("causal").empty() || row.word("direction").ends_with('?')) {
    left_out.push_back({row.line(), "mask or direction not stated"});
    return std::nullopt;
  }
  if (row.word("seqlen").empty() || row.word("batch").empty() || row.word("heads").empty()) {
    left_out.push_back({row.line(), "shape not stated"});
    return std::nullopt;
  }
  AttentionPoint point;
  point.origin = origin_of(row, row.word("gpu"));
  point.implementation = row.word("impl");
  const auto known = std::find_if(implementations().begin(), implementations().end(),
                                  [&](const auto& entry) { return entry.first == point.implementation; });
  point.modelled = known != implementations().end();
  point.other_work = point.implementation.find('+') != std::string::npos;
  point.directions = one_of(
      row, "direction",
      Words<AttentionDirections>{
          {"fwd", AttentionDirections::Forward}, {"bwd", AttentionDirections::Backward}, {"fwd+bwd", AttentionDirections::Both}});
  const std::int64_t length = row.positive_int("seqlen");
  point.shape = {.batch = row.positive_int("batch"),
                 .heads = row.positive_int("heads"),
                 .kv_heads = row.positive_int("kv_heads"),
                 .queries = length,
                 .keys = length,
                 .head_dim = row.positive_int("head_dim"),
                 .window = length,
                 .causal = one_of(row, "causal", Words<bool>{{"0", false}, {"1", true}}),
                 .dropout = false,
                 .dtype = one_of(row, "dtype", data_type_names()),
                 .kernel = point.modelled ? known->second : AttentionKernel::Flash2,
                 .direction = Direction::Forward};
  const double s = static_cast<double>(length);
  const double flops = 4 * static_cast<double>(point.shape.batch * point.shape.heads * point.shape.head_dim) * s * s *
                       (point.shape.causal ? 0.5 : 1.0) * flop_factor(point.directions);
  point.time = Seconds(flops / (row.positive_number("tflops") * 1e12));
  return point;
}

const Words<std::optional<Collective>>& collective_words() {
  static const Words<std::optional<Collective>> words{
      {"allreduce", Collective::AllReduce}, {"allgather", Collective::AllGather}, {"reducescatter", Collective::ReduceScatter},
      {"alltoall", Collective::AllToAll},   {"broadcast", Collective::Broadcast}, {"p2p", Collective::SendReceive},
      {"rdma-write", std::nullopt},         {"alltoall-dispatch", std::nullopt},  {"alltoall-combine", std::nullopt}};
  return words;
}

std::optional<CollectivePoint> read_collective_point(const CsvReader& row, std::vector<LeftOut>& left_out) {
  const std::optional<Collective> kind = one_of(row, "collective", collective_words());
  const auto leave_out = [&](std::string reason) {
    left_out.push_back({row.line(), std::move(reason)});
    return std::nullopt;
  };
  if (!kind) return leave_out("not a collective of a training step");
  if (row.word("ranks").empty() || row.word("bytes").empty()) return leave_out("ranks or size not stated");
  if (row.word("nodes").starts_with('>')) return leave_out("number of nodes not stated");
  const std::string& system = row.word("system");
  CollectivePoint point{.origin = origin_of(row, system.substr(0, system.find(' '))),
                        .system = system,
                        .shape = {},
                        .nodes = static_cast<int>(row.positive_int("nodes"))};
  const int ranks = static_cast<int>(row.positive_int("ranks"));
  point.shape = {.kind = *kind,
                 .message = Bytes(row.positive_number("bytes")),
                 .group = {.ranks = ranks, .ranks_per_node = (ranks + point.nodes - 1) / point.nodes}};
  point.time = Seconds(bytes_sent(point.shape).value() / (row.positive_number("busbw_GBps") * 1e9));
  return point;
}

template <class Point, class ReadPoint>
std::vector<Point> read_all(const CsvTable& table, ReadPoint read, std::vector<LeftOut>& left_out) {
  std::vector<Point> points;
  for (const CsvRow& row : table.rows) {
    if (std::optional<Point> point = read(CsvReader(table, row), left_out)) points.push_back(std::move(*point));
  }
  return points;
}

}  // namespace

PointsFile read_points(std::string_view text, const std::string& file, std::vector<LeftOut>& left_out) {
  const CsvTable table = parse_csv(text, file);
  if (has_column(table, "busbw_GBps")) return read_all<CollectivePoint>(table, read_collective_point, left_out);
  if (has_column(table, "seqlen")) return read_all<AttentionPoint>(table, read_attention_point, left_out);
  if (has_column(table, "tflops") && has_column(table, "m")) return read_all<GemmPoint>(table, read_gemm_point, left_out);
  throw InputError({std::make_shared<const std::string>(file), 1}, "header",
                   "expected the columns of matrix multiplies (gpu,dtype,m,n,k,tflops,source), of attention "
                   "(gpu,impl,direction,dtype,causal,batch,seqlen,heads,kv_heads,head_dim,tflops,source) or of collectives "
                   "(system,collective,ranks,nodes,bytes,busbw_GBps,source)");
}

std::string_view shipped_points(std::string_view file) {
  const auto found = embedded::measurements().find(file);
  if (found == embedded::measurements().end()) throw std::logic_error("no shipped measurements of that name");
  return found->second;
}

namespace {

/// Scatters the numbers over 64 bits (the finaliser of SplitMix64), so that the parts are alike in every dimension.
std::uint64_t scattered(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = (a * 0x9E3779B97F4A7C15ULL) ^ (b * 0xC2B2AE3D27D4EB4FULL);
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ULL;
  x ^= x >> 32;
  return x;
}

bool is_test(std::uint64_t a, std::uint64_t b) {
  return scattered(a, b) % 4 == 0;
}

}  // namespace

bool is_test_row(const GemmPoint& point) {
  return is_test(static_cast<std::uint64_t>(point.shape.n), static_cast<std::uint64_t>(point.shape.k));
}

bool is_test_row(const AttentionPoint& point) {
  return is_test(static_cast<std::uint64_t>(point.shape.keys), static_cast<std::uint64_t>(point.shape.head_dim));
}

bool is_test_row(const CollectivePoint& point) {
  const auto octave = static_cast<std::uint64_t>(std::lround(std::log2(point.shape.message.value())));
  return is_test(static_cast<std::uint64_t>(point.shape.kind) + 1,
                 octave * 64 + static_cast<std::uint64_t>(point.shape.group.ranks));
}

}  // namespace mfusim
