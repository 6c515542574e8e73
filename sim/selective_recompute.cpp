// SPDX-License-Identifier: Apache-2.0
#include "sim/selective_recompute.hpp"

#include <optional>

namespace mfusim {
namespace {

using Operators = std::vector<Operator<Count>>;

const Linear<Count>* product_of(const Operator<Count>& op) {
  return std::get_if<Linear<Count>>(&op.shape);
}

const Attention<Count>* attention_of(const Operators& operators) {
  for (const Operator<Count>& op : operators) {
    if (const auto* attention = std::get_if<Attention<Count>>(&op.shape)) return attention;
  }
  return nullptr;
}

bool is_gated(const Operator<Count>& op) {
  const auto* activation = std::get_if<Activation<Count>>(&op.shape);
  return activation != nullptr && (activation->kind == ActivationKind::SwiGlu || activation->kind == ActivationKind::GeGlu);
}

/// Outputs of the multiplies that a module makes where one linear stands here.
std::vector<Count> multiplies_of(const Operators& operators, std::size_t at) {
  const Linear<Count>& linear = *product_of(operators[at]);
  if (const Attention<Count>* attention = attention_of(operators)) {
    const Count queries = attention->heads * attention->head_dim;
    const Count keys = attention->kv_heads * attention->head_dim;
    if (linear.outputs.value() == (queries + keys + keys).value()) return {queries, keys, keys};
  }
  const bool gated = at + 1 < operators.size() && is_gated(operators[at + 1]);
  return gated ? std::vector<Count>{linear.outputs / 2, linear.outputs / 2} : std::vector<Count>{linear.outputs};
}

struct Multiply {
  std::size_t at;  ///< Operator of the layer.
  Count outputs;
  bool again;
};

std::vector<Multiply> multiplies(const Operators& operators) {
  std::vector<Multiply> all;
  for (std::size_t at = 0; at < operators.size(); ++at) {
    if (product_of(operators[at]) == nullptr) continue;
    for (const Count outputs : multiplies_of(operators, at)) all.push_back({at, outputs, all.size() % 2 == 1});
  }
  return all;
}

/// The outputs of a linear that run again; none where all were kept.
std::optional<Operator<Count>> repeated_part(const Operators& operators, const std::vector<Multiply>& all, std::size_t at) {
  Count outputs = 0;
  for (const Multiply& one : all) {
    if (one.at == at && one.again) outputs = outputs + one.outputs;
  }
  if (outputs.value() == 0) return std::nullopt;
  Operator<Count> part = operators[at];
  std::get<Linear<Count>>(part.shape).outputs = outputs;
  return part;
}

}  // namespace

std::vector<Operator<Count>> repeated_operators(const Layer<Count>& layer) {
  const Operators& operators = layer.operators;
  const std::vector<Multiply> all = multiplies(operators);
  Operators again;
  if (all.empty()) return again;
  for (std::size_t at = 0; at < all.back().at; ++at) {
    if (std::holds_alternative<Attention<Count>>(operators[at].shape)) continue;
    if (product_of(operators[at]) == nullptr) {
      again.push_back(operators[at]);
    } else if (auto part = repeated_part(operators, all, at)) {
      again.push_back(std::move(*part));
    }
  }
  return again;
}

double kept_values(const Layer<Count>& layer, const TensorGroup& group) {
  double values = 0;
  for (const Multiply& one : multiplies(layer.operators)) {
    const Operator<Count>& op = layer.operators[one.at];
    const bool shared = op.split == TensorSplit::Columns || (op.split == TensorSplit::Rows && group.sequence);
    const double whole = product_of(op)->rows.as_double() * one.outputs.as_double();
    if (!one.again) values += shared ? whole / group.ranks : whole;
  }
  if (const Attention<Count>* attention = attention_of(layer.operators)) {
    const Count output = attention->batch * attention->heads * attention->queries * attention->head_dim;
    values += output.as_double() / group.ranks;
  }
  return values;
}

}  // namespace mfusim
