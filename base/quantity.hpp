// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace mfusim {

/// A number of `Unit`s. Different units do not mix: Bytes + Flops does not compile.
/// Decimal prefixes throughout: 1 GB = 1e9 bytes.
template <class Unit>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  [[nodiscard]] constexpr double value() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, double factor) { return Quantity(a.value_ * factor); }
  friend constexpr Quantity operator*(double factor, Quantity a) { return a * factor; }
  friend constexpr Quantity operator/(Quantity a, double divisor) { return Quantity(a.value_ / divisor); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  double value_ = 0;
};

struct ByteUnit;
struct FlopUnit;
struct SampleUnit;
template <class Unit>
struct PerSecond;

using Bytes = Quantity<ByteUnit>;
using Flops = Quantity<FlopUnit>;  ///< One multiply-add is two flops.
using Samples = Quantity<SampleUnit>;
using BytesPerSecond = Quantity<PerSecond<ByteUnit>>;
using FlopsPerSecond = Quantity<PerSecond<FlopUnit>>;
using SamplesPerSecond = Quantity<PerSecond<SampleUnit>>;

/// Time inside formulas.
using Seconds = std::chrono::duration<double>;
/// Time on the engine's clock: integer, range 106 days.
using Picoseconds = std::chrono::duration<std::int64_t, std::pico>;

template <class Unit>
[[nodiscard]] constexpr Seconds operator/(Quantity<Unit> work, Quantity<PerSecond<Unit>> rate) {
  return Seconds(work.value() / rate.value());
}
template <class Unit>
[[nodiscard]] constexpr Quantity<Unit> operator*(Quantity<PerSecond<Unit>> rate, Seconds time) {
  return Quantity<Unit>(rate.value() * time.count());
}

/// The only place where time is rounded: nearest picosecond.
/// Throws std::logic_error on a negative or non-finite time, InputError on one that the clock cannot hold.
[[nodiscard]] Picoseconds to_ticks(Seconds time);

[[nodiscard]] constexpr Seconds to_seconds(Picoseconds ticks) {
  return Seconds(ticks);
}

}  // namespace mfusim
