// SPDX-License-Identifier: Apache-2.0
#include "sim/stack.hpp"

#include "base/document.hpp"
#include "base/nearest.hpp"
#include "hardware/gpu_model.hpp"
#include "sim/check_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <map>

namespace mfusim {

namespace embedded {
const std::map<std::string_view, std::string_view>& stacks();
}

namespace {

const std::vector<std::pair<std::string, WeightState>> weight_states{
    {"autocast", WeightState::Autocast}, {"master-copy", WeightState::MasterCopy}, {"sharded-cast", WeightState::ShardedCast}};
const std::vector<std::pair<std::string, GradientState>> gradient_states{
    {"fp32", GradientState::Fp32}, {"precision", GradientState::Precision}, {"fp32-with-bf16", GradientState::Fp32WithBf16}};
const std::vector<std::pair<std::string, ReductionBuffers>> buffer_states{
    {"in-place", ReductionBuffers::InPlace}, {"copy", ReductionBuffers::Copy}, {"buckets", ReductionBuffers::Buckets}};
const std::vector<std::pair<std::string, OptimizerKernels>> optimizer_kernels{
    {"fused", OptimizerKernels::Fused}, {"foreach", OptimizerKernels::Foreach}, {"loop", OptimizerKernels::Loop}};
const std::vector<std::pair<std::string, GradientCopies>> gradient_copies{
    {"none", GradientCopies::None}, {"buckets", GradientCopies::Buckets}, {"buckets-and-sums", GradientCopies::BucketsAndSums}};
const std::vector<std::pair<std::string, WeightGradientSum>> weight_gradient_sums{{"fused", WeightGradientSum::Fused},
                                                                                  {"separate", WeightGradientSum::Separate},
                                                                                  {"converted", WeightGradientSum::Converted},
                                                                                  {"after-first", WeightGradientSum::AfterFirst}};
const std::vector<std::pair<std::string, PipelineExchange>> pipeline_exchanges{{"at-once", PipelineExchange::AtOnce},
                                                                               {"in-turn", PipelineExchange::InTurn}};
const std::vector<std::pair<std::string, PipelineOverlap>> pipeline_overlaps{{"all", PipelineOverlap::AllPhases},
                                                                             {"steady", PipelineOverlap::SteadyPhase}};
const std::vector<std::pair<std::string, ShardedReduction>> sharded_reductions{
    {"to-owners", ShardedReduction::ToOwners},
    {"whole", ShardedReduction::Whole},
    {"whole-with-bf16", ShardedReduction::WholeWithBf16}};
const std::vector<std::pair<std::string, RecordedCollectives>> recorded_collectives{
    {"none", RecordedCollectives::None}, {"asynchronous", RecordedCollectives::Asynchronous}, {"all", RecordedCollectives::All}};
const std::vector<std::pair<std::string, MatrixLibrary>> matrix_libraries{{"cublas-11.6", MatrixLibrary::Cublas116},
                                                                          {"cublas-11.7", MatrixLibrary::Cublas117}};
const std::vector<std::pair<std::string, SelectiveRecompute>> selective_recomputes{
    {"attention", SelectiveRecompute::Attention}, {"every-second-product", SelectiveRecompute::EverySecondProduct}};
const std::vector<std::pair<std::string, LaunchMode>> launch_modes{{"eager", LaunchMode::Eager}, {"graph", LaunchMode::Graph}};
using AttentionChoice = std::optional<AttentionKernel>;  // none: Transformer Engine's, which waits for the GPU
const std::vector<std::pair<std::string, AttentionChoice>> attention_choices{{"false", AttentionKernel::Unfused},
                                                                             {"1", AttentionKernel::Flash1},
                                                                             {"2", AttentionKernel::Flash2},
                                                                             {"3", AttentionKernel::Flash3},
                                                                             {"transformer-engine", std::nullopt}};

void read_attention(Reader& reader, const Techniques& of_stack, Techniques& techniques) {
  const AttentionChoice usual = of_stack.attention_by_gpu ? std::nullopt : AttentionChoice(of_stack.attention);
  const AttentionChoice choice = reader.choice("flash_attention", attention_choices, word_of(attention_choices, usual));
  techniques.attention_by_gpu = !choice;
  techniques.attention = choice.value_or(of_stack.attention);
}

std::optional<std::int64_t> read_window(Reader& reader) {
  return reader.has("sliding_window") ? std::optional(reader.positive_int("sliding_window")) : std::nullopt;
}

constexpr std::array setting_keys{"weights",
                                  "gradients",
                                  "launch",
                                  "async_tensor_backward",
                                  "gradient_bucket",
                                  "point_to_point_host_cost",
                                  "tp_overlap_chunks",
                                  "step_host_cost",
                                  "framework_memory",
                                  "fragmentation"};

/// `unfused: {rms_norm: true, ...}`; what is not named has a fused kernel.
EagerOperators read_unfused(Reader reader) {
  const EagerOperators unfused{.rms_norm = reader.boolean("rms_norm", false),
                               .rotary = reader.boolean("rotary", false),
                               .gated_activation = reader.boolean("gated_activation", false),
                               .separate_gates = reader.boolean("separate_gates", false),
                               .repeated_fp32_norms = reader.boolean("repeated_fp32_norms", false)};
  reader.reject_unknown_keys();
  return unfused;
}

LogitsTraffic read_logits_traffic(Reader reader) {
  const LogitsTraffic traffic{.forward = reader.quantity<Bytes>("forward"), .backward = reader.quantity<Bytes>("backward")};
  reader.reject_unknown_keys();
  return traffic;
}

/// Assumption: no library cuts a collective into more pieces than this (Transformer Engine: as many as ranks, or four); each is
/// a task of the simulation.
int read_overlap_chunks(Reader& reader) {
  constexpr std::int64_t most = 256;
  const std::int64_t chunks = reader.positive_int("tp_overlap_chunks");
  if (chunks > most) reader.fail("tp_overlap_chunks", fmt::format("expected at most {} pieces, got {}", most, chunks));
  return static_cast<int>(chunks);
}

/// Those settings that stand there.
void read_settings(Reader& reader, Stack& stack) {
  if (reader.has("weights")) stack.weights = reader.choice("weights", weight_states);
  if (reader.has("gradients")) stack.gradients = reader.choice("gradients", gradient_states);
  if (reader.has("gradient_reduction")) stack.reduction = reader.choice("gradient_reduction", gradient_states);
  if (reader.has("reduction_buffers")) stack.reduction_buffers = reader.choice("reduction_buffers", buffer_states);
  if (reader.has("copies_units")) stack.copies_units = reader.boolean("copies_units");
  if (reader.has("flat_units")) stack.flat_units = reader.boolean("flat_units");
  if (reader.has("launch")) stack.launch = reader.choice("launch", launch_modes);
  if (reader.has("async_tensor_backward")) stack.async_tensor_backward = reader.boolean("async_tensor_backward");
  if (reader.has("gradient_bucket")) stack.gradient_bucket = reader.quantity<Bytes>("gradient_bucket");
  if (reader.has("point_to_point_host_cost"))
    stack.point_to_point_host_cost = reader.quantity<Seconds>("point_to_point_host_cost");
  if (reader.has("tp_overlap_chunks")) stack.tp_overlap_chunks = read_overlap_chunks(reader);
  if (reader.has("step_host_cost")) stack.step_host_cost = reader.quantity<Seconds>("step_host_cost");
  if (reader.has("eager_cross_entropy")) stack.eager_cross_entropy = reader.boolean("eager_cross_entropy");
  if (reader.has("logits_traffic")) stack.logits_traffic = read_logits_traffic(reader.child("logits_traffic"));
  if (reader.has("optimizer_kernels")) stack.optimizer_kernels = reader.choice("optimizer_kernels", optimizer_kernels);
  if (reader.has("gradient_copies")) stack.gradient_copies = reader.choice("gradient_copies", gradient_copies);
  if (reader.has("weight_gradient_sum")) stack.weight_gradient_sum = reader.choice("weight_gradient_sum", weight_gradient_sums);
  if (reader.has("pipeline_overlap")) stack.pipeline_overlap = reader.choice("pipeline_overlap", pipeline_overlaps);
  if (reader.has("pipeline_exchange")) stack.pipeline_exchange = reader.choice("pipeline_exchange", pipeline_exchanges);
  if (reader.has("sharded_reduction")) stack.sharded_reduction = reader.choice("sharded_reduction", sharded_reductions);
  if (reader.has("gathers_at_update")) stack.gathers_at_update = reader.boolean("gathers_at_update");
  if (reader.has("matrix_library")) stack.matrix_library = reader.choice("matrix_library", matrix_libraries);
  if (reader.has("selective_recompute")) stack.selective_recompute = reader.choice("selective_recompute", selective_recomputes);
  if (reader.has("unfused")) stack.unfused = read_unfused(reader.child("unfused"));
  if (reader.has("framework_memory")) stack.framework_memory = reader.quantity<Bytes>("framework_memory");
  if (reader.has("fragmentation")) stack.fragmentation = reader.fraction("fragmentation");
  if (reader.has("keeps_stage_outputs")) stack.keeps_stage_outputs = reader.boolean("keeps_stage_outputs");
  if (reader.has("keeps_pass_gradients")) stack.keeps_pass_gradients = reader.boolean("keeps_pass_gradients");
  if (reader.has("recorded_collectives"))
    stack.recorded_collectives = reader.choice("recorded_collectives", recorded_collectives);
  if (reader.has("flat_update_gradients")) stack.flat_update_gradients = reader.boolean("flat_update_gradients");
  if (reader.has("startup_gradient_buffer")) stack.startup_gradient_buffer = reader.boolean("startup_gradient_buffer");
  if (reader.has("live_parameters")) stack.live_parameters = static_cast<double>(reader.positive_int("live_parameters"));
}

}  // namespace

Techniques read_techniques(Reader reader, const Techniques& of_stack) {
  Techniques techniques;
  techniques.parallel_block = reader.boolean("parallel_block", of_stack.parallel_block);
  techniques.sliding_window = read_window(reader);
  techniques.tp_overlap = reader.boolean("tp_overlap", of_stack.tp_overlap);
  techniques.pp_overlap = reader.boolean("pp_overlap", of_stack.pp_overlap);
  techniques.dp_overlap = reader.boolean("dp_overlap", of_stack.dp_overlap);
  read_attention(reader, of_stack, techniques);
  techniques.fused_operators = reader.boolean("fused_operators", of_stack.fused_operators);
  techniques.async_data = reader.boolean("async_data", of_stack.async_data);
  techniques.shared_loader = reader.boolean("shared_loader", of_stack.shared_loader);
  reader.reject_unknown_keys();
  return techniques;
}

Techniques choose_attention(Techniques techniques, const Gpu& gpu) {
  if (!techniques.attention_by_gpu) return techniques;
  const bool hopper = gpu.model->attention[static_cast<std::size_t>(AttentionKernel::Flash3)][0].has_value();
  techniques.attention = hopper ? AttentionKernel::Flash3 : AttentionKernel::Flash2;
  return techniques;
}

std::vector<std::string> stack_names() {
  std::vector<std::string> names;
  for (const auto& [file, text] : embedded::stacks()) names.emplace_back(file.substr(0, file.rfind('.')));
  return names;
}

Stack load_stack(std::string_view name) {
  const std::string file = fmt::format("{}.yaml", name);
  const auto entry = embedded::stacks().find(file);
  if (entry == embedded::stacks().end()) {
    const std::string nearest = suggestion(name, stack_names());
    const std::string hint = nearest.empty() ? "; `mfusim hardware` lists those that are known" : nearest;
    throw InputError(fmt::format("unknown stack '{}'{}", shown(name), hint));
  }
  const Node root = parse_yaml(entry->second, "stacks/" + file);
  Reader reader(root, "", nullptr);
  reader.allow("source");
  Stack stack;
  stack.name = name;
  for (const char* key : setting_keys) static_cast<void>(reader.at(key));  // a catalog file states them all
  read_settings(reader, stack);
  stack.techniques = read_techniques(reader.child("techniques"), Techniques{});
  reader.reject_unknown_keys();
  return stack;
}

void override_stack(Reader reader, Stack& stack) {
  read_settings(reader, stack);
  reader.reject_unknown_keys();
  std::vector<std::string> changes;
  for (const Node::Member& member : reader.node().members)
    changes.push_back(fmt::format("{}: {}", member.key, member.value.text));
  if (!changes.empty()) stack.name += fmt::format(" with {}", fmt::join(changes, ", "));
}

}  // namespace mfusim
