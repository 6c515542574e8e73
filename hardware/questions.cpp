// SPDX-License-Identifier: Apache-2.0
#include "hardware/questions.hpp"

#include "base/input_error.hpp"
#include "base/nearest.hpp"
#include "base/number.hpp"
#include "base/units.hpp"
#include "hardware/attention_law.hpp"
#include "hardware/gpu_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace mfusim {

namespace {

std::vector<std::string> fields_of(std::string_view question) {
  std::vector<std::string> fields(1);
  for (const char c : question) {
    if (c == ',') {
      fields.emplace_back();
    } else if (c != ' ' || !fields.back().empty()) {
      fields.back() += c;
    }
  }
  return fields;
}

std::int64_t size_field(const std::vector<std::string>& fields, std::size_t at, std::string_view name) {
  if (at >= fields.size()) throw InputError(fmt::format("expected {} as number {} of the list", name, at + 1));
  const std::optional<std::int64_t> value = parse_integer(fields[at]);
  if (!value || *value < 1) throw InputError(fmt::format("{}: expected a positive integer, got '{}'", name, shown(fields[at])));
  return *value;
}

DataType usual_type(const Gpu& gpu) {
  return supports(gpu, DataType::Bf16) ? DataType::Bf16 : DataType::Fp16;
}

template <class Value>
std::optional<Value> word_in(const std::vector<std::pair<std::string, Value>>& words, const std::string& word) {
  for (const auto& [name, value] : words) {
    if (name == word) return value;
  }
  return std::nullopt;
}

[[noreturn]] void refuse_word(const std::string& word, const std::vector<std::string>& known) {
  throw InputError(fmt::format("unknown word '{}'{}", shown(word), suggestion(word, known)));
}

Gpu at_kernel_ceiling(Gpu gpu) {
  gpu.ceiling = Ceiling::Kernel;
  return gpu;
}

void set_range(HardwareAnswer& answer, double spread) {
  answer.low = answer.time.time / (1 + spread);
  answer.high = answer.time.time * (1 + spread);
}

}  // namespace

HardwareAnswer ask_gemm(const Gpu& gpu, std::string_view question) {
  const std::vector<std::string> fields = fields_of(question);
  GemmShape shape{.m = size_field(fields, 0, "M"),
                  .n = size_field(fields, 1, "N"),
                  .k = size_field(fields, 2, "K"),
                  .batch = 1,
                  .dtype = usual_type(gpu),
                  .pass = GemmPass::Forward};
  if (fields.size() > 4) throw InputError("expected M,N,K[,dtype], got more: '" + shown(question) + "'");
  if (fields.size() == 4) {
    const std::optional<DataType> type = word_in(data_type_names(), fields[3]);
    if (!type) refuse_word(fields[3], {"fp32", "tf32", "fp16", "bf16", "fp8"});
    shape.dtype = *type;
  }
  HardwareAnswer answer{
      .question = fmt::format("gemm {} x {} x {} {}, forward", shape.m, shape.n, shape.k, to_string(shape.dtype)),
      .time = gemm_time(gpu, shape)};
  set_range(answer, gpu.model->gemm[static_cast<std::size_t>(shape.dtype)]->spread);
  answer.benchmark = gemm_time(at_kernel_ceiling(gpu), shape).time;
  const double flops = 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
  answer.rate = FlopsPerSecond(flops / answer.time.time.count());
  return answer;
}

namespace {

AttentionShape read_attention_question(const Gpu& gpu, const std::vector<std::string>& fields) {
  const std::int64_t length = size_field(fields, 1, "LENGTH");
  const std::int64_t heads = size_field(fields, 2, "HEADS");
  const bool has_flash = gpu.model->attention[static_cast<std::size_t>(AttentionKernel::Flash2)][0].has_value();
  AttentionShape shape{.batch = size_field(fields, 0, "BATCH"),
                       .heads = heads,
                       .kv_heads = heads,
                       .queries = length,
                       .keys = length,
                       .head_dim = size_field(fields, 3, "HEAD_DIM"),
                       .window = length,
                       .causal = false,
                       .dropout = false,
                       .dtype = usual_type(gpu),
                       .kernel = has_flash ? AttentionKernel::Flash2 : AttentionKernel::Unfused,
                       .direction = Direction::Forward};
  for (std::size_t i = 4; i < fields.size(); ++i) {
    if (fields[i] == "causal") {
      shape.causal = true;
    } else if (fields[i] == "backward") {
      shape.direction = Direction::Backward;
    } else if (const auto kernel = word_in(attention_kernel_names(), fields[i])) {
      shape.kernel = *kernel;
    } else if (const auto type = word_in(data_type_names(), fields[i])) {
      shape.dtype = *type;
    } else {
      refuse_word(fields[i], {"causal", "backward", "flash-1", "flash-2", "flash-3", "unfused", "fp16", "bf16"});
    }
  }
  return shape;
}

}  // namespace

