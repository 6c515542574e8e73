// SPDX-License-Identifier: Apache-2.0
#include "report/html/timeline_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace mfusim::html {
namespace {

using json = nlohmann::ordered_json;

std::int64_t nanoseconds(Picoseconds time) {
  constexpr std::int64_t picoseconds = 1000;
  return (time.count() + picoseconds / 2) / picoseconds;
}

/// Numbers the rows of the table of steps in the order in which slices use them.
class Rows {
 public:
  explicit Rows(const StepTable& steps) : steps_(steps) {}

  std::size_t number(std::uint32_t row) {
    const auto [at, fresh] = numbers_.try_emplace(row, rows_.size());
    if (fresh) rows_.push_back(row_json(steps_[row]));
    return at->second;
  }
  [[nodiscard]] const json& all() const { return rows_; }

 private:
  static json row_json(const Step& step) {
    return {{"name", step.name},
            {"shape", step.shape},
            {"class", to_string(step.step_class)},
            {"provenance", to_string(step.provenance)},
            {"outside", step.outside_measured_region},
            {"flops", step.flops.value()},
            {"bytes", step.bytes.value()}};
  }

  const StepTable& steps_;
  std::map<std::uint32_t, std::size_t> numbers_;
  json rows_ = json::array();
};

json lane_json(const TimelineLane& lane, Rows& rows) {
  json numbers = json::array();
  std::int64_t at = 0;
  for (const TimelineSlice& slice : lane.slices) {
    const std::int64_t start = nanoseconds(slice.start);
    const std::int64_t end = nanoseconds(slice.end);
    numbers.push_back(start - at);
    numbers.push_back(end - start);
    numbers.push_back(rows.number(slice.row));
    numbers.push_back(slice.tasks);
    numbers.push_back(pack(slice.instance));
    numbers.push_back(static_cast<int>(slice.phase));
    at = end;
  }
  return {{"rank", lane.rank}, {"stream", to_string(lane.stream)}, {"slices", std::move(numbers)}};
}

json lanes_json(const std::vector<TimelineLane>& lanes, Rows& rows) {
  json list = json::array();
  for (const TimelineLane& lane : lanes) list.push_back(lane_json(lane, rows));
  return list;
}

}  // namespace

json timeline_json(const Timeline& timeline) {
  Rows rows(*timeline.steps);
  json lanes = lanes_json(timeline.view.lanes, rows);
  json details = json::array();
  for (const TimelineDetail& detail : timeline.view.details) {
    details.push_back(
        {{"from", nanoseconds(detail.from)}, {"to", nanoseconds(detail.to)}, {"lanes", lanes_json(detail.lanes, rows)}});
  }
  return {{"kind", "timeline"},
          {"key", timeline.key},
          {"title", timeline.title},
          {"caption", timeline.caption},
          {"makespan", nanoseconds(timeline.view.makespan)},
          {"chunk_bits", chunk_bits},
          {"ranks", timeline.view.ranks},
          {"rank_names", timeline.rank_names},
          {"rows", rows.all()},
          {"lanes", std::move(lanes)},
          {"details", std::move(details)}};
}

}  // namespace mfusim::html
