// SPDX-License-Identifier: Apache-2.0
#include "study/megatron_arguments.hpp"

#include "base/document.hpp"
#include "study/launch_arguments.hpp"
#include "tests/catch.hpp"
#include "tests/study/sweep_spaces.hpp"

#include <fmt/format.h>

namespace {

using namespace mfusim;

Scenario scenario_of(const std::string& arguments) {
  const Node document = read_megatron_arguments(arguments, "launch.sh", "a100-sxm4-80gb", "ib-8x200g");
  return read_scenario(document, ".", "launch.sh");
}

}  // namespace

TEST_CASE("what is launched reads back as the same plan", "[property]") {
  const SweepSpace space = tests::sweep_space(R"(sweep:
  axes:
    parallel.tensor: [1, 2]
    parallel.pipeline: [1, 2]
    parallel.virtual_stages: [1, 2]
    parallel.zero: [0, 1]
    parallel.recompute: [none, selective, full]
    training.micro_batch: [1, 2]
    techniques.pp_overlap: [false, true]
)");
  for (std::int64_t index = 0; index < space.size; ++index) {
    CAPTURE(index);
    Scenario scenario;
    try {
      scenario = read_scenario(configuration_document(space, index), ".", "space.yaml");
    } catch (const InputError&) {
      continue;
    }
    const bool overlaps_unasked = scenario.parallel.pipeline > 1 && scenario.parallel.virtual_stages == 1;
    const bool blocks_in_pairs = scenario.parallel.virtual_stages > 1;  // over two stages
    if (scenario.techniques.pp_overlap ? overlaps_unasked : blocks_in_pairs) {
      CHECK_THROWS_WITH(launch_arguments(scenario), ContainsSubstring("Megatron-LM has no argument for"));
      continue;
    }
    const Scenario back = scenario_of(fmt::format("{}", fmt::join(launch_arguments(scenario), " \\\n")));
    if (scenario.parallel.pipeline > 1) CHECK(back.techniques.pp_overlap == scenario.techniques.pp_overlap);
    CHECK(back.parallel.tensor == scenario.parallel.tensor);
    CHECK(back.parallel.pipeline == scenario.parallel.pipeline);
    CHECK(back.parallel.virtual_stages == scenario.parallel.virtual_stages);
    CHECK(back.parallel.data == scenario.parallel.data);
    CHECK(back.parallel.zero == scenario.parallel.zero);
    CHECK(back.parallel.recompute == scenario.parallel.recompute);
    CHECK(back.parallel.micro_batches == scenario.parallel.micro_batches);
    CHECK(back.model.decoder->block.mlp_size == scenario.model.decoder->block.mlp_size);
    CHECK(back.training.precision == scenario.training.precision);
  }
}

