// SPDX-License-Identifier: Apache-2.0
#include "report/schema.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

json section(const std::string& description, json properties, const std::vector<std::string>& required = {}) {
  json object{
      {"type", "object"}, {"description", description}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) object["required"] = required;
  return object;
}

json with_default(json key, json value) {
  if (!value.is_null()) key["default"] = std::move(value);
  return key;
}

json count(const std::string& description, json value = nullptr) {
  return with_default({{"type", "integer"}, {"minimum", 1}, {"description", description}}, std::move(value));
}
json flag(const std::string& description, json value = nullptr) {
  return with_default({{"type", "boolean"}, {"description", description}}, std::move(value));
}
json word(const std::string& description, const std::vector<std::string>& choices, json value = nullptr) {
  return with_default({{"enum", choices}, {"description", description}}, std::move(value));
}
json quantity(const std::string& description, const std::string& example) {
  return {{"type", "string"}, {"description", description + ", with its unit"}, {"examples", {example}}};
}
json name_or(const std::string& description, const std::vector<std::string>& known, json other) {
  return {{"description", description}, {"anyOf", {json{{"enum", known}}, std::move(other)}}};
}

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

json fsdp() {
  const auto depth = [](const std::string& description) {
    return json{{"type", "integer"}, {"minimum", 0}, {"maximum", 64}, {"default", 1}, {"description", description}};
  };
  return section("How the parameters of ZeRO-3 come and go, block by block",
                 {{"reshard_after_forward", flag("Blocks are given up after forward and gathered again", true)},
                  {"forward_prefetch", depth("Blocks gathered ahead of the one that computes")},
                  {"backward_prefetch", depth("The same in backward; 0: behind the block before")}});
}

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

