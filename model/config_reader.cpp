// SPDX-License-Identifier: Apache-2.0
#include "model/config_reader.hpp"

#include <fmt/format.h>

#include <cmath>

namespace mfusim {
namespace {

Count checked(Reader& reader, std::string_view key, std::int64_t value) {
  if (value > largest_size) reader.fail(key, fmt::format("expected at most {}, got {}", largest_size, value));
  return value;
}

}  // namespace

Count size_of(Reader& reader, std::string_view key) {
  return checked(reader, key, reader.positive_int(key));
}

Count size_or(Reader& reader, std::string_view key, std::int64_t fallback) {
  if (reader.has(key)) return size_of(reader, key);
  reader.note_default(key, fmt::format("{}", fallback));
  return fallback;
}

std::optional<Count> size_if(Reader& reader, std::string_view key) {
  return reader.has(key) ? std::optional(size_of(reader, key)) : std::nullopt;
}

bool flag_or(Reader& reader, std::string_view key, bool fallback) {
  if (reader.has(key)) return reader.boolean(key);
  reader.note_default(key, fallback ? "true" : "false");
  return fallback;
}

std::string word_or(Reader& reader, std::string_view key, std::string_view fallback) {
  if (reader.has(key)) return reader.word(key);
  reader.note_default(key, fallback);
  return std::string(fallback);
}

bool drops(Reader& reader, std::string_view key, double fallback) {
  if (reader.has(key)) return reader.fraction(key) > 0;
  reader.note_default(key, fmt::format("{}", fallback));
  return fallback > 0;
}

Count mlp_size_of(Reader& reader, std::string_view key, Count width, double fallback) {
  double ratio = fallback;
  if (reader.has(key)) {
    ratio = reader.positive_number(key);
  } else {
    reader.note_default(key, fmt::format("{}", fallback));
  }
  const double size = std::trunc(width.as_double() * ratio);
  if (size < 1 || size > static_cast<double>(largest_size)) {
    reader.fail(key, fmt::format("the MLP would be {} wide: expected 1 to {}", size, largest_size));
  }
  return static_cast<std::int64_t>(size);
}

void check_divides(Reader& reader, std::string_view divisor_key, Count divisor, std::string_view key, Count value) {
  if (value.value() % divisor.value() != 0) {
    reader.fail(divisor_key, fmt::format("{} does not divide {} ({})", divisor.value(), reader.path_of(key), value.value()));
  }
}

ActivationKind activation_or(Reader& reader, std::string_view key, std::string_view fallback) {
  static const std::vector<std::pair<std::string, ActivationKind>> names{
      {"gelu", ActivationKind::Gelu},        {"gelu_new", ActivationKind::Gelu},
      {"gelu_fast", ActivationKind::Gelu},   {"gelu_pytorch_tanh", ActivationKind::Gelu},
      {"gelu_python", ActivationKind::Gelu}, {"quick_gelu", ActivationKind::QuickGelu},
      {"relu", ActivationKind::Relu},        {"relu2", ActivationKind::SquaredRelu},
      {"silu", ActivationKind::Silu},        {"swish", ActivationKind::Silu},
      {"tanh", ActivationKind::Tanh}};
  if (reader.has(key)) return reader.choice(key, names);
  return reader.choice(key, names, fallback);
}

void refuse_if_set(Reader& reader, std::string_view key, std::string_view what) {
  const Node* value = reader.find(key);
  if (value == nullptr) return;
  if (value->kind == Node::Kind::Scalar && (value->text == "false" || value->text == "0")) return;
  reader.fail(key, fmt::format("{} is not modelled, got {}", what, describe(*value)));
}

BlockSpec<Count> multi_head_block(Count layers, Count hidden_size, Count heads, Count mlp_size) {
  return {.layers = layers,
          .hidden_size = hidden_size,
          .heads = heads,
          .kv_heads = heads,
          .head_dim = hidden_size / heads,
          .mlp_size = mlp_size,
          .window = std::nullopt,
          .position_size = 0,
          .style = {}};
}

}  // namespace mfusim
