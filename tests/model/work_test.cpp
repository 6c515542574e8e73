// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "base/reader.hpp"
#include "model/build_work.hpp"
#include "model/flops_report.hpp"
#include "model/parameters.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"

#include <algorithm>
#include <string>

namespace mfusim {
namespace {

Layer<Count> block_of(const std::string& more) {
  const std::string text = "{kind: decoder, layers: 2, hidden_size: 64, heads: 4, vocabulary: 100" + more + "}";
  const ModelSpec model = read_model_config(parse_yaml(text, "test"), "test");
  InputShape input;
  input.text_length = Count(8);
  return build_work(model, input).towers.at(0).groups.at(1).layer;
}

const Operator<Count>& named(const Layer<Count>& layer, const std::string& name) {
  return *std::find_if(layer.operators.begin(), layer.operators.end(),
                       [&](const Operator<Count>& op) { return op.name == name; });
}

std::string input_name(const Layer<Count>& layer, const Operator<Count>& op, std::size_t at) {
  const int input = op.inputs.at(at);
  return input == input_of_layer ? "" : layer.operators.at(static_cast<std::size_t>(input)).name;
}

}  // namespace

TEST_CASE("an operator reads only operators that stand before it, in every layer of the catalog", "[property]") {
  for (const std::string& name : model_names()) {
    const Work<Count> work = build_work(load_model(name), InputShape{});
    std::vector<LayerGroup<Count>> groups = work.head;
    for (const Tower<Count>& tower : work.towers) groups.insert(groups.end(), tower.groups.begin(), tower.groups.end());
    for (const LayerGroup<Count>& group : groups) {
      for (std::size_t i = 0; i < group.layer.operators.size(); ++i) {
        CAPTURE(name, group.layer.name, group.layer.operators[i].name);
        for (const int input : group.layer.operators[i].inputs) {
          CHECK(input >= input_of_layer);
          CHECK(input < static_cast<int>(i));
        }
      }
    }
  }
}

TEST_CASE("a pre-norm block reads norm, attention, norm and MLP one after another", "[unit]") {
  const Layer<Count> layer = block_of(", dropout: 0");
  CHECK(input_name(layer, named(layer, "qkv"), 0) == "attention_norm");
  CHECK(input_name(layer, named(layer, "attention_residual"), 0).empty());
  CHECK(input_name(layer, named(layer, "attention_residual"), 1) == "out_proj");
  CHECK(input_name(layer, named(layer, "fc1"), 0) == "mlp_norm");
  CHECK(input_name(layer, named(layer, "mlp_residual"), 0) == "attention_residual");
  CHECK(layer.operators.back().name == "mlp_residual");
}

TEST_CASE("in the parallel block attention and MLP read one norm, whose output is kept once", "[unit]") {
  const Layer<Count> layer = block_of(", parallel_block: true");
  CHECK(input_name(layer, named(layer, "qkv"), 0) == "norm");
  CHECK(input_name(layer, named(layer, "fc1"), 0) == "norm");
  CHECK(named(layer, "fc1").saved == SavedInput::SharedInput);
  CHECK(input_name(layer, named(layer, "branch_sum"), 0) == "out_proj");
  CHECK(input_name(layer, named(layer, "branch_sum"), 1) == "fc2");
}

TEST_CASE("norms on queries and keys stand between their product and the rotation", "[unit]") {
  struct Row {
    const char* model;
    bool each_head;
  };
  const auto [name, each_head] = GENERATE(Row{"Qwen/Qwen3-0.6B", true}, Row{"allenai/OLMo-2-0325-32B", false});
  CAPTURE(name);
  const ModelSpec model = load_model(name);
  const BlockSpec<Count>& block = model.decoder->block;
  InputShape input;
  input.text_length = Count(16);
  const Layer<Count> layer = build_work(model, input).towers.at(0).groups.at(1).layer;
  CHECK(input_name(layer, named(layer, "query_norm"), 0) == "qkv");
  CHECK(input_name(layer, named(layer, "rotary"), 0) == "key_norm");
  for (const auto& [norm, heads] : {std::pair{"query_norm", block.heads}, std::pair{"key_norm", block.kv_heads}}) {
    CAPTURE(norm);
    const auto& shape = std::get<Norm<Count>>(named(layer, norm).shape);
    CHECK(shape.kind == NormKind::RmsNorm);
    CHECK(shape.rows * shape.width == Count(16) * heads * block.head_dim);
    CHECK(shape.width == (each_head ? block.head_dim : heads * block.head_dim));
  }
}

TEST_CASE("a part of each head is rotated, as the configuration says it: at its top, or among rope_parameters", "[unit]") {
  const auto rotated = [](const std::string& keys) {
    return read_model_config(parse_json(R"({"num_attention_heads": 4, "hidden_size": 64, )" + keys + "}", "c"), "test")
        .decoder->block.position_size.value();
  };
  CHECK(rotated(R"("model_type": "phi3", "partial_rotary_factor": 0.75)") == 12);  // of 64 / 4
  CHECK(rotated(R"("model_type": "phi3", "rope_parameters": {"partial_rotary_factor": 0.75})") == 12);
  CHECK(rotated(R"("model_type": "phi3")") == 0);  // all
  CHECK(rotated(R"("model_type": "nemotron")") == 8);
  CHECK(rotated(R"("model_type": "gpt_neox")") == 4);
}

TEST_CASE("the pooler of a ViT is as wide as pooler_output_size says", "[unit]") {
  const auto parameters_of = [](const std::string& keys) {
    const ModelSpec model = read_model_config(parse_json(R"({"model_type": "vit")" + keys + "}", "c"), "test");
    return count_flops(model, InputShape{}).parameters;
  };
  const Count narrower = 768 - 512;
  CHECK(parameters_of("") - parameters_of(R"(, "pooler_output_size": 512)") == narrower * Count(768 + 1));  // weights and bias
}

TEST_CASE("layer_types has a window for all layers or for none", "[unit]") {
  const auto window = [](const std::string& type) {
    return read_model_config(
               parse_json(R"({"model_type": "mistral", "sliding_window": 64, "layer_types": [)" + type + ", " + type + "]}", "c"),
               "test")
        .decoder->block.window;
  };
  CHECK(window(R"("sliding_attention")") == std::optional(Count(64)));
  CHECK_FALSE(window(R"("full_attention")").has_value());
}

TEST_CASE("a block that normalises what its branches give begins with a product", "[unit]") {
  const Layer<Count> layer = build_work(load_model("allenai/OLMo-2-1124-7B"), InputShape{}).towers.at(0).groups.at(1).layer;
  CHECK(layer.operators.front().name == "qkv");
  CHECK(input_name(layer, named(layer, "attention_residual"), 1) == "attention_norm");
  CHECK(input_name(layer, named(layer, "fc1"), 0) == "attention_residual");
}

TEST_CASE("a tied table is counted once", "[unit]") {
  const ModelSpec model = load_model("openai-community/gpt2");
  const Layer<Count> output = build_work(model, InputShape{}).towers.at(0).groups.back().layer;
  CHECK(named(output, "logits").tied);
  CHECK(parameters(named(output, "logits")) == Count(0));
}

TEST_CASE("an inline model records every default that it used", "[unit]") {
  const Node node =
      parse_yaml("{model: {kind: decoder, layers: 2, hidden_size: 64, heads: 4, vocabulary: 100, mlp: swiglu}}", "test");
  UsedDefaults defaults;
  Reader root(node, "", &defaults);
  const ModelSpec model = read_inline_model(root.child("model"));
  CHECK(model.decoder->block.style.norm == NormKind::RmsNorm);
  CHECK_FALSE(model.decoder->block.style.mlp_bias);
  const auto recorded = [&](const std::string& path, const std::string& value) {
    return std::any_of(defaults.begin(), defaults.end(),
                       [&](const UsedDefault& used) { return used.path == path && used.value == value; });
  };
  CHECK(recorded("model.norm", "rms_norm"));
  CHECK(recorded("model.mlp_size", "256"));
  CHECK(recorded("model.positions", "rotary"));
}

TEST_CASE("an inline model refuses unknown keys and heads that do not divide", "[unit]") {
  const auto read = [](const std::string& text) { return read_model_config(parse_yaml(text, "test"), "test"); };
  CHECK_THROWS_WITH(read("{kind: decoder, layers: 2, hidden_size: 64, heads: 4, vocabulary: 100, kv_head: 2}"),
                    ContainsSubstring("kv_head: unknown key; did you mean 'kv_heads'?"));
  CHECK_THROWS_WITH(read("{kind: decoder, layers: 2, hidden_size: 64, heads: 4, vocabulary: 100, experts: 8}"),
                    ContainsSubstring("experts: a mixture of experts is not modelled"));
  CHECK_THROWS_WITH(read("{kind: decoder, layers: 2, hidden_size: 64, heads: 5, vocabulary: 100}"),
                    ContainsSubstring("heads: 5 does not divide hidden_size (64)"));
  CHECK_THROWS_WITH(read("{kind: decoder, layers: 0, hidden_size: 64, heads: 4, vocabulary: 100}"),
                    ContainsSubstring("layers: expected a positive integer, got '0'"));
  CHECK_THROWS_WITH(read("{kind: encoder}"), ContainsSubstring("kind: expected one of decoder, clip, vit, got 'encoder'"));
}

}  // namespace mfusim
