// SPDX-License-Identifier: Apache-2.0
#include "sim/read_sharding.hpp"

#include "sim/check_plan.hpp"
#include "sim/placement.hpp"

#include <fmt/format.h>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, RankOrder>> orders{{"tp-cp-dp-pp", RankOrder::DataBeforePipeline},
                                                            {"tp-cp-pp-dp", RankOrder::PipelineBeforeData}};

const std::vector<std::pair<std::string, ContextExchange>> exchanges{
    {"ring", ContextExchange::Ring}, {"all-to-all", ContextExchange::AllToAll}, {"all-gather", ContextExchange::AllGather}};

[[noreturn]] void fail_in_plan(Reader& root, std::string_view key, const std::string& rule) {
  if (std::optional<Reader> reader = root.child_if("parallel")) reader->fail(key, rule);
  root.fail("parallel", fmt::format("{}: {}", key, rule));
}

int depth(Reader& reader, std::string_view key) {
  constexpr std::int64_t deepest = 64;
  const std::int64_t units = reader.non_negative_int(key, 1);
  if (units > deepest) reader.fail(key, fmt::format("expected at most {} units, got {}", deepest, units));
  return static_cast<int>(units);
}

FullSharding read_fsdp(Reader reader) {
  FullSharding sharding;
  sharding.reshard_after_forward = reader.boolean("reshard_after_forward", true);
  sharding.forward_prefetch = depth(reader, "forward_prefetch");
  sharding.backward_prefetch = depth(reader, "backward_prefetch");
  reader.reject_unknown_keys();
  return sharding;
}

void check_all_to_all(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  const BlockSpec<Count>& block = scenario.model.decoder->block;
  const std::int64_t heads = block.heads.value() / plan.tensor;
  const std::int64_t kv_heads = block.kv_heads.value() / plan.tensor;
  if (heads % plan.context != 0 || kv_heads % plan.context != 0) {
    fail_in_plan(
        root, "context_exchange",
        fmt::format("all-to-all divides heads: context ({}) does not divide heads / tensor ({}) and kv_heads / tensor ({})",
                    plan.context, heads, kv_heads));
  }
}

void check_context(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (plan.context == 1) return;
  if (!scenario.model.decoder)
    fail_in_plan(root, "context", fmt::format("context parallelism of two-tower models is not modelled, got {}", plan.context));
  const std::int64_t sequence = scenario.training.sequence_length.value_or(1);
  const std::int64_t pieces = std::int64_t{2} * plan.context * (plan.sequence ? plan.tensor : 1);
  if (sequence % pieces != 0) {
    fail_in_plan(root, "context",
                 fmt::format("2 x context{} ({}) does not divide training.sequence_length ({}): each rank holds two pieces, so "
                             "that causal attention is even",
                             plan.sequence ? " x tensor" : "", pieces, sequence));
  }
  if (scenario.techniques.attention == AttentionKernel::Unfused)
    fail_in_plan(root, "context",
                 fmt::format("context {} needs flash attention: techniques.flash_attention is false", plan.context));
  if (scenario.techniques.sliding_window || scenario.model.decoder->block.window)
    fail_in_plan(root, "context", fmt::format("context {} with a sliding window is not modelled", plan.context));
  if (scenario.variation)
    fail_in_plan(root, "context", fmt::format("context {} with ranks that vary is not modelled", plan.context));
  if (plan.context_exchange == ContextExchange::AllToAll) check_all_to_all(root, scenario);
}

/// Sharded parameters of two towers come and go in one order: the towers share the GPUs, and a step has one micro-batch.
void check_towers(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (!shards_parameters(plan) || !scenario.tower_plans.empty()) return;  // own plans: sim/read_towers.cpp
  if (scenario.placement != TowerPlacement::Colocated)
    fail_in_plan(root, "zero",
                 fmt::format("3 is modelled for colocated and disjoint towers, got {}", to_string(scenario.placement)));
  if (plan.micro_batches > 1) {
    fail_in_plan(root, "zero",
                 fmt::format("{} with an accumulated contrastive loss is not modelled: expected 1 micro-batch, got {}", plan.zero,
                             plan.micro_batches));
  }
}

}  // namespace

std::string to_string(ContextExchange exchange) {
  for (const auto& [word, value] : exchanges) {
    if (value == exchange) return word;
  }
  throw std::logic_error("unhandled ContextExchange");
}

std::string to_string(RankOrder order) {
  for (const auto& [word, value] : orders) {
    if (value == order) return word;
  }
  throw std::logic_error("unhandled RankOrder");
}

void read_sharding(Reader& parallel, ParallelPlan& plan) {
  const std::int64_t zero = parallel.non_negative_int("zero", 0);
  constexpr int highest = 3;
  if (zero > highest) parallel.fail("zero", fmt::format("ZeRO has stages 0 to {}, got {}", highest, zero));
  plan.zero = static_cast<int>(zero);
  if (plan.zero == highest) {
    plan.sharding = read_fsdp(parallel.child_or_empty("fsdp"));
  } else if (parallel.has("fsdp")) {
    parallel.fail("fsdp", fmt::format("belongs to zero 3, got zero {}", plan.zero));
  }
}

void read_context(Reader& parallel, ParallelPlan& plan) {
  plan.context = static_cast<int>(checked_size(parallel, "context", parallel.positive_int("context", 1)));
  plan.context_exchange = plan.context > 1 ? parallel.choice("context_exchange", exchanges, "ring") : ContextExchange::Ring;
  if (plan.context == 1 && parallel.has("context_exchange"))
    parallel.fail("context_exchange", "there is nothing to exchange: context is 1");
  plan.rank_order = parallel.choice("rank_order", orders, "tp-cp-dp-pp");
}

void complete_sharding(Reader& parallel, ParallelPlan& plan) {
  const int ranks = gradient_ranks(plan);
  plan.shard_group = ranks;
  if (parallel.has("shard_group")) {
    plan.shard_group = static_cast<int>(checked_size(parallel, "shard_group", parallel.positive_int("shard_group")));
    if (plan.zero == 0)
      parallel.fail("shard_group", fmt::format("zero 0 shards nothing: expected no shard_group, got {}", plan.shard_group));
  } else if (plan.zero > 0) {
    parallel.note_default("shard_group", fmt::format("{}", ranks));
  }
  if (ranks % plan.shard_group != 0) {
    parallel.fail("shard_group", fmt::format("{} does not divide the ranks that reduce gradients (data x context = {} x {})",
                                             plan.shard_group, plan.data, plan.context));
  }
  if (plan.zero > 1 && plan.pipeline > 1) {
    parallel.fail("zero",
                  fmt::format("ZeRO-{} with pipeline {} is not modelled: DeepSpeed refuses it, Megatron-LM has ZeRO-1 there",
                              plan.zero, plan.pipeline));
  }
}

void check_sharding(Reader& root, const Scenario& scenario) {
  const ParallelPlan& plan = scenario.parallel;
  if (scenario.stack.weights == WeightState::ShardedCast && !shards_parameters(plan)) {
    fail_in_plan(root, "zero",
                 fmt::format("stack {} shards parameters: expected 3 (with fsdp.reshard_after_forward: false for what it calls "
                             "SHARD_GRAD_OP), got {}",
                             scenario.stack.name, plan.zero));
  }
  if (is_contrastive(scenario.model)) check_towers(root, scenario);
  check_context(root, scenario);
}

}  // namespace mfusim
