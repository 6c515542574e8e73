// SPDX-License-Identifier: Apache-2.0
#include "hardware/residual_grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mfusim {

namespace {

constexpr double softening = 0.05;
constexpr double law_weight = 2;      // a neighbour half an octave away weighs 11, one octave away 0.9
constexpr double least_weight = 1;    // of the neighbours, for an answer to count as interpolated
constexpr double same_octave = 1e-9;  // two values of a coordinate are the same

std::size_t position(const std::vector<double>& octaves, double value) {
  return static_cast<std::size_t>(std::lower_bound(octaves.begin(), octaves.end(), value - same_octave) - octaves.begin());
}

}  // namespace

ResidualGrid::ResidualGrid(const std::vector<Sample>& samples) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<double>& octaves = octaves_[axis];
    for (const Sample& sample : samples) octaves.push_back(std::log2(sample.at[axis]));
    std::sort(octaves.begin(), octaves.end());
    const auto last = std::unique(octaves.begin(), octaves.end(), [](double a, double b) { return b - a < same_octave; });
    octaves.erase(last, octaves.end());
  }
  const std::size_t cells = octaves_[0].size() * octaves_[1].size() * octaves_[2].size();
  std::vector<double> sum(cells, 0);
  std::vector<int> count(cells, 0);
  for (const Sample& sample : samples) {
    const std::size_t at = cell(position(octaves_[0], std::log2(sample.at[0])), position(octaves_[1], std::log2(sample.at[1])),
                                position(octaves_[2], std::log2(sample.at[2])));
    sum[at] += sample.log_ratio;
    ++count[at];
  }
  log_ratio_.assign(cells, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t at = 0; at < cells; ++at) {
    if (count[at] > 0) log_ratio_[at] = static_cast<float>(sum[at] / count[at]);
  }
}

std::size_t ResidualGrid::cell(std::size_t x, std::size_t y, std::size_t z) const {
  return (x * octaves_[1].size() + y) * octaves_[2].size() + z;
}

ResidualGrid::Neighbours ResidualGrid::neighbours(std::size_t axis, double octave) const {
  const std::vector<double>& octaves = octaves_[axis];
  const std::size_t next = position(octaves, octave);
  const std::size_t first = next == 0 ? 0 : next - 1;
  const std::size_t last = std::min(octaves.size(), next + 2);
  Neighbours result;
  for (std::size_t i = first; i < last; ++i) {
    const double distance = octaves[i] - octave;
    result.found[result.count++] = {i, distance * distance};
  }
  result.inside = !octaves.empty() && octave >= octaves.front() - same_octave && octave <= octaves.back() + same_octave;
  return result;
}

ResidualGrid::Answer ResidualGrid::at(const std::array<double, 3>& shape) const {
  const Neighbours x = neighbours(0, std::log2(shape[0]));
  const Neighbours y = neighbours(1, std::log2(shape[1]));
  const Neighbours z = neighbours(2, std::log2(shape[2]));
  double weights = 0;
  double sum = 0;
  for (std::size_t i = 0; i < x.count; ++i) {
    for (std::size_t j = 0; j < y.count; ++j) {
      for (std::size_t k = 0; k < z.count; ++k) {
        const double value = log_ratio_[cell(x.found[i].index, y.found[j].index, z.found[k].index)];
        if (std::isnan(value)) continue;
        const double distance2 = x.found[i].distance2 + y.found[j].distance2 + z.found[k].distance2;
        if (distance2 < same_octave) return {.log_ratio = value, .exact = true, .inside = true};
        const double weight = 1 / ((distance2 + softening) * (distance2 + softening));
        weights += weight;
        sum += weight * value;
      }
    }
  }
  const bool inside = x.inside && y.inside && z.inside && weights >= least_weight;
  return {.log_ratio = inside ? sum / (weights + law_weight) : 0, .exact = false, .inside = inside};
}

}  // namespace mfusim