json workload() {
  const json phase = section("Iterations with the same inputs",
                             {{"iterations", count("Training steps")},
                              {"image_size", count("Pixels of an image's side (default: the scenario's)")},
                              {"text_length", count("Tokens of a text (default: the scenario's)")}},
                             {"iterations"});
  const json share{{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}};
  const auto shares = [&](const char* description) {
    return json{{"type", "object"},
                {"description", description},
                {"patternProperties", {{"^[1-9][0-9]*$", share}}},
                {"additionalProperties", false}};
  };
  const json distribution =
      section("Instead of phases: samples that differ, drawn batch by batch",
              {{"iterations", count("Training steps")},
               {"image_size", shares("Pixels of an image's side: share of the samples; they sum to 1")},
               {"text_length", shares("Tokens of a text: share of the samples; they sum to 1")},
               {"seed", {{"type", "integer"}, {"minimum", 0}, {"default", 1}, {"description", "Which batches"}}}},
              {"iterations"});
  return section(
      "Inputs that change during the run, for `mfusim split`",
      {{"phases", {{"type", "array"}, {"items", phase}, {"description", "One after the other"}}},
       {"trace", {{"type", "string"}, {"description", "Instead of phases: a CSV file with iterations,image_size,text_length"}}},
       {"distribution", distribution},
       {"reallocate_every", count("Iterations between reallocations (default: the best of 10, 100, 1000 ...)")},
       {"rebuild", quantity("Stop for new communicators, loaders and allocations at each reallocation "
                            "(default 30 s)",
                            "30 s")}});
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

json stack_settings() {
  return section("Overrides of single settings of the stack; docs/stacks.md says what each means",
                 {{"weights", word("Type of the weights between steps", {"autocast", "master-copy", "sharded-cast"})},
                  {"gradients", word("Type in which gradients are kept and reduced", {"fp32", "precision", "fp32-with-bf16"})},
                  {"gradient_reduction", word("Type in which gradients are sent", {"fp32", "precision", "fp32-with-bf16"})},
                  {"reduction_buffers", word("Where gradients stand while reduced", {"in-place", "copy", "buckets"})},
                  {"copies_units", flag("Gathered units are copied out, gradients copied in")},
                  {"flat_units", flag("Gradients of a unit are joined into a flat one, converted and divided")},
                  {"optimizer_kernels", word("How the update runs", {"fused", "foreach", "loop"})},
                  {"gradient_copies", word("What else is done to gradients", {"none", "buckets", "buckets-and-sums"})},
                  {"weight_gradient_sum", word("Sum over the micro-batches", {"fused", "separate", "converted", "after-first"})},
                  {"pipeline_exchange", word("Two transfers between neighbours", {"at-once", "in-turn"})},
                  {"sharded_reduction", word("Where ZeRO-1 sums gradients", {"to-owners", "whole", "whole-with-bf16"})},
                  {"selective_recompute", word("What selective recomputation runs again", {"attention", "every-second-product"})},
                  {"gathers_at_update", flag("ZeRO-1 and 2 gather new weights in the open")},
                  {"pipeline_overlap", word("Phases that pp_overlap reaches", {"all", "steady"})},
                  {"matrix_library", word("Release of the library of products", {"cublas-11.6", "cublas-11.7"})},
                  {"eager_cross_entropy", flag("Logits are copied to fp32 and kept")},
                  {"unfused", section("Operators that are eager whatever fused_operators says",
                                      {{"rms_norm", flag("RMSNorm", false)},
                                       {"rotary", flag("Rotary positions", false)},
                                       {"gated_activation", flag("SwiGLU, GeGLU", false)},
                                       {"repeated_fp32_norms", flag("Norms in fp32, again in backward", false)}})},
                  {"launch", word("Whether the host can be the bottleneck", {"eager", "graph"})},
                  {"async_tensor_backward", flag("Input-gradient exchange under the weight-gradient product")},
                  {"gradient_bucket", quantity("Gradients are reduced in buckets of this size", "25 MiB")},
                  {"point_to_point_host_cost", quantity("Host time of a blocking pipeline exchange", "220 us")},
                  {"tp_overlap_chunks", count("Pieces of an overlapped tensor collective")},
                  {"step_host_cost", quantity("Host work a step that nothing overlaps", "5 ms")},
                  {"framework_memory", quantity("CUDA context and what libraries hold outside the allocator", "2 GB")},
                  {"fragmentation",
                   {{"type", "number"},
                    {"minimum", 0},
                    {"maximum", 1},
                    {"description", "Allocator's reserve beyond its tensors, as a share of those that come and go"}}},
                  {"keeps_stage_outputs", flag("A stage's output stays until its gradient comes")},
                  {"recorded_collectives", word("Collectives whose tensors the allocator holds back until they have run",
                                                {"none", "asynchronous", "all"})},
                  {"flat_update_gradients", flag("16-bit gradients are copied flat and converted to fp32 for the update")},
                  {"startup_gradient_buffer", flag("A second gradient buffer is allocated before the first step")},
                  {"keeps_pass_gradients", flag("16-bit gradients of a pass stand beside the fp32 sums")},
                  {"live_parameters", count("ZeRO-3 keeps gathered parameters up to this many")}});
}

json ablation() {
  json published = section("What was published for this step; never read by the simulation",
                           {{"mfu", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Published MFU"}}},
                            {"iteration_time", quantity("Published step time", "13.5 s")},
                            {"source", {{"type", "string"}, {"description", "Where it was published"}}}},
                           {"source"});
  json step = section("One technique on top of those before",
                      {{"name", {{"type", "string"}, {"description", "What it is called in the answer"}}},
                       {"set", {{"type", "object"}, {"description", "path.to.key: value, any key of the scenario"}}},
                       {"measured", published}},
                      {"name", "set"});
  return section("Steps for `mfusim ablate`; a run answers for the baseline",
                 {{"baseline", {{"type", "string"}, {"description", "Name of the scenario without any step"}}},
                  {"steps", {{"type", "array"}, {"items", step}, {"description", "In their order"}}}});
}

json measured() {
  json object = section("A published measurement to hold the prediction against; never read by the simulation",
                        {{"iteration_time", quantity("Measured step time", "14.83 s")},
                         {"mfu", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", "Measured MFU"}}},
                         {"memory", quantity("Measured peak of the fullest GPU", "58 GB")},
                         {"memory_figure", word("What that figure counts", {"allocated", "reserved", "device"})},
                         {"source", {{"type", "string"}, {"description", "Where it was published"}}}});
  object.erase("additionalProperties");
  return object;
}

json sweep() {
  const json name_of_objective =
      word("What is best", {"step_time", "mfu", "samples_per_s", "samples_per_gpu_hour", "cost", "gpus", "memory_headroom"});
  json objective = name_of_objective;
  objective["default"] = "step_time";
  return section(
      "The space around this scenario, for `mfusim sweep` (docs/sweep.md)",
      {{"axes",
        {{"type", "object"},
         {"description",
          "Key of the scenario (parallel.tensor) to its values: a list, {from, to, times}, {from, to, step}, "
          "{divisors: number or key} or auto"}}},
       {"constraints",
        {{"type", "array"}, {"items", {{"type", "string"}}}, {"description", "Conditions, as tensor * pipeline <= 64"}}},
       {"objective", objective},
       {"pareto", {{"type", "array"}, {"items", name_of_objective}, {"description", "Objectives of a Pareto front"}}},
       {"price_per_gpu_hour", {{"type", "object"}, {"description", "Price by GPU name, for the cost"}}},
       {"largest", count("Most configurations without --limit", 5000000)}},
      {"axes"});
}

/// A list of scenarios over a common base: the keys of a scenario, and a name.
json cases(const json& properties) {
  json keys{{"id", {{"type", "string"}, {"description", "Name of the case"}}}};
  for (const auto& [name, value] : properties.items()) keys[name] = {{"$ref", "#/properties/" + name}};
  return {{"type", "array"},
          {"description", "Many scenarios in one file, each over the keys beside this one; for `mfusim validate`"},
          {"items", section("One of them", std::move(keys), {"id"})}};
}

/// What a scenario must have, unless another file or its cases bring it.
json whole() {
  const auto needs = [](const std::vector<std::string>& keys) { return json{{"required", keys}}; };
  return {{"if", {{"not", {{"anyOf", {needs({"extends"}), needs({"cases"})}}}}}},
          {"then",
           {{"required", {"model", "cluster", "training"}},
            {"properties",
             {{"cluster", needs({"gpu", "gpus"})}, {"training", needs({"global_batch"})}, {"measured", needs({"source"})}}}}}};
}

}  // namespace

void write_schema(std::ostream& out, const SchemaNames& names) {
  const json inline_model{{"type", "object"}, {"description", "A model written inline; docs/models.md lists the keys"}};
  json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "mfusim scenario"}};
  schema.update(section("One question to mfusim",
                        {{"description", {{"type", "string"}, {"description", "For people; nothing reads it"}}},
                         {"extends", {{"type", "string"}, {"description", "Another scenario that this one builds on"}}},
                         {"model", name_or("Catalog name, path of a config.json, or a mapping", names.models,
                                           {{"anyOf", {json{{"type", "string"}, {"pattern", "\\.json$"}}, inline_model}}})},
                         {"cluster", cluster(names)},
                         {"training", training()},
                         {"parallel", parallel(names)},
                         {"techniques", techniques()},
                         {"stack", word("Software stack: state, launches, overlaps", names.stacks)},
                         {"stack_settings", stack_settings()},
                         {"towers", towers()},
                         {"workload", workload()},
                         {"data", data()},
                         {"variation", variation()},
                         {"ablation", ablation()},
                         {"measured", measured()},
                         {"sweep", sweep()}}));
  schema["properties"]["cases"] = cases(schema["properties"]);
  schema.update(whole());
  out << schema.dump(2) << '\n';
}

}  // namespace mfusim
