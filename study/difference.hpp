// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/node.hpp"
#include "sim/result.hpp"
#include "sim/scenario.hpp"

#include <string>
#include <vector>

namespace mfusim {

/// What `mfusim run` says of a scenario: the whole result, with what explains it.
[[nodiscard]] Result result_of(const Scenario& scenario);

/// From one run to another: what they ask differently, and where the difference of their times comes from.
struct Difference {
  struct Setting {
    std::string path;
    std::string first, second;  ///< Empty: not given.
  };
  struct Cause {
    std::string name;  ///< A part of the breakdown.
    Seconds first{}, second{};
    [[nodiscard]] Seconds change() const { return second - first; }
  };
  Result first, second;
  std::vector<Setting> settings;  ///< In the order of the first document.
  std::vector<Cause> causes;      ///< Largest change first; their changes sum to the difference of the times.
};

/// Compares two runs by the parts of their breakdowns, and the documents that they were read from.
[[nodiscard]] Difference difference(Result first, const Node& first_document, Result second, const Node& second_document);

}  // namespace mfusim
