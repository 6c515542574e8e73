// SPDX-License-Identifier: Apache-2.0
// Settings of a software stack.
#include "report/schema_sections.hpp"

namespace mfusim::schema {

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
                  {"logits_traffic", section("What the loss of a language model moves for each 16-bit logit",
                                             {{"forward", quantity("Forward, with what else looks at the logits", "4 B")},
                                              {"backward", quantity("Backward", "4 B")}})},
                  {"unfused", section("Operators that are eager whatever fused_operators says",
                                      {{"rms_norm", flag("RMSNorm", false)},
                                       {"rotary", flag("Rotary positions", false)},
                                       {"gated_activation", flag("SwiGLU, GeGLU", false)},
                                       {"separate_gates", flag("Gate and values of it are two products", false)},
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

}  // namespace mfusim::schema
