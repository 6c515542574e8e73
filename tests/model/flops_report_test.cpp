// SPDX-License-Identifier: Apache-2.0
#include "model/flops_report.hpp"

#include "base/document.hpp"
#include "model/parameter_study.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"

#include <string>

namespace mfusim {
namespace {

ModelSpec inline_model(const std::string& text) {
  return read_model_config(parse_yaml(text, "test"), "test");
}

/// The counts of a part, as the sum of its own parts.
void check_sums(const FlopsPart& part) {
  if (part.parts.empty()) return;
  FlopsPart sum;
  for (const FlopsPart& inner : part.parts) {
    check_sums(inner);
    sum.parameters += inner.parameters;
    sum.forward += inner.forward;
    sum.backward += inner.backward;
    sum.saved_bytes += inner.saved_bytes;
    sum.moved_bytes += inner.moved_bytes;
  }
  CAPTURE(part.name);
  CHECK(sum.parameters == part.parameters);
  CHECK(sum.forward.mul == part.forward.mul);
  CHECK(sum.forward.add == part.forward.add);
  CHECK(sum.backward.total() == part.backward.total());
  CHECK(part.backward_parts.total().total() == part.backward.total());
  CHECK(sum.saved_bytes == part.saved_bytes);
  CHECK(sum.moved_bytes == part.moved_bytes);
}

FlopsReport count(const ModelSpec& model, Convention convention, std::int64_t batch = 2) {
  InputShape input;
  input.batch = batch;
  input.text_length = Count(16);
  return count_flops(model, input, convention);
}

}  // namespace

TEST_CASE("operators add up to layers, layers to towers, towers to the model, for the whole catalog", "[property]") {
  for (const std::string& name : model_names()) {
    CAPTURE(name);
    const ModelSpec model = load_model(name);
    FlopsPart whole;
    FlopsReport report = count_flops(model, InputShape{});
    whole.parts = report.towers;
    whole.parameters = report.parameters;
    whole.forward = report.forward;
    whole.backward = report.backward;
    whole.backward_parts = report.backward_parts;
    whole.saved_bytes = report.saved_bytes;
    whole.moved_bytes = report.moved_bytes;
    check_sums(whole);
  }
}

TEST_CASE("conventions: a multiply-add is two flops; model FLOPs count backward as twice forward", "[property]") {
  const std::string name = GENERATE("ViT-B-32", "EVA02-L-14", "meta-llama/Meta-Llama-3-8B", "coca_ViT-B-32");
  CAPTURE(name);
  const ModelSpec spec = load_model(name);
  const FlopsReport mac = count(spec, Convention::Mac), matmul = count(spec, Convention::Matmul),
                    model = count(spec, Convention::Model);
  CHECK(matmul.forward.total() == 2 * mac.forward.total());
  CHECK(matmul.backward.total() == 2 * mac.backward.total());
  CHECK(model.forward.total() == matmul.forward.total());
  CHECK(model.backward.total() == 2 * model.forward.total());
}

TEST_CASE("matmul backward is twice forward but for the pixels' gradient, which nobody needs", "[property]") {
  const FlopsReport report = count(load_model("ViT-B-32"), Convention::Matmul);
  const Count patches = 2 * (Count(2) * 49 * (3 * 32 * 32) * 768);  // 2 images of 7 x 7 patches
  CHECK(report.backward.total() == 2 * report.forward.total() - patches);
  const FlopsReport decoder = count(load_model("openai-community/gpt2"), Convention::Matmul);
  CHECK(decoder.backward.total() == 2 * decoder.forward.total());
}

TEST_CASE("published: model FLOPs of a GPT are 72 B L s h^2 (1 + s / 6h + V / 12hL)", "[published]") {
  // Korthikanti et al. 2022, arXiv:2205.05198, equation 7: forward and backward, full attention, with logits.
  const std::int64_t layers = 96, h = 12288, s = 2048, v = 51200, batch = 2;
  const ModelSpec model = inline_model("{kind: decoder, layers: 96, hidden_size: 12288, heads: 96, vocabulary: 51200}");
  InputShape input;
  input.batch = batch;
  input.text_length = Count(s);
  const FlopsReport report = count_flops(model, input, Convention::Model);
  const Count expected =
      Count(72) * batch * layers * s * h * h + Count(12) * batch * layers * s * s * h + Count(6) * batch * s * h * v;
  CHECK(report.forward.total() + report.backward.total() == expected);
}

TEST_CASE("published: hardware FLOPs add the attention's forward once more under selective recomputation", "[published]") {
  // Korthikanti et al. 2022, equation 8: 72 B L s h^2 (1 + s / 3h ...) counts attention 4 times instead of 3 (12 B L s^2 h
  // -> 16 B L s^2 h); full recomputation repeats the whole layers: 24 B L s h^2 + 4 B L s^2 h.
  const std::int64_t layers = 4, h = 256, s = 128, batch = 2;
  InputShape input;
  input.batch = batch;
  input.text_length = Count(s);
  const FlopsReport report = count_flops(inline_model("{kind: decoder, layers: 4, hidden_size: 256, heads: 8, vocabulary: 1000}"),
                                         input, Convention::Model);
  CHECK(report.recompute_selective.total() == Count(4 * batch * layers * s * s * h));
  CHECK(report.recompute_full.total() == Count(24 * batch * layers * s * h * h + 4 * batch * layers * s * s * h));
}

TEST_CASE("a frozen tower has a forward pass and parameters, no backward pass, and keeps nothing", "[property]") {
  const std::string tower = "layers: 2, hidden_size: 64, heads: 2";
  const auto clip = [&](const std::string& frozen) {
    return inline_model("{kind: clip, projection: 32, vision: {image_size: 32, patch_size: 8, " + tower + frozen + "}, text: {" +
                        tower + "}}");
  };
  const FlopsReport tuned = count(clip(""), Convention::All), locked = count(clip(", frozen: true"), Convention::All);
  CHECK(locked.towers.at(0).forward.total() == tuned.towers.at(0).forward.total());
  CHECK(locked.parameters == tuned.parameters);
  CHECK(locked.towers.at(0).backward.total() == Count(0));
  CHECK(locked.towers.at(0).saved_bytes == Count(0));
  CHECK(locked.towers.at(1).backward.total() == tuned.towers.at(1).backward.total());
}

TEST_CASE("patch dropout leaves the class token and the kept patches to the blocks", "[property]") {
  // 32 x 32 pixels in patches of 8: 16 patches; half of them dropped: 8 and the class token
  const auto model = [](const std::string& more) {
    return inline_model("{kind: vit, image_size: 32, patch_size: 8, layers: 1, hidden_size: 64, heads: 2, classes: 10" + more +
                        "}");
  };
  const auto block = [](const FlopsReport& report) { return report.towers.at(0).parts.at(1); };
  const FlopsReport report = count_flops(model(", patch_dropout: 0.5"), InputShape{}, Convention::Mac);
  const std::int64_t tokens = 9, width = 64;
  CHECK(block(report).name == "block");
  CHECK(block(report).forward.mul == Count(tokens * 12 * width * width + 2 * tokens * tokens * width));
  CHECK(report.parameters == count_flops(model(""), InputShape{}).parameters);
}

TEST_CASE("a sliding window bounds the keys of a query, not the parameters", "[property]") {
  const auto model = [](const std::string& more) {
    return inline_model("{kind: decoder, layers: 1, hidden_size: 64, heads: 4, vocabulary: 100" + more + "}");
  };
  InputShape input;
  input.text_length = Count(32);
  const FlopsReport full = count_flops(model(""), input, Convention::Mac),
                    wide = count_flops(model(", sliding_window: 100"), input, Convention::Mac),
                    narrow = count_flops(model(", sliding_window: 8"), input, Convention::Mac);
  CHECK(wide.forward.total() == full.forward.total());
  CHECK(full.forward.total() - narrow.forward.total() == Count(2 * 32 * (32 - 8) * 64));
  CHECK(narrow.parameters == full.parameters);
}

TEST_CASE("the local contrastive loss compares the rank's samples with all, in both directions", "[property]") {
  const ModelSpec model = load_model("ViT-B-32");
  InputShape input;
  input.batch = 4;
  input.loss_columns = Count(32);
  const FlopsPart head = count_flops(model, input, Convention::Mac).towers.back();
  CHECK(head.name == "head");
  CHECK(head.forward.mul == Count(2 * 4 * 32 * 512));
  input.loss_columns = Count(4);  // one rank: one matrix serves both directions
  CHECK(count_flops(model, input, Convention::Mac).towers.back().forward.mul == Count(4 * 4 * 512));
  const ModelSpec sigmoid = load_model("ViT-B-16-SigLIP");
  input.loss_columns = Count(32);  // pairs have no rows or columns: one matrix
  CHECK(count_flops(sigmoid, input, Convention::Mac).towers.back().forward.mul == Count(4 * 32 * 768));
}

TEST_CASE("operations are proportional to tokens x parameters tower by tower, not to parameters alone", "[property]") {
  InputShape input;
  input.image_size = Count(224);
  input.text_length = Count(32);
  const ParameterStudy study = parameters_against_operations(contrastive_models(), input);
  // Matrix products cost 2 flops a weight and token; attention adds to that, projections of one token subtract.
  CHECK(study.token_weighted.factor > 1.9);
  CHECK(study.token_weighted.factor < 2.2);
  CHECK(study.token_weighted.r_squared > 0.999);
  CHECK(study.token_weighted.worst_ratio < study.without_tables.worst_ratio);
  CHECK(study.without_tables.worst_ratio < study.all.worst_ratio);
  CHECK(study.points.size() + study.left_out.size() == contrastive_models().size());
}

TEST_CASE("counts that leave 64 bits are refused, never wrapped", "[unit]") {
  const ModelSpec model = inline_model(
      "{kind: decoder, layers: 2000000000, hidden_size: 2000000000, heads: 1, vocabulary: 2000000000, mlp_size: 2000000000}");
  CHECK_THROWS_WITH(count(model, Convention::All), ContainsSubstring("a count leaves 64 bits"));
}

}  // namespace mfusim
