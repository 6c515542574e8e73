// SPDX-License-Identifier: Apache-2.0
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "model/symbolic.hpp"
#include "tests/catch.hpp"
#include "tests/model/polynomial.hpp"

#include <map>
#include <random>
#include <string>

namespace mfusim {
namespace {

using test::evaluate;
using test::parse_polynomial;

/// Images and texts 128 each, texts of 64 tokens: the input of the background study.
InputShape background_input() {
  InputShape input;
  input.batch = 128;
  input.text_length = Count(64);
  return input;
}

/// As the background prints it, for CLIP-vit-large-patch14-336.
constexpr const char* published_formula =
    "590848*id**2*il + 295424*id*il*im + 171789056*id*il + 88082560*id + 369280*il*im + 1362790912*il + 65536*td**2*tl + "
    "32768*td*tl*tm + 2244608*td*tl + 270336*td + 40960*tl*tm + 12517376*tl + 32244224";

}  // namespace

TEST_CASE("published: forward operations of the background's three models", "[published]") {
  struct Row {
    const char* model;
    std::int64_t total;       // every addition and multiplication; the table rounds to 50, 48 and 295 T
    std::int64_t parameters;  // 427.94 M, 986.11 M and 4704.59 M in open_clip's profile of the same models
  };
  const auto [model, total, parameters] = GENERATE(Row{"openai/clip-vit-large-patch14-336", 50'402'779'132'416, 427'944'193},
                                                   Row{"laion/CLIP-ViT-H-14-laion2B-s32B-b79K", 47'895'855'448'576, 986'109'441},
                                                   Row{"EVA02-CLIP-bigE-14", 295'085'273'678'080, 4'704'589'569});
  CAPTURE(model);
  const FlopsReport report = count_flops(load_model(model), background_input());
  CHECK(report.forward.total().value() == total);
  CHECK(report.parameters.value() == parameters);
}

TEST_CASE("published: the symbolic formula of CLIP-vit-large-patch14-336 is the background's polynomial", "[published]") {
  const std::string formula = symbolic_formula(load_model("openai/clip-vit-large-patch14-336"), background_input());
  CHECK(parse_polynomial(formula) == parse_polynomial(published_formula));
}

TEST_CASE("the published formula gives the counted total of any CLIP with those heads, patches and texts", "[property]") {
  ModelSpec model = load_model("openai/clip-vit-large-patch14-336");
  const auto polynomial = parse_polynomial(published_formula);
  std::mt19937 random(20240606);
  const auto draw = [&](std::int64_t multiple) {
    return Count(multiple * std::uniform_int_distribution<std::int64_t>(1, 60)(random));
  };
  for (int i = 0; i < 100; ++i) {
    const std::map<std::string, Count> values{{"id", draw(16)}, {"im", draw(1)}, {"il", draw(1)},
                                              {"td", draw(12)}, {"tm", draw(1)}, {"tl", draw(1)}};
    const auto set = [&](BlockSpec<Count>& block, const std::string& tower) {
      block.hidden_size = values.at(tower + "d");
      block.head_dim = block.hidden_size / block.heads;
      block.mlp_size = values.at(tower + "m");
      block.layers = values.at(tower + "l");
    };
    set(model.vision->block, "i");
    set(model.text->block, "t");
    CAPTURE(i, values.at("id").value(), values.at("td").value());
    CHECK(count_flops(model, background_input()).forward.total() == evaluate(polynomial, values));
  }
}

TEST_CASE("at one image size the larger model needs more: H-14 at 336 pixels against L-14-336", "[published]") {
  InputShape input = background_input();
  input.image_size = Count(336);
  const FlopsReport huge = count_flops(load_model("laion/CLIP-ViT-H-14-laion2B-s32B-b79K"), input);
  const FlopsReport large = count_flops(load_model("openai/clip-vit-large-patch14-336"), input);
  CHECK(huge.forward.total() > large.forward.total());
}

}  // namespace mfusim
