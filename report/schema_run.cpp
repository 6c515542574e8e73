// SPDX-License-Identifier: Apache-2.0
// What one run asks: the machine, the batch, the plan.
#include "report/schema_sections.hpp"

namespace mfusim::schema {

json cluster(const SchemaNames& names) {
  const json inline_network =
      section("A network written inline", {{"nics_per_node", count("Network cards of a node")},
                                           {"bandwidth", quantity("Line rate of one, per direction", "200 Gb/s")}});
  json open_network = inline_network;
  open_network.erase("additionalProperties");  // further keys: `mfusim hardware NETWORK` lists them
  return section("The GPUs and what joins them",
                 {{"gpu", word("GPU, from `mfusim hardware`", names.gpus)},
                  {"gpus", count("GPUs of the job")},
                  {"gpus_per_node", count("GPUs of a node", 8)},
                  {"network", name_or("Between nodes; needed where there is more than one", names.networks, open_network)}});
}

json training() {
  return section(
      "One training step",
      {{"global_batch", count("Samples of the whole job: image-text pairs, or sequences")},
       {"micro_batch", count("Samples of one data-parallel rank in one pass (default: 1 for language models, otherwise all)")},
       {"text_length", count("Tokens of a text (default: the model's)")},
       {"sequence_length", count("Tokens of a sequence (default: the model's)")},
       {"image_size", count("Pixels of an image's side (default: the model's)")},
       {"patch_dropout",
        {{"type", "number"}, {"minimum", 0}, {"exclusiveMaximum", 1}, {"description", "Share of the patches left out (FLIP)"}}},
       {"precision", word("Of the matrix multiplies", {"bf16", "fp16", "tf32", "fp32"}, "bf16")},
       {"optimizer", word("Optimizer", {"adam", "adamw", "lamb", "sgd"}, "adamw")},
       {"parameters", word("Type that parameters are kept in (default: the stack's)", {"fp32", "bf16", "fp16"})},
       {"gradients", word("Type that gradients are kept and summed in (default: the stack's)", {"fp32", "bf16", "fp16"})},
       {"gradient_reduction", word("Type that gradients are sent in (default: the stack's)", {"fp32", "bf16", "fp16"})},
       {"master_weights", word("The optimizer's own copy (default: fp32 of 16-bit parameters)", {"fp32", "none"})},
       {"moments", word("Type of the optimizer's moments", {"fp32", "bf16", "fp16"}, "fp32")}});
}

namespace {

json fsdp() {
  const auto depth = [](const std::string& description) {
    return json{{"type", "integer"}, {"minimum", 0}, {"maximum", 64}, {"default", 1}, {"description", description}};
  };
  return section("How the parameters of ZeRO-3 come and go, block by block",
                 {{"reshard_after_forward", flag("Blocks are given up after forward and gathered again", true)},
                  {"forward_prefetch", depth("Blocks gathered ahead of the one that computes")},
                  {"backward_prefetch", depth("The same in backward; 0: behind the block before")}});
}

}  // namespace

json parallel(const SchemaNames& names) {
  return section(
      "Who does what: tensor x pipeline x context x data = GPUs",
      {{"tensor", count("Ranks that split each layer", 1)},
       {"sequence",
        {{"enum", {true, false, "auto"}},
         {"default", false},
         {"description",
          "They also split the tokens between the split regions; auto: where tensor is above 1 and the model has one tower"}}},
       {"pipeline", count("Stages", 1)},
       {"virtual_stages", count("Model chunks a stage", 1)},
       {"schedule", word("Order of the passes (default: interleaved-1f1b with virtual stages, otherwise 1f1b)", names.schedules)},
       {"memory_limit", count("zb-auto: micro-batches' activations that a stage may hold (default: pipeline)")},
       {"post_validation", flag("Zero-bubble schedules: the optimizer does not wait for the job's gradient norm", true)},
       {"stages",
        {{"type", "array"},
         {"items", {{"type", "integer"}, {"minimum", 0}}},
         {"description", "Layers of each model chunk, first to last (default: equal shares)"}}},
       {"first_stage_layers", count("Layers of the first stage; the others share the rest")},
       {"last_stage_layers", count("Layers of the last stage; the others share the rest")},
       {"account_for_embedding", flag("The embedding takes the place of a layer in the first chunk", false)},
       {"account_for_loss", flag("Logits and loss take the place of a layer in the last chunk", false)},
       {"data", {{"description", "Replicas, or auto: what the others leave"}, {"default", "auto"}}},
       {"zero",
        {{"enum", {0, 1, 2, 3}},
         {"default", 0},
         {"description", "ZeRO stage: 1 shards optimizer state, 2 and gradients, 3 and parameters"}}},
       {"shard_group", count("Ranks that ZeRO divides the state over; groups are replicas (default: all)")},
       {"fsdp", fsdp()},
       {"context", count("Ranks that divide each sequence", 1)},
       {"context_exchange", word("What they send for attention", {"ring", "all-to-all", "all-gather"}, "ring")},
       {"rank_order",
        word("Which groups are neighbours, innermost first: replicas or pipeline stages behind tensor and context ranks",
             {"tp-cp-dp-pp", "tp-cp-pp-dp"}, "tp-cp-dp-pp")},
       {"recompute", word("Activations computed again in backward", {"none", "selective", "full"}, "none")},
       {"recompute_method",
        word("Full recomputation: of groups of layers, or of the first layers of each chunk", {"uniform", "block"}, "uniform")},
       {"recompute_layers", count("Layers of a group (uniform), or recomputed layers of a chunk (block)", 1)}});
}

json techniques() {
  return section("Overrides of what the stack does by itself",
                 {{"parallel_block", flag("Attention and MLP side by side from one norm")},
                  {"sliding_window", count("Keys that a query sees (default: all)")},
                  {"tp_overlap", flag("Tensor collectives in pieces under their matrix multiply; needs parallel.sequence")},
                  {"pp_overlap", flag("Sends and receives under compute")},
                  {"dp_overlap", flag("Gradient reduction under backward, weight gathers under forward")},
                  {"flash_attention",
                   {{"enum", {false, 1, 2, 3, "transformer-engine"}},
                    {"description", "FlashAttention version; false: unfused; transformer-engine: its choice for the GPU"}}},
                  {"fused_operators", flag("Fused norm, activation and dropout kernels")},
                  {"async_data", flag("The next batch is loaded under this step")},
                  {"shared_loader", flag("One loader a node feeds all ranks of a tensor group")}});
}

namespace {

json tower_plan(const std::string& tower) {
  return section(
      "Own plan of the " + tower + " tower (disjoint, two-grid)",
      {{"gpus", count("GPUs of the tower (default for text: what vision leaves)")},
       {"micro_batch", count("Samples of one data-parallel rank in one pass (default: all of them)")},
       {"parallel", section("Over the parallel section",
                            {{"tensor", count("Ranks that split each layer")},
                             {"zero", {{"enum", {0, 1, 2, 3}}, {"description", "ZeRO stage; 3 where disjoint"}}},
                             {"pipeline", count("Stages of the tower (disjoint only)")},
                             {"virtual_stages", count("Model chunks a stage")},
                             {"schedule", word("gpipe keeps the activations of all micro-batches until the loss; the others "
                                               "keep features, and run forward a second time",
                                               {"gpipe", "1f1b", "interleaved-1f1b"})},
                             {"recompute", word("Activations computed again in backward", {"none", "selective", "full"})}})}});
}

}  // namespace

json towers() {
  return section("Two-tower models",
                 {{"placement", word("Where the towers run: one after the other on every GPU, beside one another on every GPU, "
                                     "on GPUs of their own, or each on all GPUs by a grid of its own",
                                     {"colocated", "two-streams", "disjoint", "two-grid"}, "colocated")},
                  {"loss", word("What a rank scores: its samples against the gathered batch, the whole batch, or blocks that go "
                                "round (sigmoid loss)",
                                {"local", "global", "ring"}, "local")},
                  {"freeze", word("A tower that is not trained", {"none", "vision", "text"}, "none")},
                  {"vision", tower_plan("vision")},
                  {"text", tower_plan("text")}});
}

json data() {
  return section("The input path; a rate that is not given does not limit",
                 {{"bytes_per_sample", quantity("Read from storage for a sample", "150 kB")},
                  {"storage_per_node", quantity("Storage rate of a node", "2 GB/s")},
                  {"decode_per_node", quantity("Decoding rate of a node", "20000 samples/s")}});
}

json variation() {
  const auto seed = [](const std::string& description) {
    return json{{"type", "integer"}, {"minimum", 0}, {"description", description}, {"default", 1}};
  };
  const json slowdown{{"type", "number"}, {"minimum", 1}, {"description", "Their kernels last so many times longer"}};
  const json fraction{{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Share of the nodes"}};
  const json slow_rank =
      section("A slow GPU",
              {{"rank", {{"type", "integer"}, {"minimum", 0}, {"description", "Number of the GPU"}}}, {"slowdown", slowdown}},
              {"rank", "slowdown"});
  const json deviation{{"type", "number"},
                       {"minimum", 0},
                       {"maximum", 1},
                       {"description", "Standard deviation of a pass's time, relative to its mean"}};
  const json jitter = section("Passes of each rank that last a random time; each replica is then simulated on its own",
                              {{"relative_deviation", deviation},
                               {"distribution", word("Of the factor, with mean 1", {"lognormal", "gamma"}, "lognormal")},
                               {"seed", seed("Which draws")},
                               {"samples", count("Steps drawn, for a mean and a spread; at most 1000", 1)}},
                              {"relative_deviation"});
  return section("Ranks that are slower than the others: one of slow_nodes and slow_ranks, or jitter, or both",
                 {{"slow_nodes", section("A share of the nodes, chosen by a seed",
                                         {{"fraction", fraction}, {"slowdown", slowdown}, {"seed", seed("Which ones")}})},
                  {"slow_ranks", {{"type", "array"}, {"items", slow_rank}, {"description", "Single GPUs"}}},
                  {"jitter", jitter}});
}

}  // namespace mfusim::schema
