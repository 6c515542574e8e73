// SPDX-License-Identifier: Apache-2.0
#include "study/launch_arguments.hpp"

#include "base/document.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <algorithm>

namespace {

using namespace mfusim;

std::vector<std::string> arguments_of(const std::vector<std::pair<std::string, std::string>>& settings,
                                      const char* text = tests::small_scenario) {
  Node document = parse_yaml(text, "space.yaml");
  for (const auto& [key, value] : settings) set_value(document, key, value);
  return launch_arguments(read_scenario(document, ".", "space.yaml"));
}

bool has(const std::vector<std::string>& arguments, const std::string& wanted) {
  return std::find(arguments.begin(), arguments.end(), wanted) != arguments.end();
}

const char* const clip = R"(
model: openai/clip-vit-large-patch14-336
cluster: {gpu: a100-sxm4-80gb, gpus: 16, gpus_per_node: 8, network: ib-8x200g}
training: {global_batch: 1024, text_length: 77}
)";

}  // namespace

TEST_CASE("a language model is launched with Megatron-LM's names for its plan", "[unit]") {
  const auto arguments = arguments_of({{"parallel.tensor", "2"},
                                       {"parallel.sequence", "true"},
                                       {"parallel.pipeline", "2"},
                                       {"parallel.virtual_stages", "2"},
                                       {"techniques.pp_overlap", "true"},
                                       {"parallel.zero", "1"},
                                       {"parallel.recompute", "full"}});
  for (const char* wanted : {"torchrun", "--nproc-per-node 8", "--tensor-model-parallel-size 2", "--sequence-parallel",
                             "--pipeline-model-parallel-size 2", "--num-layers-per-virtual-pipeline-stage 1",
                             "--use-distributed-optimizer", "--recompute-granularity full", "--num-layers 4", "--hidden-size 256",
                             "--num-attention-heads 8", "--global-batch-size 16", "--micro-batch-size 1", "--bf16"}) {
    CAPTURE(wanted);
    CHECK(has(arguments, wanted));
  }
  CHECK_FALSE(has(arguments_of({}), "--sequence-parallel"));
  CHECK_THROWS_WITH(arguments_of({{"parallel.pipeline", "2"}, {"parallel.schedule", "gpipe"}}), ContainsSubstring("GPipe"));
  CHECK_THROWS_WITH(arguments_of({{"training.optimizer", "lamb"}}), ContainsSubstring("LAMB"));
  CHECK_THROWS_WITH(
      arguments_of({{"parallel.recompute", "selective"}, {"stack_settings.selective_recompute", "every-second-product"}}),
      ContainsSubstring("every second matrix multiply"));
}

TEST_CASE("norms and positions of a catalog model have their argument, or there is no launch", "[unit]") {
  const auto of_model = [](const char* name) { return arguments_of({{"model", name}}); };
  CHECK(has(of_model("Qwen/Qwen3-8B"), "--qk-layernorm"));
  CHECK_FALSE(has(of_model("Qwen/Qwen2.5-7B"), "--qk-layernorm"));
  CHECK(has(of_model("nvidia/Nemotron-4-340B-Base"), "--rotary-percent 0.5"));
  CHECK_THROWS_WITH(of_model("allenai/OLMo-2-1124-7B"), ContainsSubstring("norms behind attention and MLP"));
  CHECK_THROWS_WITH(of_model("mosaicml/mpt-7b"), ContainsSubstring("no argument for"));
}

