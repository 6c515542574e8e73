// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "model/build_work.hpp"
#include "model/read_model.hpp"
#include "model/saved_bytes.hpp"
#include "tests/catch.hpp"

#include <string>

namespace mfusim {
namespace {

struct Gpt {
  std::int64_t s, b, h, a;
};

ModelSpec gpt(const Gpt& size, const std::string& more = "") {
  const std::string text = "{kind: decoder, layers: 2, hidden_size: " + std::to_string(size.h) +
                           ", heads: " + std::to_string(size.a) + ", vocabulary: 1000, mlp: gelu" + more + "}";
  return read_model_config(parse_yaml(text, "test"), "gpt");
}

Layer<Count> block_of(const ModelSpec& model, const Gpt& size) {
  InputShape input;
  input.batch = size.b;
  input.text_length = Count(size.s);
  return build_work(model, input).towers.at(0).groups.at(1).layer;
}

std::int64_t saved(const Layer<Count>& layer, AttentionMemory memory) {
  Count sum = 0;
  for (const Operator<Count>& op : layer.operators) sum += saved_bytes(op, memory);
  return sum.value();
}

}  // namespace

TEST_CASE("published: a GPT layer keeps s b h (34 + 5 a s / h) bytes", "[published]") {
  // Korthikanti et al. 2022, arXiv:2205.05198, equation 1; without the attention core's scores (selective
  // recomputation, or a fused kernel) 34 s b h: table 2.
  const Gpt size = GENERATE(Gpt{2048, 4, 6144, 64}, Gpt{512, 1, 768, 12}, Gpt{64, 3, 128, 2});
  CAPTURE(size.s, size.b, size.h, size.a);
  const Layer<Count> layer = block_of(gpt(size), size);
  const auto [s, b, h, a] = size;
  CHECK(saved(layer, AttentionMemory::Unfused) == 34 * s * b * h + 5 * a * s * s * b);
  CHECK(saved(layer, AttentionMemory::Fused) == 34 * s * b * h);
}

TEST_CASE("published: tensor parallelism divides what lies inside the split regions", "[published]") {
  // Korthikanti et al. 2022, equations 2 and 4: s b h (10 + 24 / t + 5 a s / (h t)) with tensor parallelism, and with
  // sequence parallelism (34 + 5 a s / h) / t: then what is outside, and the inputs of the column-parallel linears, is split too.
  const Gpt size{512, 2, 768, 12};
  const auto [s, b, h, a] = size;
  const std::int64_t t = GENERATE(1, 2, 4);
  const AttentionMemory memory = GENERATE(AttentionMemory::Unfused, AttentionMemory::Fused);
  CAPTURE(t, static_cast<int>(memory));
  std::int64_t tensor = 0;
  for (const Operator<Count>& op : block_of(gpt(size), size).operators) {
    const bool inside = op.split == TensorSplit::Inside || op.split == TensorSplit::Rows;
    tensor += saved_bytes(op, memory).value() / (inside ? t : 1);
  }
  const std::int64_t scores = memory == AttentionMemory::Unfused ? 5 * a * s * s * b : 0;
  CHECK(tensor == 10 * s * b * h + (24 * s * b * h + scores) / t);
  CHECK(saved(block_of(gpt(size), size), memory) / t == (34 * s * b * h + scores) / t);
}

TEST_CASE("published: full recomputation keeps 2 s b h bytes a layer: its input", "[published]") {
  // Korthikanti et al. 2022, table 2, last row: what the first operator of the block keeps.
  const Gpt size{512, 2, 768, 12};
  const Layer<Count> layer = block_of(gpt(size), size);
  CHECK(layer.operators.front().inputs.empty());
  CHECK(saved_bytes(layer.operators.front(), AttentionMemory::Fused).value() == 2 * size.s * size.b * size.h);
}

TEST_CASE("the parallel block keeps one norm's input and output instead of two", "[property]") {
  // y = x + attention(norm(x)) + mlp(norm(x)): a norm's input (2 s b h) goes, qkv and fc1 share their input (2 s b h), and
  // the summed branches have one dropout mask (s b h).
  const Gpt size{512, 2, 768, 12};
  const std::int64_t usual = saved(block_of(gpt(size), size), AttentionMemory::Fused);
  const std::int64_t parallel = saved(block_of(gpt(size, ", parallel_block: true"), size), AttentionMemory::Fused);
  CHECK(usual - parallel == 5 * size.s * size.b * size.h);
}

}  // namespace mfusim
