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

TEST_CASE("the parallel block keeps one norm's input and output instead of two", "[property]") {
  // y = x + attention(norm(x)) + mlp(norm(x)): a norm's input (2 s b h) goes, qkv and fc1 share their input (2 s b h), and
  // the summed branches have one dropout mask (s b h).
  const Gpt size{512, 2, 768, 12};
  const std::int64_t usual = saved(block_of(gpt(size), size), AttentionMemory::Fused);
  const std::int64_t parallel = saved(block_of(gpt(size, ", parallel_block: true"), size), AttentionMemory::Fused);
  CHECK(usual - parallel == 5 * size.s * size.b * size.h);
}

}  // namespace mfusim
