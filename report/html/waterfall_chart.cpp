// SPDX-License-Identifier: Apache-2.0
#include "report/html/waterfall_chart.hpp"

#include <utility>

namespace mfusim::html {

BarChart empty_waterfall(std::string key, std::string title, std::string source) {
  return {.key = std::move(key),
          .title = std::move(title),
          .caption = "Read from top to bottom: each bar starts where the one above it ended.",
          .axis = {.title = "time", .unit = "s"},
          .categories = {},
          .series = {{.name = "time", .colour = "step", .bars = {}}},
          .mark = {},
          .meanings = {},
          .numbers = NumbersPlace::InTable,
          .source = std::move(source)};
}

}  // namespace mfusim::html
