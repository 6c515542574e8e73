// SPDX-License-Identifier: Apache-2.0
#include "report/plan_words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace mfusim {
namespace {

std::string plural(std::int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : std::string_view(what).ends_with("ch") ? "es" : "s");
}

std::string pipeline_words(const Result::Plan& plan) {
  const std::string chunks = plan.virtual_stages > 1 ? fmt::format(", {} virtual stages a rank", plan.virtual_stages) : "";
  const std::string limit =
      plan.memory_limit > 0 ? fmt::format(", at most {} in a stage", plural(plan.memory_limit, "micro-batch")) : "";
  return fmt::format("pipeline {} ({}{}{})", plan.pipeline, plan.schedule, chunks, limit);
}

std::string data_words(const Result::Plan& plan) {
  if (plan.zero == 0) return fmt::format("data {}", plan.data);
  const std::string group = plan.shard_group == plan.data ? "" : fmt::format(" over {}", plan.shard_group);
  return fmt::format("data {} (ZeRO-{}{})", plan.data, plan.zero, group);
}

}  // namespace

std::string plan_words(const Result::Plan& plan) {
  std::vector<std::string> dimensions;
  if (plan.tensor > 1)
    dimensions.push_back(fmt::format("tensor {}{}", plan.tensor, plan.sequence ? " with sequence parallelism" : ""));
  if (plan.pipeline > 1) dimensions.push_back(pipeline_words(plan));
  if (plan.context > 1) dimensions.push_back(fmt::format("context {} ({})", plan.context, plan.context_exchange));
  if (plan.data > 1) dimensions.push_back(data_words(plan));
  if (dimensions.empty()) dimensions.emplace_back("one GPU");
  const std::string recompute = plan.recompute == "none" ? "nothing recomputed" : plan.recompute + " recomputation";
  const std::string order = plan.rank_order.empty() ? "" : ", ranks numbered " + plan.rank_order;
  return fmt::format("{}{}; {} of {}; {}", fmt::join(dimensions, " x "), order, plural(plan.micro_batches, "micro-batch"),
                     plural(plan.micro_batch, "sample"), recompute);
}

std::string grid_words(const Result::Plan& plan) {
  std::string words = fmt::format("tensor {} x pipeline {}", plan.tensor, plan.pipeline);
  if (plan.context > 1) words += fmt::format(" x context {}", plan.context);
  return words + fmt::format(" x data {}", plan.data);
}

std::string stages_words(const Result::Plan& plan) {
  return fmt::format("{}", fmt::join(plan.stages, ", "));
}

}  // namespace mfusim