HardwareAnswer ask_attention(const Gpu& gpu, std::string_view question) {
  const AttentionShape shape = read_attention_question(gpu, fields_of(question));
  HardwareAnswer answer{
      .question = fmt::format("attention {} batch {} length {} heads {} head size {}{}, {}", to_string(shape.kernel), shape.batch,
                              shape.keys, shape.heads, shape.head_dim, shape.causal ? " causal" : "", to_string(shape.direction)),
      .time = attention_time(gpu, shape)};
  const auto& law = gpu.model->attention[static_cast<std::size_t>(shape.kernel)][static_cast<std::size_t>(shape.direction)];
  constexpr double unfused_spread = 0.25;  // of the counted passes against the few measured curves
  set_range(answer, law ? law->spread : unfused_spread);
  answer.benchmark = attention_time(at_kernel_ceiling(gpu), shape).time;
  const double passes = shape.direction == Direction::Forward ? 1 : 2.5;
  const double flops = 4 * passes * static_cast<double>(shape.batch * shape.heads * shape.head_dim) *
                       static_cast<double>(shape.queries) * visible_keys(shape);
  answer.rate = FlopsPerSecond(flops / answer.time.time.count());
  return answer;
}

namespace {

const std::vector<std::pair<std::string, Collective>>& collective_names() {
  static const std::vector<std::pair<std::string, Collective>> names{
      {"all-reduce", Collective::AllReduce}, {"all-gather", Collective::AllGather}, {"reduce-scatter", Collective::ReduceScatter},
      {"all-to-all", Collective::AllToAll},  {"broadcast", Collective::Broadcast},  {"send-receive", Collective::SendReceive}};
  return names;
}

Bytes bytes_field(const std::string& field) {
  if (const auto plain = parse_number(field); plain && *plain > 0) return Bytes(*plain);
  const std::optional<Bytes> bytes = parse_quantity<Bytes>(field);
  if (!bytes || bytes->value() <= 0)
    throw InputError("BYTES: expected a size as '64 MiB' or a number of bytes, got '" + shown(field) + "'");
  return *bytes;
}

CollectiveShape read_collective_question(const std::vector<std::string>& fields) {
  if (fields.size() < 3 || fields.size() > 4) throw InputError("expected KIND,BYTES,RANKS[,NODES]");
  const std::optional<Collective> kind = word_in(collective_names(), fields[0]);
  if (!kind) {
    std::vector<std::string> known;
    for (const auto& [name, value] : collective_names()) known.push_back(name);
    refuse_word(fields[0], known);
  }
  const std::int64_t ranks = size_field(fields, 2, "RANKS");
  const std::int64_t nodes = fields.size() == 4 ? size_field(fields, 3, "NODES") : (ranks + 7) / 8;
  if (ranks % nodes != 0) throw InputError(fmt::format("NODES: {} does not divide RANKS ({})", nodes, ranks));
  if (ranks / nodes > 64 || ranks > 1'000'000) throw InputError("RANKS: expected at most 64 a node and a million in all");
  if (*kind == Collective::SendReceive && ranks != 2) throw InputError("RANKS: a send-receive has two");
  return {.kind = *kind,
          .message = bytes_field(fields[1]),
          .group = {.ranks = static_cast<int>(ranks), .ranks_per_node = static_cast<int>(ranks / nodes)}};
}

}  // namespace

HardwareAnswer ask_collective(const Gpu& gpu, const Network& network, std::string_view question) {
  const CollectiveShape shape = read_collective_question(fields_of(question));
  Cluster cluster{
      .gpu = gpu, .gpus = shape.group.ranks, .gpus_per_node = std::max(8, shape.group.ranks_per_node), .network = network};
  HardwareAnswer answer{.question = fmt::format("{} of {:.0f} B by {} ranks, {} a node", to_string(shape.kind),
                                                shape.message.value(), shape.group.ranks, shape.group.ranks_per_node),
                        .time = collective_time(cluster, shape)};
  const auto& law = gpu.model->node_collective[static_cast<std::size_t>(shape.kind)];
  const bool inside = shape.group.ranks <= shape.group.ranks_per_node;
  constexpr double network_spread = 0.30;  // of achieved shares between published clusters
  set_range(answer, inside && law ? law->spread : network_spread);
  cluster.network.efficiency = network.benchmark_efficiency;
  answer.benchmark = collective_time(cluster, shape).time;
  answer.bus_rate = BytesPerSecond(bytes_sent(shape).value() / answer.time.time.count());
  return answer;
}

}  // namespace mfusim
