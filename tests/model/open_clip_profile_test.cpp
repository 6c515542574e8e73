// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace mfusim {
namespace {

struct ProfileRow {
  std::string model;
  std::vector<std::string> figures;  // image size, width, parameters: all, image, text; GFLOPs: all, image, text
};

std::vector<ProfileRow> profile() {
  std::istringstream lines(read_file("tests/data/openclip_profile.csv"));
  std::string line;
  std::getline(lines, line);
  std::vector<ProfileRow> rows;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    ProfileRow row;
    std::getline(cells, row.model, ',');
    for (std::string cell; std::getline(cells, cell, ',');) row.figures.push_back(cell);
    rows.push_back(row);
  }
  return rows;
}

/// As the file prints numbers: two decimals, without trailing zeros but one.
std::string printed(Count count, double unit) {
  std::string text = fmt::format("{:.2f}", count.as_double() / unit);
  if (text.back() == '0') text.pop_back();
  return text;
}

const FlopsPart& tower(const FlopsReport& report, const std::string& name) {
  return *std::find_if(report.towers.begin(), report.towers.end(), [&](const FlopsPart& part) { return part.name == name; });
}

/// Convolutional towers and window attention: refused by name (model_errors_test.cpp).
bool is_modelled(const std::string& model) {
  return !model.starts_with("RN") && !model.starts_with("convnext") && !model.starts_with("swin");
}

}  // namespace

TEST_CASE("published: open_clip's profile, every vision transformer: parameters and operations of both towers", "[published]") {
  std::size_t compared = 0;
  for (const ProfileRow& row : profile()) {
    if (!is_modelled(row.model)) continue;
    CAPTURE(row.model);
    const ModelSpec model = load_model(row.model);
    const FlopsReport report = count_flops(model, InputShape{}, Convention::Matmul);
    const FlopsPart& vision = tower(report, "vision");
    const FlopsPart& text = tower(report, "text");
    CHECK(fmt::format("{}", model.vision->image_size.value()) == row.figures.at(0));
    CHECK(printed(report.parameters, 1e6) == row.figures.at(2));
    CHECK(printed(vision.parameters, 1e6) == row.figures.at(3));
    CHECK(printed(text.parameters, 1e6) == row.figures.at(4));
    CHECK(printed(report.forward.total(), 1e9) == row.figures.at(5));
    CHECK(printed(vision.forward.total(), 1e9) == row.figures.at(6));
    CHECK(printed(text.forward.total(), 1e9) == row.figures.at(7));
    ++compared;
  }
  CHECK(compared == 51);  // 64 rows less 6 ResNets, 6 ConvNeXts and a Swin
}

}  // namespace mfusim
