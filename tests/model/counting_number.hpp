// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "model/operation_counts.hpp"

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace mfusim::test {

/// A floating-point number that counts what is done to it: an independent oracle of the counting rules. Programs of the
/// operators, written out scalar by scalar, are run over it.
class Counted {
 public:
  struct Tally {
    std::int64_t mul = 0, add = 0;
  };

  Counted(Tally& tally, double value) : tally_(&tally), value_(value) {}
  friend Counted operator*(Counted a, Counted b) { return a.mul(a.value_ * b.value_); }
  friend Counted operator/(Counted a, Counted b) { return a.mul(a.value_ / b.value_); }
  friend Counted operator+(Counted a, Counted b) { return a.add(a.value_ + b.value_); }
  friend Counted operator-(Counted a, Counted b) { return a.add(a.value_ - b.value_); }
  friend Counted exp(Counted a) { return a.mul(std::exp(a.value_)); }
  friend Counted log(Counted a) { return a.mul(std::log(a.value_)); }
  friend Counted sqrt(Counted a) { return a.mul(std::sqrt(a.value_)); }

 private:
  [[nodiscard]] Counted mul(double value) const {
    ++tally_->mul;
    return {*tally_, value};
  }
  [[nodiscard]] Counted add(double value) const {
    ++tally_->add;
    return {*tally_, value};
  }

  Tally* tally_;
  double value_;
};

using Vector = std::vector<Counted>;
using Matrix = std::vector<Vector>;

inline Counted sum(const Vector& values) {
  Counted total = values.front();
  for (std::size_t i = 1; i < values.size(); ++i) total = total + values[i];
  return total;
}

inline Counted dot(const Vector& a, const Vector& b) {
  Vector products;
  for (std::size_t i = 0; i < a.size(); ++i) products.push_back(a[i] * b[i]);
  return sum(products);
}

inline Vector column(const Matrix& matrix, std::size_t at) {
  Vector values;
  for (const Vector& row : matrix) values.push_back(row[at]);
  return values;
}

/// a [n, k] times b [k, m].
inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix result;
  for (const Vector& row : a) {
    Vector values;
    for (std::size_t j = 0; j < b.front().size(); ++j) values.push_back(dot(row, column(b, j)));
    result.push_back(values);
  }
  return result;
}

inline Matrix transposed(const Matrix& matrix) {
  Matrix result;
  for (std::size_t j = 0; j < matrix.front().size(); ++j) result.push_back(column(matrix, j));
  return result;
}

inline Matrix filled(Counted::Tally& tally, std::size_t rows, std::size_t columns) {
  Matrix matrix;
  for (std::size_t i = 0; i < rows; ++i) {
    Vector row;
    for (std::size_t j = 0; j < columns; ++j)
      row.emplace_back(tally, 0.5 + static_cast<double>(i) - 0.25 * static_cast<double>(j));
    matrix.push_back(row);
  }
  return matrix;
}

inline bool operator==(const OperationCounts<Count>& counts, const Counted::Tally& tally) {
  return counts.mul == Count(tally.mul) && counts.add == Count(tally.add);
}

}  // namespace mfusim::test
