// SPDX-License-Identifier: Apache-2.0
#include "model/count_operations.hpp"

#include "model/parameters.hpp"
#include "tests/catch.hpp"
#include "tests/model/counting_number.hpp"

namespace mfusim {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the oracle's vocabulary
using Tally = Counted::Tally;

Vector softmax(const Vector& scores) {
  Vector exponentials;
  for (const Counted& score : scores) exponentials.push_back(exp(score));
  const Counted total = sum(exponentials);
  Vector result;
  for (const Counted& value : exponentials) result.push_back(value / total);
  return result;
}

/// Mean and variance over the row; x - mean is formed a second time for the result, as separate kernels do.
Vector layer_norm(const Vector& x, const Vector& gain, const Vector& shift, Tally& tally) {
  const Counted width(tally, static_cast<double>(x.size()));
  const Counted mean = sum(x) / width;
  Vector squares;
  for (const Counted& value : x) {
    const Counted difference = value - mean;
    squares.push_back(difference * difference);
  }
  const Counted deviation = sqrt(sum(squares) / width + Counted(tally, 1e-5));
  Vector y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back((x[i] - mean) / deviation * gain[i] + shift[i]);
  return y;
}

Vector rms_norm(const Vector& x, const Vector& gain, Tally& tally) {
  const Counted root = sqrt(dot(x, x) / Counted(tally, static_cast<double>(x.size())) + Counted(tally, 1e-6));
  Vector y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(x[i] / root * gain[i]);
  return y;
}

}  // namespace

TEST_CASE("a linear costs what its scalar program does, forward and backward", "[property]") {
  const std::size_t rows = GENERATE(1U, 3U), inputs = GENERATE(2U, 5U), outputs = GENERATE(1U, 4U);
  CAPTURE(rows, inputs, outputs);
  const Linear<Count> linear{.rows = static_cast<std::int64_t>(rows),
                             .inputs = static_cast<std::int64_t>(inputs),
                             .outputs = static_cast<std::int64_t>(outputs),
                             .bias = true,
                             .unbiased_outputs = 0,
                             .input_gradient = true};
  Tally forward;
  Matrix y = product(filled(forward, rows, inputs), filled(forward, inputs, outputs));
  for (Vector& row : y) {
    for (Counted& value : row) value = value + Counted(forward, 1);
  }
  CHECK(forward_counts(linear) == forward);
  Tally input_gradient;
  static_cast<void>(product(filled(input_gradient, rows, outputs), filled(input_gradient, outputs, inputs)));
  CHECK(backward_counts(linear).input == input_gradient);
  Tally weight_gradient;
  const Matrix gradient = filled(weight_gradient, rows, outputs);
  static_cast<void>(product(filled(weight_gradient, inputs, rows), gradient));
  for (std::size_t j = 0; j < outputs; ++j) static_cast<void>(sum(column(gradient, j)));
  CHECK(backward_counts(linear).weight == weight_gradient);
}

TEST_CASE("an attention costs what its scalar program does, forward and backward", "[property]") {
  const std::size_t tokens = GENERATE(1U, 4U), width = GENERATE(1U, 3U);
  CAPTURE(tokens, width);
  const auto n = static_cast<std::int64_t>(tokens);
  const Attention<Count> attention{
      .batch = 1, .heads = 1, .kv_heads = 1, .queries = n, .keys = n, .head_dim = static_cast<std::int64_t>(width), .window = n};
  Tally forward;
  const Counted scale(forward, 0.5);
  Matrix queries = filled(forward, tokens, width);
  const Matrix keys = filled(forward, tokens, width), values = filled(forward, tokens, width);
  for (Vector& row : queries) {
    for (Counted& value : row) value = value * scale;
  }
  Matrix probabilities;
  for (const Vector& row : product(queries, transposed(keys))) probabilities.push_back(softmax(row));
  static_cast<void>(product(probabilities, values));
  CHECK(forward_counts(attention) == forward);

  Tally backward;
  const Matrix p = filled(backward, tokens, tokens), k = filled(backward, tokens, width),
               gradient = filled(backward, tokens, width);
  static_cast<void>(product(transposed(p), gradient));  // dV
  Matrix dp = product(gradient, transposed(k));         // dP (k stands for V: the same shape)
  for (std::size_t i = 0; i < tokens; ++i) {
    Vector weighted;
    for (std::size_t j = 0; j < tokens; ++j) weighted.push_back(dp[i][j] * p[i][j]);
    const Counted mean = sum(weighted);
    for (std::size_t j = 0; j < tokens; ++j) dp[i][j] = (dp[i][j] - mean) * p[i][j];
  }
  for (const Vector& row : product(dp, k)) {  // dQ, scaled
    for (const Counted& value : row) static_cast<void>(value * Counted(backward, 0.5));
  }
  static_cast<void>(product(transposed(dp), k));  // dK (k stands for Q)
  CHECK(backward_counts(attention).total() == backward);
}

