// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.hpp"

#include "tests/catch.hpp"

namespace mfusim {
namespace {

const std::vector<std::string> words{"tensor", "pipeline", "micro_batch", "global_batch", "gpus_per_node"};

TEST_CASE("a slip of the finger finds its word", "[unit]") {
  CHECK(nearest("tensr", words) == "tensor");
  CHECK(nearest("Tensor", words) == "tensor");
  CHECK(nearest("pipelines", words) == "pipeline");
  CHECK(nearest("microbatch", words) == "micro_batch");
  CHECK(nearest("gpus_pr_nod", words) == "gpus_per_node");
}

TEST_CASE("part of a word finds it", "[unit]") {
  CHECK(nearest("gpus", words) == "gpus_per_node");
  CHECK(nearest("global", words) == "global_batch");
}

TEST_CASE("a name with pieces left out, or with their beginnings alone, finds it", "[unit]") {
  const std::vector<std::string> gpus{"gh200-96gb", "h100-pcie-80gb", "h100-sxm5-80gb", "h200-sxm-141gb"};
  CHECK(nearest("h200", gpus) == "h200-sxm-141gb");  // which begins with it; gh200 contains it
  CHECK(nearest("H100 SXM", gpus) == "h100-sxm5-80gb");
  CHECK(nearest("llama3-70b", {"meta-llama/Llama-2-70b-hf", "meta-llama/Meta-Llama-3-70B"}) == "meta-llama/Meta-Llama-3-70B");
  CHECK(nearest("seq_length", {"text_length", "sequence_length"}) == "sequence_length");
}

TEST_CASE("where several words have the same part, all are named", "[unit]") {
  const std::vector<std::string> gpus{"h100-pcie-80gb", "h100-sxm5-80gb", "h200-sxm-141gb", "h100-sxm5-96gb"};
  CHECK(suggestion("h100", gpus) == "; did you mean 'h100-pcie-80gb', 'h100-sxm5-80gb' or 'h100-sxm5-96gb'?");
  CHECK(suggestion("h100-80gb", gpus) == "; did you mean 'h100-pcie-80gb' or 'h100-sxm5-80gb'?");
  CHECK(suggestion("ab", {"ax", "bb"}) == "; did you mean 'ax'?");  // slips: the first of the nearest
}

TEST_CASE("two letters wrong of three are no slip", "[unit]") {
  CHECK_FALSE(nearest("fp8", {"bf16", "fp16", "fp32"}));
  CHECK_FALSE(nearest("dp", {"fsdp", "zero"}));
  CHECK(nearest("zer", {"fsdp", "zero"}) == "zero");
}

TEST_CASE("the same word in other letters goes before one that is nearly the same", "[unit]") {
  CHECK(nearest("adamW", {"adam", "adamw"}) == "adamw");
  CHECK(nearest("vit-l-14", {"ViT-H-14", "ViT-L-14", "ViT-L-14-quickgelu"}) == "ViT-L-14");
}

TEST_CASE("near words come nearest first, no more than asked for, and begin with the nearest", "[property]") {
  CHECK(near_words("run_t1_g16", {"run_t2_g32", "run_t1_g166", "other", "run_t1_g16"}, 5) ==
        std::vector<std::string>{"run_t1_g16", "run_t1_g166", "run_t2_g32"});
  for (const char* word : {"tensr", "gpus", "batch", "xyzzyxyzzy"}) {
    CAPTURE(word);
    const std::vector<std::string> all = near_words(word, words, words.size());
    const std::vector<std::string> one = near_words(word, words, 1);
    CHECK(one.size() == std::min<std::size_t>(1, all.size()));
    CHECK(nearest(word, words) == (all.empty() ? std::nullopt : std::optional(all.front())));
  }
}

TEST_CASE("what resembles nothing finds nothing", "[unit]") {
  CHECK_FALSE(nearest("xyzzyxyzzy", words));
  CHECK_FALSE(nearest("tensor", {}));
  CHECK_FALSE(nearest(std::string(100'000, 'x'), words));
  CHECK(suggestion("xyzzyxyzzy", words).empty());
}

TEST_CASE("every known word finds itself, and the suggestion quotes it", "[property]") {
  for (const std::string& word : words) {
    CHECK(nearest(word, words) == word);
    CHECK(suggestion(word, words) == "; did you mean '" + word + "'?");
  }
}

}  // namespace
}  // namespace mfusim
