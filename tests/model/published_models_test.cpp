// SPDX-License-Identifier: Apache-2.0
#include "base/document.hpp"
#include "model/flops_report.hpp"
#include "model/read_model.hpp"
#include "tests/catch.hpp"

#include <cmath>
#include <string>

namespace mfusim {
namespace {

Count parameters_of(const ModelSpec& model) {
  InputShape input;
  if (model.decoder && !model.decoder->context_length) input.text_length = Count(2048);
  return count_flops(model, input).parameters;
}

}  // namespace

TEST_CASE("published: parameters of released checkpoints, to the last one", "[published]") {
  struct Row {
    const char* model;
    std::int64_t parameters;
  };
  // The number of values in each checkpoint, as its model page on huggingface.co shows it (safetensors' parameter count), or
  // half the bytes that its index of 16-bit weights sums up (metadata.total_size); tied tables counted once.
  const auto [name, parameters] = GENERATE(
      Row{"openai-community/gpt2", 124'439'808}, Row{"openai-community/gpt2-xl", 1'557'611'200},
      Row{"EleutherAI/gpt-neox-20b", 20'554'567'680}, Row{"meta-llama/Llama-2-7b-hf", 6'738'415'616},
      Row{"meta-llama/Llama-2-70b-hf", 68'976'648'192}, Row{"meta-llama/Meta-Llama-3-8B", 8'030'261'248},
      Row{"meta-llama/Meta-Llama-3-70B", 70'553'706'496}, Row{"meta-llama/Llama-3.1-405B", 405'853'388'800},
      Row{"mistralai/Mistral-7B-v0.1", 7'241'732'096}, Row{"Qwen/Qwen2-7B", 7'615'616'512}, Row{"facebook/opt-125m", 125'239'296},
      Row{"facebook/opt-350m", 331'196'416}, Row{"bigscience/bloom-560m", 559'214'592}, Row{"bigscience/bloom", 176'247'271'424},
      Row{"google/siglip-base-patch16-224", 203'155'970}, Row{"google/vit-base-patch16-224-in21k", 86'389'248},
      Row{"meta-llama/Llama-2-13b-hf", 13'015'864'320}, Row{"meta-llama/Llama-3.1-8B", 8'030'261'248},
      Row{"meta-llama/Llama-3.1-70B", 70'553'706'496}, Row{"meta-llama/Llama-3.2-1B", 1'235'814'400},
      Row{"meta-llama/Llama-3.2-3B", 3'212'749'824}, Row{"meta-llama/Llama-3.3-70B-Instruct", 70'553'706'496},
      Row{"mistralai/Mistral-7B-v0.3", 7'248'023'552}, Row{"mistralai/Mistral-Nemo-Base-2407", 12'247'782'400},
      Row{"mistralai/Mistral-Small-24B-Base-2501", 23'572'403'200}, Row{"mistralai/Mistral-Large-Instruct-2407", 122'610'069'504},
      Row{"Qwen/Qwen2.5-1.5B", 1'543'714'304}, Row{"Qwen/Qwen2.5-7B", 7'615'616'512}, Row{"Qwen/Qwen2.5-14B", 14'770'033'664},
      Row{"Qwen/Qwen2.5-32B", 32'763'876'352}, Row{"Qwen/Qwen2.5-72B", 72'706'203'648},
      Row{"EleutherAI/pythia-1.4b", 1'414'647'808}, Row{"EleutherAI/pythia-6.9b", 6'857'302'016},
      Row{"EleutherAI/pythia-12b", 11'846'072'320}, Row{"bigscience/bloom-7b1", 7'069'016'064},
      Row{"01-ai/Yi-34B", 34'388'917'248}, Row{"HuggingFaceTB/SmolLM2-1.7B", 1'711'376'384},
      Row{"deepseek-ai/deepseek-llm-67b-base", 67'425'001'472}, Row{"openai/clip-vit-base-patch32", 151'277'313},
      Row{"openai/clip-vit-base-patch16", 149'620'737}, Row{"openai/clip-vit-large-patch14", 427'616'513},
      Row{"laion/CLIP-ViT-bigG-14-laion2B-39B-b160k", 2'539'567'105}, Row{"google/siglip2-base-patch16-224", 375'187'970},
      Row{"google/siglip2-large-patch16-256", 881'526'786}, Row{"google/siglip2-so400m-patch14-384", 1'136'008'498},
      Row{"Qwen/Qwen3-0.6B", 596'049'920}, Row{"Qwen/Qwen3-1.7B", 1'720'574'976}, Row{"Qwen/Qwen3-4B", 4'022'468'096},
      Row{"Qwen/Qwen3-8B", 8'190'735'360}, Row{"Qwen/Qwen3-14B", 14'768'307'200}, Row{"Qwen/Qwen3-32B", 32'762'123'264},
      Row{"microsoft/phi-4", 14'659'507'200}, Row{"microsoft/Phi-3-mini-4k-instruct", 3'821'079'552},
      Row{"allenai/OLMo-2-1124-7B", 7'298'617'344}, Row{"allenai/OLMo-2-1124-13B", 13'716'198'400},
      Row{"allenai/OLMo-2-0325-32B", 32'234'279'936}, Row{"mosaicml/mpt-7b", 6'649'286'656});
  CAPTURE(name);
  CHECK(parameters_of(load_model(name)).value() == parameters);
}

TEST_CASE("published: Falcon's checkpoints hold the tied table twice", "[published]") {
  // safetensors' parameter counts of the model pages; the logits' copy of 65024 rows is the token table (tie_word_embeddings)
  CHECK(parameters_of(load_model("tiiuae/falcon-7b")).value() == 7'217'189'760 - 65'024 * 4544);
  CHECK(parameters_of(load_model("tiiuae/falcon-40b")).value() == 41'835'970'560 - 65'024 * 8192);
}

TEST_CASE("published: parameters of models without a public checkpoint or index, to the digits that are printed", "[published]") {
  struct Row {
    const char* model;
    double printed, unit;
  };
  // OPT: Zhang et al. 2022, arXiv:2205.01068, table 1. GPT-3 with Megatron-LM's padded vocabulary: Narayanan et al. 2021,
  // arXiv:2104.04473, table 1 (the same layers, widths, heads and 51200 words). MPT-30B: its name. Nemotron-4: arXiv:2406.11704,
  // section 2.1, 9.4 billion of embeddings and 331.6 billion others.
  const auto [name, printed, unit] =
      GENERATE(Row{"facebook/opt-13b", 13, 1e9}, Row{"facebook/opt-30b", 30, 1e9}, Row{"facebook/opt-66b", 66, 1e9},
               Row{"facebook/opt-175b", 175, 1e9}, Row{"mlcommons/gpt3-175b", 1746, 1e8}, Row{"mosaicml/mpt-30b", 30, 1e9},
               Row{"nvidia/Nemotron-4-340B-Base", 3410, 1e8});
  CAPTURE(name);
  CHECK(std::round(parameters_of(load_model(name)).as_double() / unit) == printed);
}

TEST_CASE("published: parameters of a GPT-style decoder are 12 L h^2 (1 + 13 / 12h + (V + s) / 12Lh)", "[published]") {
  // Narayanan et al. 2021, arXiv:2104.04473, equation 2; it leaves out the final norm (2 h).
  const std::int64_t layers = GENERATE(1, 24, 96), h = GENERATE(128, 12288), v = 51200, s = 2048;
  CAPTURE(layers, h);
  const std::string text = "{kind: decoder, layers: " + std::to_string(layers) + ", hidden_size: " + std::to_string(h) +
                           ", heads: 32, vocabulary: 51200, context_length: 2048}";
  const ModelSpec model = read_model_config(parse_yaml(text, "test"), "gpt");
  CHECK(parameters_of(model).value() == 12 * layers * h * h + 13 * layers * h + (v + s) * h + 2 * h);
}

TEST_CASE("published: EVA02-CLIP-bigE-14-plus differs from bigE-14 in its text tower", "[published]") {
  InputShape input;
  input.batch = 128;
  input.text_length = Count(64);
  const FlopsReport plain = count_flops(load_model("EVA02-CLIP-bigE-14"), input);
  const FlopsReport plus = count_flops(load_model("EVA02-CLIP-bigE-14-plus"), input);
  CHECK(plus.parameters.value() == 5'044'889'089);  // EVA-CLIP's README: 5.0B
  CHECK(plus.towers.at(0).forward.total() == plain.towers.at(0).forward.total());
  CHECK(plus.towers.at(1).forward.total() > plain.towers.at(1).forward.total());
}

TEST_CASE("the two libraries' configurations of one model agree", "[property]") {
  // transformers' and open_clip's files of the same weights; the towers differ in names only
  const auto [one, other] =
      GENERATE(std::pair{"laion/CLIP-ViT-H-14-laion2B-s32B-b79K", "ViT-H-14"},
               std::pair{"openai/clip-vit-large-patch14-336", "ViT-L-14-336-quickgelu"},
               std::pair{"openai/clip-vit-base-patch32", "ViT-B-32-quickgelu"},
               std::pair{"openai/clip-vit-base-patch16", "ViT-B-16-quickgelu"},
               std::pair{"openai/clip-vit-large-patch14", "ViT-L-14-quickgelu"},
               std::pair{"laion/CLIP-ViT-bigG-14-laion2B-39B-b160k", "ViT-bigG-14"},
               std::pair{"google/siglip-base-patch16-224", "ViT-B-16-SigLIP"}, std::pair{"EVA02-CLIP-bigE-14", "EVA02-E-14"});
  CAPTURE(one, other);
  const FlopsReport a = count_flops(load_model(one), InputShape{}), b = count_flops(load_model(other), InputShape{});
  CHECK(a.parameters == b.parameters);
  CHECK(a.forward.mul == b.forward.mul);
  CHECK(a.forward.add == b.forward.add);
  CHECK(a.backward.total() == b.backward.total());
}

}  // namespace mfusim
