// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

namespace mfusim {

/// What measurements say beyond a fitted law: log(measured / law) at measured shapes, interpolated between them.
///
/// Shapes have three coordinates; the grid holds every value of each that occurs in a measurement (some combinations may
/// be missing). A look-up weighs the measured neighbours (at most three values of each coordinate) by
/// 1 / (distance^2 + 0.05)^2 in octaves, and the law itself with `law_weight`: far from measurements the law stands.
class ResidualGrid {
 public:
  struct Sample {
    std::array<double, 3> at;  ///< Positive coordinates.
    double log_ratio;          ///< log(measured time / time by the law).
  };
  struct Answer {
    double log_ratio = 0;
    bool exact = false;   ///< This very shape was measured.
    bool inside = false;  ///< All coordinates lie between measured ones, and there is a measurement close by.
  };

  /// Samples of the same shape are averaged.
  explicit ResidualGrid(const std::vector<Sample>& samples);
  /// No allocation, at most 27 neighbours.
  [[nodiscard]] Answer at(const std::array<double, 3>& shape) const;

 private:
  struct Neighbour {
    std::size_t index = 0;
    double distance2 = 0;
  };
  struct Neighbours {
    std::array<Neighbour, 3> found{};
    std::size_t count = 0;
    bool inside = false;
  };
  [[nodiscard]] Neighbours neighbours(std::size_t axis, double octave) const;
  [[nodiscard]] std::size_t cell(std::size_t x, std::size_t y, std::size_t z) const;

  std::array<std::vector<double>, 3> octaves_;  ///< log2 of the measured values, ascending.
  std::vector<float> log_ratio_;                ///< NaN where this combination was not measured.
};

}  // namespace mfusim
