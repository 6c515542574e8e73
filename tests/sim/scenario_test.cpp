// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "tests/catch.hpp"
#include "tests/sim/scenarios.hpp"

#include <fstream>

using namespace mfusim;
using namespace mfusim::tests;

TEST_CASE("a plan that cannot exist is refused with the rule and both values", "[unit]") {
  struct Case {
    Settings settings;
    std::string message;
  };
  const std::vector<Case> cases{
      {{{"parallel.tensor", "3"}, {"cluster.gpus", "3"}}, "3 does not divide model."},
      {{{"parallel.tensor", "16"}, {"cluster.gpus", "16"}}, "16 does not divide cluster.gpus_per_node (8)"},
      {{{"parallel.pipeline", "3"}, {"cluster.gpus", "3"}},
       "pipeline x virtual_stages (3 x 1) does not divide model.layers (16)"},
      {{{"parallel.data", "3"}}, "tensor x pipeline x context x data (1 x 1 x 1 x 3 = 3) is not cluster.gpus (1)"},
      {{{"cluster.gpus", "12"}}, "12 GPUs are not whole nodes of gpus_per_node (8)"},
      {{{"cluster.gpus", "8"}, {"training.global_batch", "12"}}, "12 is not a multiple of the data-parallel size (8)"},
      {{{"training.micro_batch", "3"}}, "3 does not divide the batch of a data-parallel rank (global_batch / data = 16)"},
      {{{"parallel.sequence", "true"}}, "sequence parallelism needs tensor > 1"},
      {{{"parallel.virtual_stages", "2"}}, "2 virtual stages need pipeline > 1"},
      {{{"parallel.schedule", "1f1f"}},
       "expected one of gpipe, 1f1b, interleaved-1f1b, zb-h1, zb-h2, zb-v, zb-auto, got '1f1f'; did you mean '1f1b'?"},
      {{{"parallel.pipline", "2"}}, "parallel.pipline: unknown key; did you mean 'pipeline'?"},
      {{{"cluster.gpu", "a100-sxm-80gb"}}, "did you mean 'a100-sxm4-80gb'?"},
      {{{"stack", "megatron"}}, "stack: "},
      {{{"training.precision", "fp8"}}, "training.precision: fp8 training is not modelled"},
      {{{"stack", "gloo"}}, "stack: unknown stack 'gloo'; `mfusim hardware` lists"},
      {{{"stack_settings.tp_overlap_chunks", "257"}}, "tp_overlap_chunks: expected at most 256 pieces, got 257"},
      {{{"cluster.network", "{nics_per_node: 4294967297, bandwidth: 1 Gb/s}"}}, "expected at most 1000000, got 4294967297"},
      {{{"cluster.network", "{nics_per_node: 4, bandwidth: 1e300 Gb/s}"}}, "bandwidth: expected a rate above 0 and of at most"},
      {{{"training.global_batch", "010"}}, "training.global_batch: expected a positive integer, got '010'"},
      {{{"training.global_batch", ".nan"}}, "training.global_batch: expected a positive integer, got '.nan'"},
      {{{"training.global_batch", "1e3"}}, "training.global_batch: expected a positive integer, got '1e3'"},
      {{{"cluster.gpus", "99999999999"}}, "expected at most 2147483647"},
      {{{"data.storage_per_node", "2 GB"}, {"data.bytes_per_sample", "1 kB"}},
       "data.storage_per_node: expected a rate with its unit"},
      {{{"data.storage_per_node", "0 GB/s"}, {"data.bytes_per_sample", "1 kB"}},
       "data.storage_per_node: expected a rate above 0"},
      {{{"data.decode_per_node", "0 samples/s"}}, "data.decode_per_node: expected a rate above 0"},
      {{{"towers.placement", "colocated"}}, "has one tower"},
      {{{"cluster.network", "ib-8x200h"}}, "did you mean 'ib-8x200g'?"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.settings.front().first, wrong.settings.front().second);
    CHECK_THAT(refusal_of(small_decoder, wrong.settings), ContainsSubstring(wrong.message));
  }
}