TEST_CASE("what changes a step has its argument, or there is no launch", "[unit]") {
  using Settings = std::vector<std::pair<std::string, std::string>>;
  const std::vector<std::pair<Settings, std::string>> launched{
      {{{"parallel.context", "2"}, {"techniques.flash_attention", "2"}}, "--context-parallel-size 2"},
      {{{"parallel.context", "2"}, {"techniques.flash_attention", "2"}, {"parallel.context_exchange", "all-to-all"}},
       "--cp-comm-type a2a"},
      {{{"parallel.pipeline", "2"}, {"parallel.stages", "[1, 3]"}}, "--pipeline-model-parallel-layout 'Et|tttL'"},
      {{{"parallel.recompute", "full"}, {"parallel.recompute_method", "block"}, {"parallel.recompute_layers", "2"}},
       "--recompute-method block"},
      {{{"parallel.recompute", "full"}, {"parallel.recompute_layers", "2"}}, "--recompute-num-layers 2"},
      {{{"parallel.rank_order", "tp-cp-pp-dp"}}, "--use-tp-pp-dp-mapping"},
      {{{"parallel.zero", "3"}}, "--data-parallel-sharding-strategy optim_grads_params"},
      {{{"parallel.zero", "1"}, {"parallel.shard_group", "4"}}, "--num-distributed-optimizer-instances 2"},
      {{{"techniques.flash_attention", "false"}}, "--attention-backend unfused"},
      {{{"techniques.flash_attention", "2"}}, "--attention-backend flash"},
      {{{"techniques.flash_attention", "3"}, {"cluster.gpu", "h100-sxm5-80gb"}}, "--attention-backend fused"},
      {{{"techniques.flash_attention", "transformer-engine"}}, "--attention-backend auto"},
      {{{"model.dropout", "0"}}, "--hidden-dropout 0"},
      {{{"model.mlp", "swiglu"}, {"model.qkv_bias", "true"}}, "--add-qkv-bias"},
  };
  for (const auto& [settings, wanted] : launched) {
    CAPTURE(wanted);
    CHECK(has(arguments_of(settings), wanted));
  }
  for (const Settings& settings : std::vector<Settings>{{{"techniques.parallel_block", "true"}},
                                                        {{"techniques.sliding_window", "32"}},
                                                        {{"parallel.pipeline", "2"}, {"parallel.virtual_stages", "2"}},
                                                        {{"model.positions", "alibi"}},
                                                        {{"model.mlp", "relu"}},
                                                        {{"parallel.pipeline", "2"}, {"parallel.schedule", "zb-h1"}}}) {
    CAPTURE(settings.back().first);
    CHECK_THROWS_WITH(arguments_of(settings), ContainsSubstring("Megatron-LM has no argument for"));
  }
}

TEST_CASE("a model with two towers is launched with open_clip's names", "[unit]") {
  const auto arguments = arguments_of({{"parallel.recompute", "full"}}, clip);
  for (const char* wanted :
       {"--nnodes 2", "-m open_clip_train.main", "--batch-size 64", "--precision amp_bf16", "--grad-checkpointing"}) {
    CAPTURE(wanted);
    CHECK(has(arguments, wanted));
  }
  CHECK(has(arguments, "--model ViT-L-14-336-quickgelu"));  // open_clip's name of it
  CHECK(has(arguments_of({{"parallel.zero", "3"}, {"stack", "pytorch-fsdp-2023"}}, clip), "--fsdp"));
  CHECK_THROWS_WITH(arguments_of({{"parallel.zero", "1"}}, clip), ContainsSubstring("open_clip has no argument for"));
}

TEST_CASE("a stack of another program has no launch", "[unit]") {
  CHECK_THROWS_WITH(arguments_of({{"stack", "deepspeed-2023"}}), ContainsSubstring("is not run by Megatron-LM"));
  CHECK_THROWS_WITH(arguments_of({{"stack", "torchtitan-2025"}, {"parallel.zero", "3"}}),
                    ContainsSubstring("its stacks: megatron-lm-2021"));
  CHECK_THROWS_WITH(arguments_of({{"stack", "deepspeed-eva-2023"}}, clip), ContainsSubstring("is not run by open_clip"));
  CHECK(has(arguments_of({{"stack", "nemo-2024"}}), "--micro-batch-size 1"));
}
