// SPDX-License-Identifier: Apache-2.0
#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <ostream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

std::int64_t whole_bytes(Bytes bytes) {
  return std::llround(bytes.value());
}

json bytes_object(const std::vector<std::pair<std::string, Bytes>>& parts) {
  json object = json::object();
  for (const auto& [name, bytes] : parts) object[name] = whole_bytes(bytes);
  return object;
}

json memory_json(const Result::Memory& memory) {
  json stages = json::array();
  for (const Result::Stage& stage : memory.stages) {
    json one{{"stage", stage.stage}, {"passes_in_flight", stage.passes_in_flight}, {"peak_bytes", whole_bytes(stage.peak)}};
    if (stage.peak_at) {
      const Result::PeakAt& peak = *stage.peak_at;
      json at{{"pass", peak.pass}, {"micro_batch", peak.micro_batch}, {"chunk", peak.chunk}};
      if (peak.start) at["start_s"] = peak.start->count();
      one["peak_at"] = at;
    }
    one["parts_bytes"] = bytes_object(stage.parts);
    stages.push_back(std::move(one));
  }
  json object{{"peak_bytes", whole_bytes(memory.peak)},
              {"reserved_bytes", whole_bytes(memory.reserved)},
              {"allocated_bytes", whole_bytes(memory.allocated)},
              {"capacity_bytes", whole_bytes(memory.capacity)},
              {"headroom_bytes", whole_bytes(memory.capacity - memory.peak)},
              {"fits", memory.fits}};
  if (!memory.advice.empty()) object["advice"] = memory.advice;
  object["parts_bytes"] = bytes_object(memory.parts);
  object["stages"] = stages;
  return object;
}

json plan_json(const Result::Plan& plan) {
  json object{{"tensor", plan.tensor},
              {"sequence", plan.sequence},
              {"pipeline", plan.pipeline},
              {"virtual_stages", plan.virtual_stages},
              {"schedule", plan.schedule},
              {"data", plan.data},
              {"zero", plan.zero},
              {"shard_group", plan.shard_group},
              {"context", plan.context},
              {"context_exchange", plan.context_exchange},
              {"recompute", plan.recompute},
              {"micro_batch", plan.micro_batch},
              {"micro_batches", plan.micro_batches}};
  if (!plan.stages.empty()) object["stages"] = plan.stages;
  if (plan.post_validation) object["post_validation"] = true;
  if (plan.memory_limit > 0) object["memory_limit"] = plan.memory_limit;
  return object;
}

json provenance_json(const Result& result) {
  json shares = json::object();
  for (const Result::ProvenanceShare& share : result.provenance) shares[share.kind] = share.time_share;
  return {{"time_share", shares}, {"outside_measured_region", result.outside_measured_region}};
}

json towers_json(const std::vector<Result::TowerShare>& towers) {
  json list = json::array();
  for (const Result::TowerShare& tower : towers) {
    json one{{"name", tower.name},
             {"compute_time_s", tower.compute_time.count()},
             {"model_flops", tower.model_flops.value()},
             {"parameters", tower.parameters}};
    if (tower.gpus) one["gpus"] = *tower.gpus;
    if (tower.parallel) one["parallel"] = plan_json(*tower.parallel);
    if (tower.idle) one["idle_s"] = tower.idle->count();
    list.push_back(std::move(one));
  }
  return list;
}

json jitter_json(const Result::Jitter& jitter) {
  json object{{"samples", jitter.samples}, {"without_s", jitter.without.count()}, {"mean_s", jitter.mean.count()}};
  if (jitter.deviation) object["deviation_s"] = jitter.deviation->count();
  object["shortest_s"] = jitter.shortest.count();
  object["longest_s"] = jitter.longest.count();
  return object;
}

json defaults_json(const UsedDefaults& defaults) {
  json object = json::object();
  for (const UsedDefault& used : defaults) object[used.path] = used.value;
  return object;
}