TEST_CASE("a two-tower model refuses what is not modelled for it", "[unit]") {
  CHECK_THAT(refusal_of(small_clip, {{"parallel.context", "2"}}), ContainsSubstring("parallel.context"));
  CHECK_THAT(refusal_of(small_clip, {{"techniques.sliding_window", "16"}}),
             ContainsSubstring("is modelled for language models only"));
}

TEST_CASE("the message names file, line and key", "[unit]") {
  const std::string text = "model: openai/clip-vit-large-patch14-336\ncluster:\n  gpu: a100-sxm4-80gb\n  gpus: many\n";
  CHECK(refusal_of(text) == "test.yaml:4: cluster.gpus: expected a positive integer, got 'many'");
}

TEST_CASE("defaults that stood in are recorded, given values are not", "[unit]") {
  const Scenario scenario = scenario_of(small_decoder);
  const auto recorded = [&](const std::string& path) {
    return std::any_of(scenario.defaults.begin(), scenario.defaults.end(),
                       [&](const UsedDefault& used) { return used.path == path; });
  };
  CHECK(recorded("parallel.sequence"));
  CHECK(recorded("techniques.flash_attention"));
  CHECK_FALSE(recorded("parallel.tensor"));
}

TEST_CASE("a scenario builds on another one, and settings come last", "[unit]") {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "mfusim_extends_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "base.yaml") << small_decoder;
  std::ofstream(folder / "more.yaml") << "extends: base.yaml\ntraining: {global_batch: 32}\n";
  const Scenario scenario = load_scenario(folder / "more.yaml", {{"training.micro_batch", "4"}});
  CHECK(scenario.training.global_batch == 32);
  CHECK(scenario.training.micro_batch == 4);
  CHECK(scenario.training.sequence_length == 1024);
  std::ofstream(folder / "wrong.yaml") << "extends: base.yaml\ntraining:\n  global_batch: none\n";
  CHECK_THROWS_WITH(load_scenario(folder / "wrong.yaml"), ContainsSubstring("wrong.yaml:3: training.global_batch: "));
  std::ofstream(folder / "circle.yaml") << "extends: circle.yaml\n";
  CHECK_THROWS_AS(load_scenario(folder / "circle.yaml"), InputError);
  std::filesystem::remove_all(folder);
}

TEST_CASE("without a stack, language models take Megatron-Core's habits and everything else PyTorch's", "[unit]") {
  Node decoder = parse_yaml(small_decoder, "test.yaml");
  std::erase_if(decoder.members, [](const Node::Member& member) { return member.key == "stack"; });
  CHECK(read_scenario(decoder, ".", "test.yaml").stack.name == "megatron-core-2024");
  Node clip = parse_yaml(small_clip, "test.yaml");
  std::erase_if(clip.members, [](const Node::Member& member) { return member.key == "stack"; });
  const Scenario scenario = read_scenario(clip, ".", "test.yaml");
  CHECK(scenario.stack.name == "pytorch-ddp-2024");
  CHECK(scenario.training.micro_batch == 16);  // the whole local batch: 128 pairs on 8 GPUs
}

TEST_CASE("parallel.sequence: auto is on exactly where a language model's layers are split", "[property]") {
  const std::string tensor = GENERATE("1", "2", "8");
  CAPTURE(tensor);
  const Settings plan{{"cluster.gpus", "8"}, {"parallel.tensor", tensor}};
  const auto with = [&](const std::string& text, const std::string& sequence) {
    Settings settings = plan;
    settings.emplace_back("parallel.sequence", sequence);
    return scenario_of(text, settings);
  };
  CHECK(with(small_decoder, "auto").parallel.sequence == (tensor != "1"));
  if (tensor != "8")  // of 12 text heads; sequence parallelism is not modelled inside two-tower models
    CHECK_FALSE(with(small_clip, "auto").parallel.sequence);
  CHECK(refusal_of(small_decoder, {{"parallel.sequence", "maybe"}}).find("expected true, false or auto") != std::string::npos);
}
