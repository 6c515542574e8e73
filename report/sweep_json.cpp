// SPDX-License-Identifier: Apache-2.0
#include "report/difference.hpp"
#include "report/plan_json.hpp"
#include "report/sweep.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <ostream>
#include <sstream>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

json axes_json(const SweepAnswer& answer, const std::vector<std::string>& values) {
  json axes = json::object();
  for (std::size_t i = 0; i < answer.axes.size(); ++i) axes[answer.axes[i]] = values[i];
  return axes;
}

json row_json(const SweepAnswer& answer, const RankedRow& ranked) {
  const SweepRow& row = ranked.row;
  json object{{"configuration", row.index},
              {"axes", axes_json(answer, ranked.values)},
              {"iteration_time_s", to_seconds(row.iteration_time).count()},
              {"mfu", row.mfu},
              {"samples_per_s", samples_per_s(row)},
              {"peak_bytes", std::llround(row.peak.value())},
              {"capacity_bytes", std::llround(row.capacity.value())},
              {"tight", is_tight(row)},
              {"gpus", row.gpus},
              {"gpu", row.gpu},
              {"parallel", plan_json(row.plan)}};
  if (ranked.cost) object["cost_per_million_samples"] = *ranked.cost;
  for (const RankedRow::Twin& twin : ranked.twins)
    object["twins"].push_back({{"configuration", twin.index}, {"axes", axes_json(answer, twin.values)}});
  return object;
}

json rows_json(const SweepAnswer& answer, const std::vector<RankedRow>& rows) {
  json list = json::array();
  for (const RankedRow& row : rows) list.push_back(row_json(answer, row));
  return list;
}

json counts_json(const SweepCounts& counts) {
  json by_key = json::object();
  json examples = json::object();
  for (const auto& [key, rows] : counts.invalid_by_key) {
    by_key[key] = rows.count;
    examples[key] = {{"configuration", rows.first}, {"reason", rows.reason}};
  }
  return {{"fits", counts.fits},       {"too_large", counts.too_large}, {"pruned", counts.pruned},
          {"invalid", counts.invalid}, {"invalid_by_key", by_key},      {"invalid_examples", examples}};
}

json counts_json(const SweepAnswer& answer) {
  json object{{"space", answer.size}, {"excluded", answer.excluded}};
  object.update(counts_json(answer.counts));
  return object;
}

json difference_json(const Difference& difference) {
  std::ostringstream text;
  write_json(text, difference);
  return json::parse(text.str());
}

json effects_json(const SweepAnswer& answer) {
  json list = json::array();
  for (const AxisEffect& effect : answer.effects) {
    json object{{"axis", effect.path}, {"value", effect.value}, {"fits", effect.fits}};
    if (effect.best) {
      object["best_iteration_time_s"] = to_seconds(effect.best->iteration_time).count();
      object["best_mfu"] = effect.best->mfu;
      object["best_configuration"] = effect.best->index;
    }
    list.push_back(std::move(object));
  }
  return list;
}

json words(const std::vector<Objective>& objectives) {
  json list = json::array();
  for (const Objective objective : objectives) list.push_back(to_string(objective));
  return list;
}

}  // namespace

void write_json(std::ostream& out, const SweepAnswer& answer) {
  json document{{"scenario", answer.scenario},
                {"version", answer.version},
                {"objective", to_string(answer.objective)},
                {"axes", answer.axes},
                {"open_plan", answer.open_plan},
                {"constraints", answer.constraints},
                {"counts", counts_json(answer)},
                {"best", rows_json(answer, answer.best)},
                {"effects", effects_json(answer)}};
  if (answer.best_with_headroom) document["best_with_headroom"] = row_json(answer, *answer.best_with_headroom);
  if (answer.matching) {
    document["where"] = answer.where;
    document["matching"] = counts_json(*answer.matching);
  }
  if (!answer.front_objectives.empty()) {
    document["pareto_objectives"] = words(answer.front_objectives);
    document["pareto_front"] = rows_json(answer, answer.front);
  }
  if (answer.best_two) document["best_two"] = difference_json(*answer.best_two);
  if (!answer.no_best_two.empty()) document["no_best_two"] = answer.no_best_two;
  if (!answer.launch.empty()) document["launch"] = answer.launch;
  if (!answer.no_launch.empty()) document["no_launch"] = answer.no_launch;
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

}  // namespace mfusim