TEST_CASE("grouped queries change only how key and value gradients are summed", "[property]") {
  // h/k heads share a key: dK and dV of a key sum over h/k x queries instead of queries, for each of k heads
  Attention<Count> attention{.batch = 2, .heads = 8, .kv_heads = 8, .queries = 6, .keys = 6, .head_dim = 4, .window = 6};
  const BackwardCounts<Count> full = backward_counts(attention);
  attention.kv_heads = 2;
  const BackwardCounts<Count> grouped = backward_counts(attention);
  CHECK(grouped.input.mul == full.input.mul);
  CHECK(grouped.input.add - full.input.add == Count(2 * 2 * (8 - 2) * 6 * 4));  // results that need no separate sum
  CHECK(forward_counts(attention).total() == 2 * (8 * 6 * (6 * (2 * 4 - 1) + (3 * 6 - 1) + 4 * (2 * 6 - 1) + 4)));
}

TEST_CASE("norms cost what their scalar programs do", "[property]") {
  const std::size_t width = GENERATE(1U, 2U, 7U);
  CAPTURE(width);
  Norm<Count> norm{.rows = 1, .width = static_cast<std::int64_t>(width), .kind = NormKind::LayerNorm};
  Tally layer;
  const Matrix x = filled(layer, 3, width);
  static_cast<void>(layer_norm(x[0], x[1], x[2], layer));
  CHECK(forward_counts(norm) == layer);
  norm.kind = NormKind::RmsNorm;
  Tally rms;
  const Matrix r = filled(rms, 2, width);
  static_cast<void>(rms_norm(r[0], r[1], rms));
  CHECK(forward_counts(norm) == rms);
}

TEST_CASE("a layer norm without shift adds and sums one value of each less", "[property]") {
  const Count rows = 5, width = 7;
  const Norm<Count> shifted{.rows = rows, .width = width, .kind = NormKind::LayerNorm};
  Norm<Count> plain = shifted;
  plain.shift = false;
  CHECK(forward_counts(shifted).add - forward_counts(plain).add == rows * width);
  CHECK(forward_counts(shifted).mul == forward_counts(plain).mul);
  CHECK(backward_counts(shifted).total().add - backward_counts(plain).total().add == (rows - Count(1)) * width);
  CHECK(parameters(shifted) - parameters(plain) == width);
}

TEST_CASE("the gradient of a layer norm costs what its scalar program does", "[property]") {
  const std::size_t width = GENERATE(1U, 5U), rows = GENERATE(1U, 3U);
  CAPTURE(width, rows);
  Tally tally;
  const Matrix x = filled(tally, rows, width), dy = filled(tally, rows, width);
  const Vector gain = filled(tally, 1, width).front();
  const Counted mean(tally, 0.1), inverse(tally, 2), count(tally, static_cast<double>(width));
  for (std::size_t i = 0; i < rows; ++i) {
    Vector u, g;
    for (std::size_t j = 0; j < width; ++j) {
      u.push_back((x[i][j] - mean) * inverse);
      g.push_back(gain[j] * dy[i][j]);
    }
    const Counted mean_g = sum(g) / count;
    const Counted mean_gu = dot(g, u) / count;
    for (std::size_t j = 0; j < width; ++j) static_cast<void>((g[j] - mean_g - u[j] * mean_gu) * inverse);
  }
  const Norm<Count> norm{.rows = static_cast<std::int64_t>(rows), .width = static_cast<std::int64_t>(width)};
  CHECK(backward_counts(norm).input == tally);
}

TEST_CASE("normalising embeddings and cross entropy cost what their scalar programs do", "[property]") {
  const std::size_t size = GENERATE(1U, 4U);
  CAPTURE(size);
  const auto n = static_cast<std::int64_t>(size);
  Tally normalise;
  const Vector x = filled(normalise, 1, size).front();
  const Counted length = sqrt(dot(x, x));
  for (const Counted& value : x) static_cast<void>(value / length);
  CHECK(forward_counts(L2Normalize<Count>{.rows = 1, .width = n}) == normalise);

  Tally loss;
  const Matrix scores = filled(loss, size, size);
  for (const Matrix& direction : {scores, transposed(scores)}) {
    for (const Vector& row : direction) static_cast<void>(log(softmax(row).front()));
  }
  CHECK(forward_counts(Loss<Count>{.rows = n, .classes = n, .kind = LossKind::ContrastiveCrossEntropy}) == loss);
}

TEST_CASE("nonlinearities cost what their scalar programs do", "[unit]") {
  const auto quick_gelu = [](Tally& tally) {
    const Counted x(tally, 0.7);
    static_cast<void>(x / (Counted(tally, 1) + exp(x * Counted(tally, -1.702))));
  };
  Tally tally;
  quick_gelu(tally);
  // the reference multiplies by the sigmoid 1 / (1 + e^-1.702x): one multiplication more than dividing by it
  ++tally.mul;
  CHECK(forward_counts(Activation<Count>{.elements = 1, .kind = ActivationKind::QuickGelu}) == tally);
  CHECK(forward_counts(Activation<Count>{.elements = 10, .kind = ActivationKind::Relu}).total() == Count(0));
}

TEST_CASE("what is not trained has no weight gradient, what is data no input gradient", "[unit]") {
  Operator<Count> op;
  op.shape = Linear<Count>{.rows = 4, .inputs = 3, .outputs = 2, .bias = true, .unbiased_outputs = 0, .input_gradient = false};
  CHECK(backward_operations(op).input.total() == Count(0));
  CHECK(backward_operations(op).weight.total() > Count(0));
  op.trainable = false;
  CHECK(backward_operations(op).total().total() == Count(0));
}

}  // namespace mfusim