TEST_CASE("a launch with every kind of plan reads back as the same scenario", "[property]") {
  using Settings = std::vector<std::pair<std::string, std::string>>;
  for (const Settings& settings : std::vector<Settings>{
           {{"parallel.context", "2"}, {"techniques.flash_attention", "2"}, {"parallel.context_exchange", "all-gather"}},
           {{"parallel.pipeline", "2"}, {"parallel.stages", "[1, 3]"}},
           {{"parallel.pipeline", "2"},
            {"parallel.virtual_stages", "2"},
            {"parallel.stages", "[1, 1, 1, 1]"},
            {"techniques.pp_overlap", "true"}},
           {{"parallel.recompute", "full"}, {"parallel.recompute_method", "block"}, {"parallel.recompute_layers", "2"}},
           {{"parallel.zero", "1"}, {"parallel.shard_group", "4"}},
           {{"parallel.tensor", "2"}, {"parallel.sequence", "true"}, {"techniques.tp_overlap", "false"}},
           {{"model.mlp", "swiglu"}, {"model.mlp_size", "640"}, {"model.qkv_bias", "true"}},
           {{"model.head_dim", "64"}, {"model.positions", "rotary"}, {"model.norm", "rms_norm"}, {"model.dropout", "0"}}}) {
    CAPTURE(settings.front().first, settings.back().first);
    Node document = parse_yaml(tests::small_scenario, "space.yaml");
    for (const auto& [key, value] : settings) set_value(document, key, value);
    const Scenario scenario = read_scenario(document, ".", "space.yaml");
    const Scenario back = scenario_of(fmt::format("{}", fmt::join(launch_arguments(scenario), " ")));
    CHECK(back.parallel == scenario.parallel);
    if (scenario.parallel.pipeline > 1) CHECK(back.techniques.pp_overlap == scenario.techniques.pp_overlap);
    CHECK(back.model.decoder->block.head_dim == scenario.model.decoder->block.head_dim);
    CHECK(back.model.decoder->block.mlp_size == scenario.model.decoder->block.mlp_size);
    CHECK(back.model.decoder->block.style.query_bias == scenario.model.decoder->block.style.query_bias);
    CHECK(back.model.decoder->block.style.mlp_bias == scenario.model.decoder->block.style.mlp_bias);
    CHECK(back.model.decoder->block.style.norm == scenario.model.decoder->block.style.norm);
    CHECK(back.model.decoder->block.style.position == scenario.model.decoder->block.style.position);
    CHECK(back.model.decoder->block.style.hidden_dropout == scenario.model.decoder->block.style.hidden_dropout);
  }
}

TEST_CASE("without an argument Megatron-LM's default holds, not that of a scenario", "[unit]") {
  const std::string least =
      "torchrun --nproc-per-node 8 pretrain_gpt.py --num-layers 4 --hidden-size 768 --num-attention-heads 8 "
      "--seq-length 128 --vocab-size 1000 --micro-batch-size 1 --global-batch-size 16 ";
  const Scenario gated = scenario_of(least + "--swiglu");
  CHECK(gated.model.decoder->block.mlp_size == Count(2048));  // 8 h / 3, in whole 64s
  CHECK(gated.model.decoder->block.style.mlp_bias);
  CHECK(gated.model.decoder->block.style.norm == NormKind::LayerNorm);
  CHECK(gated.model.decoder->style.tied_embedding);
  CHECK(gated.cluster.gpus == 8);
  CHECK_THROWS_WITH(scenario_of(least.substr(least.find("--num-layers"))), ContainsSubstring("cluster.gpus: missing"));
  CHECK_THROWS_WITH(scenario_of(least + "--attention-dropout 0"), ContainsSubstring("together with --hidden-dropout"));
  CHECK_THROWS_WITH(scenario_of(least + "--pipeline-model-parallel-layout E(t|)*3L"),
                    ContainsSubstring("expected E, t, L and |"));
}

TEST_CASE("query groups belong to grouped-query attention, which has one group where none are said", "[unit]") {
  const std::string least =
      "torchrun --nproc-per-node 8 pretrain_gpt.py --num-layers 4 --hidden-size 768 --num-attention-heads 8 "
      "--seq-length 128 --vocab-size 1000 --micro-batch-size 1 --global-batch-size 16 ";
  const auto kv_heads = [&](const std::string& more) { return scenario_of(least + more).model.decoder->block.kv_heads; };
  CHECK(kv_heads("") == Count(8));
  CHECK(kv_heads("--group-query-attention") == Count(1));
  CHECK(kv_heads("--group-query-attention --num-query-groups 4") == Count(4));
  CHECK_THROWS_WITH(kv_heads("--num-query-groups 4"), ContainsSubstring("with --group-query-attention only"));
}

TEST_CASE("without a global batch each data-parallel rank runs one micro-batch", "[unit]") {
  const Scenario scenario = scenario_of(
      "torchrun --nnodes 2 --nproc-per-node 8 pretrain_gpt.py --num-layers 4 --hidden-size 768 --num-attention-heads 8 "
      "--seq-length 128 --vocab-size 1000 --micro-batch-size 3 --tensor-model-parallel-size 2 --pipeline-model-parallel-size 2");
  CHECK(scenario.parallel.data == 4);
  CHECK(scenario.training.global_batch == 4 * 3);
  CHECK(scenario.parallel.micro_batches == 1);
}

