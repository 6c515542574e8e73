// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <stdexcept>

namespace mfusim {

/// Thrown when a count leaves 64 bits; the message names the operation.
class CountOverflow : public std::overflow_error {
 public:
  CountOverflow(std::int64_t a, char operation, std::int64_t b);
};

/// An exact integer count (operations, parameters, elements). Arithmetic never wraps: it throws CountOverflow.
/// Division is exact: a remainder is a broken promise (std::logic_error), so that symbolic and numeric counts agree.
class Count {
 public:
  constexpr Count() = default;
  constexpr Count(std::int64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor): a number is a count
  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  [[nodiscard]] constexpr double as_double() const { return static_cast<double>(value_); }

  friend constexpr Count operator+(Count a, Count b) {
    std::int64_t result = 0;
    if (__builtin_add_overflow(a.value_, b.value_, &result)) throw CountOverflow(a.value_, '+', b.value_);
    return result;
  }
  friend constexpr Count operator-(Count a, Count b) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(a.value_, b.value_, &result)) throw CountOverflow(a.value_, '-', b.value_);
    return result;
  }
  friend constexpr Count operator*(Count a, Count b) {
    std::int64_t result = 0;
    if (__builtin_mul_overflow(a.value_, b.value_, &result)) throw CountOverflow(a.value_, '*', b.value_);
    return result;
  }
  friend constexpr Count operator/(Count a, Count b) {
    if (b.value_ == -1) return Count(0) - a;  // the one quotient that can leave 64 bits
    if (b.value_ == 0 || a.value_ % b.value_ != 0) throw_inexact(a.value_, b.value_);
    return a.value_ / b.value_;
  }
  constexpr Count& operator+=(Count other) { return *this = *this + other; }
  constexpr Count& operator*=(Count other) { return *this = *this * other; }
  friend constexpr auto operator<=>(Count, Count) = default;

 private:
  [[noreturn]] static void throw_inexact(std::int64_t a, std::int64_t b);
  std::int64_t value_ = 0;
};

}  // namespace mfusim
