// SPDX-License-Identifier: Apache-2.0
#include "model/symbolic.hpp"

#include "base/input_error.hpp"
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"
#include "tests/model/polynomial.hpp"

#include <map>
#include <random>
#include <string>

namespace mfusim {
namespace {

using test::evaluate;
using test::parse_polynomial;

/// Gives a tower's blocks the sizes that the variables of one letter have.
void set(BlockSpec<Count>& block, const std::map<std::string, Count>& values, const std::string& tower) {
  block.hidden_size = values.at(tower + "d");
  block.head_dim = block.hidden_size / block.heads;
  block.mlp_size = values.at(tower + "m");
  block.layers = values.at(tower + "l");
}

ModelSpec with(ModelSpec model, const std::map<std::string, Count>& values) {
  if (model.vision) set(model.vision->block, values, "i");
  if (model.vision && model.vision->pool) {  // the pooled width follows the tower's
    model.vision->pool->width = model.vision->pool->context_size = model.vision->block.hidden_size;
  }
  if (model.text) set(model.text->block, values, "t");
  if (model.decoder) set(model.decoder->block, values, "");
  return model;
}

}  // namespace

TEST_CASE("the formula of a model and its counts agree at random hyper-parameters", "[property]") {
  const std::string name = GENERATE("openai/clip-vit-large-patch14-336", "EVA02-CLIP-bigE-14", "EVA02-L-14-336",
                                    "ViT-L-16-SigLIP-256", "xlm-roberta-base-ViT-B-32", "openai-community/gpt2",
                                    "EleutherAI/gpt-neox-20b", "meta-llama/Meta-Llama-3-8B", "bigscience/bloom-560m");
  const FormulaOf what = GENERATE(FormulaOf::Forward, FormulaOf::Backward, FormulaOf::Parameters);
  CAPTURE(name, static_cast<int>(what));
  const ModelSpec model = load_model(name);
  InputShape input;
  input.batch = 3;
  input.text_length = Count(20);
  const auto polynomial = parse_polynomial(symbolic_formula(model, input, {}, what));
  std::mt19937 random(7);
  const auto draw = [&](std::int64_t multiple) {
    return Count(multiple * std::uniform_int_distribution<std::int64_t>(1, 30)(random));
  };
  for (int i = 0; i < 5; ++i) {
    std::map<std::string, Count> values;
    const auto draw_tower = [&](const BlockSpec<Count>& block, const std::string& tower) {
      values[tower + "d"] = draw(block.heads.value());
      values[tower + "m"] = draw(1);
      values[tower + "l"] = draw(1);
    };
    if (model.vision) draw_tower(model.vision->block, "i");
    if (model.text) draw_tower(model.text->block, "t");
    if (model.decoder) draw_tower(model.decoder->block, "");
    CAPTURE(i, values.begin()->second.value());
    const FlopsReport report = count_flops(with(model, values), input);
    const Count expected = what == FormulaOf::Forward    ? report.forward.total()
                           : what == FormulaOf::Backward ? report.backward.total()
                                                         : report.parameters;
    CHECK(evaluate(polynomial, values) == expected);
  }
}

TEST_CASE("a formula over batch and lengths gives the counts of every input shape", "[property]") {
  const ModelSpec model = load_model("laion/CLIP-ViT-H-14-laion2B-s32B-b79K");
  InputShape input;
  input.batch = 5;
  input.text_length = Count(11);
  const auto polynomial = parse_polynomial(symbolic_formula(model, input, {"b", "ts"}));
  const std::int64_t batch = GENERATE(1, 8, 100);
  const std::int64_t length = GENERATE(1, 33, 77);
  CAPTURE(batch, length);
  input.batch = batch;
  input.text_length = Count(length);
  CHECK(evaluate(polynomial, {{"b", batch}, {"ts", length}}) == count_flops(model, input).forward.total());
}

TEST_CASE("multiplications and additions of the formula add up to it", "[property]") {
  const ModelSpec model = load_model("google/siglip-base-patch16-224");
  const auto formula = [&](FormulaOf what) { return parse_polynomial(symbolic_formula(model, InputShape{}, {}, what)); };
  auto sum = formula(FormulaOf::ForwardMul);
  for (const auto& [powers, coefficient] : formula(FormulaOf::ForwardAdd)) sum[powers] += coefficient;
  CHECK(sum == formula(FormulaOf::Forward));
}

TEST_CASE("a variable that the model does not have is refused with those it has", "[unit]") {
  const ModelSpec model = load_model("openai-community/gpt2");
  CHECK_THROWS_WITH(symbolic_formula(model, InputShape{}, {"id"}),
                    ContainsSubstring("expected variables of openai-community/gpt2: v, s, d, h, l, m, b"));
  CHECK_THROWS_WITH(symbolic_formula(model, InputShape{}, {"d", "d"}), ContainsSubstring("given twice"));
}

}  // namespace mfusim