TEST_CASE("an argument that is not modelled is refused by name and line, all at once", "[unit]") {
  CHECK_THROWS_WITH(scenario_of("--num-experts 8"), ContainsSubstring("launch.sh:1: --num-experts: not modelled"));
  CHECK_THROWS_WITH(scenario_of("--num-layers 8\n--num-experts 8\n--fp8-format hybrid"),
                    ContainsSubstring("launch.sh:2: --num-experts: not modelled; nor --fp8-format (line 3)"));
  CHECK_THROWS_WITH(scenario_of("--num-layerz 8"), ContainsSubstring("did you mean 'num-layers'?"));
  CHECK_THROWS_WITH(scenario_of("--num-layers"), ContainsSubstring("expected a value"));
  CHECK_THROWS_WITH(scenario_of("--nnodes x"), ContainsSubstring("expected a positive integer"));
  CHECK_THROWS_WITH(
      scenario_of("--normalization Layernorm"),
      ContainsSubstring("--normalization: expected one of RMSNorm, LayerNorm (others are not modelled), got 'Layernorm'"));
}

TEST_CASE("a launch script with variables and arrays is the launch that the shell would make", "[unit]") {
  const Scenario scenario = scenario_of(R"(#!/bin/bash
#SBATCH --nodes=64
export CUDA_DEVICE_MAX_CONNECTIONS=1
module load cuda --quiet
TP=2
GPUS=${GPUS_PER_NODE:-8}
mkdir -p $LOGS
MODEL=(
    --num-layers 4       # of the small one
    --hidden-size 768
    # --recompute-activations
    --num-attention-heads 8
)
SIZES="--seq-length 128 --vocab-size 1000 \
       --micro-batch-size 1 --global-batch-size 16"
srun --output=$LOGS/log.txt --ntasks 2 torchrun --nproc-per-node $GPUS --nnodes 2 --master_addr $MASTER_ADDR ${MEGATRON}/pretrain_gpt.py \
    ${MODEL[@]} \
    $SIZES --tensor-model-parallel-size $TP --bf16 --save $SAVE
)");
  CHECK(scenario.cluster.gpus == 16);
  CHECK(scenario.parallel.tensor == 2);
  CHECK(scenario.parallel.recompute == Recompute::None);  // it stands in a comment
  CHECK(scenario.model.decoder->block.layers == Count(4));
  CHECK(scenario.training.sequence_length == 128);
}

TEST_CASE("a variable that the script does not set is told where its value matters", "[unit]") {
  CHECK_THROWS_WITH(scenario_of("torchrun --nnodes $NODES"),
                    ContainsSubstring("launch.sh:1: --nnodes: expected a value, got '$NODES' (NODES is not set in this file)"));
  CHECK_THROWS_WITH(scenario_of("N=2\nif [ $BIG = 1 ]; then N=4; fi\ntorchrun --nnodes $N --num-layers 4"),
                    ContainsSubstring("--nnodes: expected a value, got '4' (N is set under a condition, on line 2)"));
  CHECK_THROWS_WITH(scenario_of("if [ $BIG = 1 ]; then L=4; fi\nsh -c \"torchrun --num-layers $L\""),
                    ContainsSubstring("--num-layers: expected a value, got '4' (L is set under a condition, on line 1)"));
  CHECK_THROWS_WITH(scenario_of("L=$1\ntorchrun --num-layers $L"),
                    ContainsSubstring("launch.sh:2: --num-layers: expected a value, got '$1' (it is an argument of the script)"));
  CHECK_THROWS_WITH(scenario_of("torchrun --num-layers 4 $MORE"),
                    ContainsSubstring("launch.sh:1: $MORE: MORE is not set in this file: arguments that it holds are not known"));
}
