// SPDX-License-Identifier: Apache-2.0
#include "sim/read_pipeline.hpp"

#include "base/number.hpp"
#include "sim/check_plan.hpp"
#include "sim/pipeline_schedule.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

namespace mfusim {
namespace {

const std::vector<std::pair<std::string, RecomputeMethod>>& recompute_methods() {
  static const std::vector<std::pair<std::string, RecomputeMethod>> names{{"uniform", RecomputeMethod::Uniform},
                                                                          {"block", RecomputeMethod::Block}};
  return names;
}

const std::vector<std::pair<std::string, PipelineSchedule>>& schedules() {
  static const auto names = [] {
    std::vector<std::pair<std::string, PipelineSchedule>> all;
    for (const ScheduleKind& kind : schedule_kinds()) all.emplace_back(kind.name, kind.schedule);
    return all;
  }();
  return names;
}

using ChunkLayers = std::vector<std::int64_t>;

ChunkLayers listed_layers(Reader& parallel) {
  const Node& list = parallel.at("stages");
  if (list.kind != Node::Kind::Sequence)
    parallel.fail("stages", "expected a list of layer counts, one for each model chunk, got " + describe(list));
  ChunkLayers layers;
  for (const Node& item : list.items) {
    const std::optional<std::int64_t> value =
        item.kind == Node::Kind::Scalar && !item.quoted ? parse_integer(item.text) : std::nullopt;
    if (!value || *value < 0) parallel.fail("stages", "expected layer counts (0, 1, 2, ...), got " + describe(item));
    layers.push_back(checked_size(parallel, "stages", *value));
  }
  return layers;
}

ChunkLayers chosen_layers(Reader& parallel, std::int64_t chunks, std::int64_t layers) {
  ChunkLayers chosen = listed_layers(parallel);
  const auto given = static_cast<std::int64_t>(chosen.size());
  if (given != chunks)
    parallel.fail("stages", fmt::format("expected {} entries (pipeline x virtual_stages), got {}", chunks, given));
  const std::int64_t sum = std::accumulate(chosen.begin(), chosen.end(), std::int64_t{0});
  if (sum != layers) parallel.fail("stages", fmt::format("the entries sum to {}, model.layers is {}", sum, layers));
  return chosen;
}

/// A stage with its own number of layers, and the stages that share the rest.
ChunkLayers end_stage_layers(Reader& parallel, const ParallelPlan& plan, std::int64_t layers) {
  if (schedule_kind(plan.schedule).placement == ChunkPlacement::V) {
    const char* key = parallel.has("first_stage_layers") ? "first_stage_layers" : "last_stage_layers";
    parallel.fail(key,
                  fmt::format("{} has the first and the last chunk on one stage: say parallel.stages", to_string(plan.schedule)));
  }
  ChunkLayers of_stage(static_cast<std::size_t>(plan.pipeline));
  std::int64_t rest = layers;
  std::int64_t sharing = plan.pipeline;
  std::string_view key;
  const auto take = [&](std::string_view name, std::int64_t& stage) {
    if (!parallel.has(name)) return;
    key = name;
    stage = checked_size(parallel, name, parallel.positive_int(name));
    rest -= stage;
    --sharing;
  };
  take("last_stage_layers", of_stage.back());
  take("first_stage_layers", of_stage.front());
  if (rest < sharing || (sharing > 0 && rest % sharing != 0) || (sharing == 0 && rest != 0)) {
    parallel.fail(key, fmt::format("leaves {} of model.layers ({}) for {} stages: not the same whole number for each", rest,
                                   layers, sharing));
  }
  for (std::int64_t& stage : of_stage) {
    if (stage == 0) stage = rest / sharing;
    if (stage % plan.virtual_stages != 0)
      parallel.fail(key, fmt::format("virtual_stages ({}) does not divide a stage of {} layers", plan.virtual_stages, stage));
  }
  ChunkLayers shares;
  for (int chunk = 0; chunk < plan.virtual_stages; ++chunk) {
    for (const std::int64_t stage : of_stage) shares.push_back(stage / plan.virtual_stages);
  }
  return shares;
}

/// `embedding` and `loss` layers stand for what they are named after, at the two ends.
ChunkLayers accounted_layers(Reader& parallel, std::int64_t chunks, std::int64_t layers, std::int64_t embedding,
                             std::int64_t loss) {
  const std::int64_t counted = layers + embedding + loss;
  if (counted % chunks != 0) {
    parallel.fail(embedding > 0 ? "account_for_embedding" : "account_for_loss",
                  fmt::format("pipeline x virtual_stages ({}) does not divide {} layers with those counted in ({})", chunks,
                              layers, counted));
  }
  ChunkLayers shares(static_cast<std::size_t>(chunks), counted / chunks);
  shares.front() -= embedding;
  shares.back() -= loss;
  return shares;
}

void check_shares(Reader& parallel, const ChunkLayers& shares) {
  for (std::size_t i = 1; i + 1 < shares.size(); ++i) {
    if (shares[i] == 0)
      parallel.fail("stages",
                    fmt::format("chunk {} has 0 layers: only the first and the last may, in {}", i, fmt::join(shares, ", ")));
  }
}

}  // namespace

void read_schedule(Reader& parallel, ParallelPlan& plan) {
  std::int64_t default_chunks = 1;
  const Node* given = parallel.find("schedule");
  for (const ScheduleKind& kind : schedule_kinds()) {
    if (given != nullptr && given->text == kind.name) default_chunks = kind.default_chunks;
  }
  plan.virtual_stages =
      static_cast<int>(checked_size(parallel, "virtual_stages", parallel.positive_int("virtual_stages", default_chunks)));
  plan.schedule = parallel.choice("schedule", schedules(), plan.virtual_stages > 1 ? "interleaved-1f1b" : "1f1b");
  const bool splits = schedule_kind(plan.schedule).splits_backward;
  if (splits) {
    plan.post_validation = parallel.boolean("post_validation", true);
  } else if (parallel.has("post_validation") && parallel.boolean("post_validation")) {
    parallel.fail("post_validation", fmt::format("belongs to the zero-bubble schedules, got {}", to_string(plan.schedule)));
  }
  if (schedule_kind(plan.schedule).measured_order != nullptr) {
    plan.memory_limit = checked_size(parallel, "memory_limit", parallel.positive_int("memory_limit", plan.pipeline));
  } else if (parallel.has("memory_limit")) {
    parallel.fail("memory_limit",
                  fmt::format("belongs to schedules made to measure (zb-auto), got {}", to_string(plan.schedule)));
  }
}

void read_recompute(Reader& parallel, ParallelPlan& plan) {
  plan.recompute = parallel.choice("recompute", recompute_names(), "none");
  for (const char* key : {"recompute_method", "recompute_layers"}) {
    if (parallel.has(key) && plan.recompute != Recompute::Full)
      parallel.fail(key, fmt::format("belongs to recompute: full, got {}", to_string(plan.recompute)));
  }
  if (plan.recompute != Recompute::Full) return;
  plan.recompute_method = parallel.choice("recompute_method", recompute_methods(), "uniform");
  if (plan.recompute_method == RecomputeMethod::Block && !parallel.has("recompute_layers"))
    parallel.fail("recompute_layers", "missing: recompute_method block says how many layers of each chunk are recomputed");
  plan.recompute_layers = checked_size(parallel, "recompute_layers", parallel.positive_int("recompute_layers", 1));
}

std::vector<std::int64_t> read_chunk_layers(Reader& parallel, const ParallelPlan& plan, std::int64_t layers) {
  const std::int64_t chunks = std::int64_t{plan.pipeline} * plan.virtual_stages;
  const bool listed = parallel.has("stages");
  const bool ends = parallel.has("first_stage_layers") || parallel.has("last_stage_layers");
  const bool embedding = parallel.has("account_for_embedding") && parallel.boolean("account_for_embedding");
  const bool loss = parallel.has("account_for_loss") && parallel.boolean("account_for_loss");
  const char* first = listed ? "stages"
                      : ends ? (parallel.has("first_stage_layers") ? "first_stage_layers" : "last_stage_layers")
                             : "account_for_embedding";
  if ((listed ? 1 : 0) + (ends ? 1 : 0) + (embedding || loss ? 1 : 0) > 1) {
    parallel.fail(first,
                  "given together with another way to cut the layers: one of stages, first_stage_layers with "
                  "last_stage_layers, account_for_embedding with account_for_loss");
  }
  if (!listed && !ends && !embedding && !loss) {
    if (plan.pipeline > 1) parallel.note_default("stages", "equal shares");
    return {};
  }
  if (plan.pipeline == 1) parallel.fail(first, "cuts the layers of a pipeline, and pipeline is 1");
  ChunkLayers shares = listed ? chosen_layers(parallel, chunks, layers)
                       : ends ? end_stage_layers(parallel, plan, layers)
                              : accounted_layers(parallel, chunks, layers, embedding ? 1 : 0, loss ? 1 : 0);
  check_shares(parallel, shares);
  return shares;
}

const std::vector<std::pair<std::string, Recompute>>& recompute_names() {
  static const std::vector<std::pair<std::string, Recompute>> names{
      {"none", Recompute::None}, {"selective", Recompute::Selective}, {"full", Recompute::Full}};
  return names;
}

std::string to_string(Recompute recompute) {
  return word_of(recompute_names(), recompute);
}
std::string to_string(RecomputeMethod method) {
  return word_of(recompute_methods(), method);
}

}  // namespace mfusim