void write(std::ostream& out, const json& document) {
  // a name may hold any bytes; what is no UTF-8 becomes the replacement character
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

json counts_json(const OperationCounts<Count>& counts) {
  return {{"mul", counts.mul.value()}, {"add", counts.add.value()}, {"total", (counts.mul + counts.add).value()}};
}

json part_json(const FlopsPart& part, int deeper) {
  json object{{"repeat", part.repeat.value()},           {"parameters", part.parameters.value()},
              {"forward", counts_json(part.forward)},    {"backward", counts_json(part.backward)},
              {"saved_bytes", part.saved_bytes.value()}, {"forward_moved_bytes", part.moved_bytes.value()}};
  if (deeper == 0) return object;
  json parts = json::array();
  for (const FlopsPart& inner : part.parts) {
    json one = part_json(inner, deeper - 1);
    one["name"] = inner.name;
    parts.push_back(std::move(one));
  }
  object["parts"] = parts;
  return object;
}

json summaries_json(const std::vector<PointsSummary>& summaries) {
  json list = json::array();
  for (const PointsSummary& summary : summaries) {
    json one{{"gpu", summary.gpu}, {"rows", summary.rows}, {"looked_up_rows", summary.known_rows}};
    if (!summary.source.empty()) one["source"] = summary.source;
    one["median_percent"] = summary.median;
    one["p90_percent"] = summary.p90;
    one["worst_percent"] = summary.worst;
    one["bias_percent"] = summary.bias;
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

void write_json(std::ostream& out, const Result& result) {
  json document{{"scenario", result.scenario}, {"model", result.model},     {"gpu", result.gpu},
                {"gpus", result.gpus},         {"network", result.network}, {"stack", result.stack}};
  document["iteration_time_s"] = result.iteration_time.count();
  document["mfu"] = result.mfu;
  document["hfu"] = result.hfu;
  document["samples_per_s"] = result.samples_per_s;
  if (result.tokens_per_s) document["tokens_per_s"] = *result.tokens_per_s;
  document["model_flops"] = result.model_flops.value();
  document["hardware_flops"] = result.hardware_flops.value();
  document["peak_flops_per_s_per_gpu"] = result.peak_per_gpu.value();
  json breakdown = json::object();
  for (const auto& [name, time] : result.breakdown) breakdown[name] = time.count();
  document["breakdown_s"] = breakdown;
  json waterfall = json::object();
  for (const auto& [name, time] : result.waterfall) waterfall[name] = time.count();
  document["waterfall_s"] = waterfall;
  document["critical_rank"] = result.critical_rank;
  document["memory"] = memory_json(result.memory);
  const bool own_plans = !result.towers.empty() && result.towers.front().parallel.has_value();
  if (!own_plans) document["parallel"] = plan_json(result.parallel);
  if (!result.placement.empty()) document["placement"] = result.placement;
  if (!result.towers.empty()) document["towers"] = towers_json(result.towers);
  document["range"] = {{"low_s", result.range.low.count()},
                       {"high_s", result.range.high.count()},
                       {"based_on", result.range.based_on},
                       {"runs", result.range.runs},
                       {"families", result.range.families}};
  if (result.jitter) document["jitter"] = jitter_json(*result.jitter);
  document["provenance"] = provenance_json(result);
  if (result.against) {
    document["measured"] = {{"iteration_time_s", result.against->measured.count()},
                            {"error_percent", result.against->error_percent},
                            {"source", result.against->source}};
  }
  document["defaults"] = defaults_json(result.defaults);
  document["warnings"] = result.warnings;
  document["tasks"] = result.tasks;
  document["version"] = result.version;
  write(out, document);
}

void write_json(std::ostream& out, const FlopsReport& report, FlopsDetail detail) {
  json document{{"model", report.model}, {"convention", report.convention}, {"batch", report.batch}};
  document["parameters"] = report.parameters.value();
  document["forward"] = counts_json(report.forward);
  document["backward"] = counts_json(report.backward);
  document["recompute_full"] = counts_json(report.recompute_full);
  document["recompute_selective"] = counts_json(report.recompute_selective);
  document["saved_bytes"] = report.saved_bytes.value();
  document["saved_bytes_unfused_attention"] = report.saved_bytes_unfused.value();
  document["forward_moved_bytes"] = report.moved_bytes.value();
  json towers = json::object();
  for (const FlopsPart& tower : report.towers) towers[tower.name] = part_json(tower, static_cast<int>(detail));
  document["towers"] = towers;
  write(out, document);
}

void write_json(std::ostream& out, const PointsReport& report) {
  json rows = json::array();
  for (const PointRow& row : report.rows) {
    rows.push_back({{"line", row.line},
                    {"gpu", row.gpu},
                    {"what", row.what},
                    {"predicted", row.predicted.count()},
                    {"measured", row.measured.count()},
                    {"error_percent", row.error_percent},
                    {"provenance", to_string(row.provenance)},
                    {"outside_measured_region", row.outside_measured_region},
                    {"looked_up", row.known},
                    {"source", row.source}});
  }
  json left_out = json::array();
  for (const LeftOut& row : report.left_out) left_out.push_back({{"line", row.line}, {"reason", row.reason}});
  write(out, {{"unit", "s"},
              {"rows", rows},
              {"left_out", left_out},
              {"summary", summaries_json(report.by_gpu)},
              {"by_source", summaries_json(report.by_source)}});
}

}  // namespace mfusim
