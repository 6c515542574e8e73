// SPDX-License-Identifier: Apache-2.0
#include "report/split.hpp"

#include "report/terminal_style.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <span>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

std::string in_passes(std::int64_t passes) {
  return passes == 1 ? "" : fmt::format(" in {} passes", passes);
}

Grid points_grid(const std::vector<SplitPoint>& points) {
  Grid grid{{{"placement", "placement"},
             {"vision_gpus", "vision GPUs"},
             {"text_gpus", "text GPUs"},
             {"plan", "tensor, recompute"},
             {"step_time_s", "step s"},
             {"mfu", "MFU", 3},
             {"vision_idle", "vision idle", 3},
             {"text_idle", "text idle", 3},
             {"integer_loss", "integer loss", 3},
             {"headroom_gb", "memory left GB", 4}},
            {}};
  for (const SplitPoint& point : points) {
    const bool apart = point.placement == TowerPlacement::Disjoint;
    const auto only_apart = [&](double value) { return apart ? Cell(value) : Cell(); };
    grid.rows.push_back(
        {to_string(point.placement), std::int64_t{point.vision_gpus}, std::int64_t{point.text_gpus},
         fmt::format("{} {}{}, {} {}{}", point.vision_tensor, to_string(point.vision_recompute), in_passes(point.vision_passes),
                     point.text_tensor, to_string(point.text_recompute), in_passes(point.text_passes)),
         point.step_time.count(), point.mfu, only_apart(point.vision_idle), only_apart(point.text_idle),
         only_apart(point.integer_loss), point.headroom.value() / 1e9});
  }
  return grid;
}

json point_json(const SplitPoint& point) {
  json object{{"placement", to_string(point.placement)},
              {"vision_gpus", point.vision_gpus},
              {"text_gpus", point.text_gpus},
              {"vision_tensor", point.vision_tensor},
              {"text_tensor", point.text_tensor},
              {"vision_recompute", to_string(point.vision_recompute)},
              {"text_recompute", to_string(point.text_recompute)},
              {"vision_passes", point.vision_passes},
              {"text_passes", point.text_passes},
              {"step_time_s", point.step_time.count()},
              {"mfu", point.mfu},
              {"exposed_reduction_s", point.exposed_reduction.count()},
              {"headroom_bytes", std::llround(point.headroom.value())},
              {"fits", point.fits}};
  if (point.placement == TowerPlacement::Disjoint) {
    object["vision_idle_share"] = point.vision_idle;
    object["text_idle_share"] = point.text_idle;
    object["integer_loss"] = point.integer_loss;
  }
  return object;
}

json points_json(const std::vector<SplitPoint>& points) {
  json list = json::array();
  for (const SplitPoint& point : points) list.push_back(point_json(point));
  return list;
}

}  // namespace

void write_table(std::ostream& out, const SplitReport& report) {
  write_wrapped(out,
                printable(fmt::format("{} on {} x {}, batch {}", report.model, report.gpus, report.gpu, report.global_batch)));
  out << '\n';
  write_wrapped(out, printable(report.recommendation));
  if (!report.note.empty()) write_wrapped(out, printable(report.note));
  out << '\n';
  write_table(out, split_placements_grid(report));
  write_wrapped(
      out, fmt::format("vision : text = {:.3g} : 1 in FLOPs, so exactly {:.3g} GPUs for text; {} admissible splits, {} simulated",
                       report.work_ratio, report.ideal_text_gpus, report.admissible, report.curve.size()));
  out << fmt::format("equal-time rule: {} + {}, best of all simulated: {} + {}\n", report.equal_time.vision_gpus,
                     report.equal_time.text_gpus, report.best_disjoint.vision_gpus, report.best_disjoint.text_gpus);
  out << "\nother inputs\n";
  write_table(out, split_sensitivity_grid(report));
  if (report.scales.empty()) return;
  out << "\nother numbers of GPUs, the same samples a GPU\n";
  write_table(out, split_scales_grid(report));
  if (report.beats_colocated_from) {
    out << fmt::format("the split is ahead from {} GPUs on\n", *report.beats_colocated_from);
  } else {
    out << "the split does not stay ahead at any of them\n";
  }
}

void write_json(std::ostream& out, const SplitReport& report) {
  json scales = json::array();
  for (const SplitScale& scale : report.scales)
    scales.push_back({{"gpus", scale.gpus}, {"colocated_s", scale.colocated.count()}, {"disjoint", point_json(scale.disjoint)}});
  json sensitivity = json::array();
  for (const SplitSensitivity& row : report.sensitivity) {
    sensitivity.push_back({{"change", row.change},
                           {"best", point_json(row.best)},
                           {"kept_split_s", row.kept_split.count()},
                           {"colocated_s", row.colocated.count()}});
  }
  json document{{"scenario", report.scenario},
                {"model", report.model},
                {"gpu", report.gpu},
                {"gpus", report.gpus},
                {"global_batch", report.global_batch},
                {"recommendation", report.recommendation},
                {"note", report.note},
                {"work_ratio", report.work_ratio},
                {"ideal_text_gpus", report.ideal_text_gpus},
                {"admissible_splits", report.admissible},
                {"placements", points_json(report.placements)},
                {"equal_time", point_json(report.equal_time)},
                {"best_disjoint", point_json(report.best_disjoint)},
                {"sensitivity", sensitivity},
                {"scales", scales}};
  if (report.beats_colocated_from) document["beats_colocated_from_gpus"] = *report.beats_colocated_from;
  document["curve"] = points_json(report.curve);
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

void write_table(std::ostream& out, const WorkloadReport& report) {
  Grid phases{{{"iterations", "iterations"},
               {"image_size", "image"},
               {"text_length", "text"},
               {"split", "best split"},
               {"best_s", "step s"},
               {"static_s", "static split s"},
               {"colocated_s", "colocated s"},
               {"reallocation_s", "reallocation s", 3},
               {"break_even", "pays after iterations"}},
              {}};
  constexpr std::size_t most_rows = 40;
  const std::size_t shown_phases = std::min(most_rows, report.phases.size());
  for (const PhaseSplit& phase : std::span(report.phases).first(shown_phases)) {
    phases.rows.push_back({phase.phase.iterations, phase.phase.image_size, phase.phase.text_length,
                           fmt::format("{} + {}", phase.best.vision_gpus, phase.best.text_gpus), phase.best.step_time.count(),
                           phase.static_split.count(), phase.colocated.count(), phase.reallocation.count(),
                           phase.break_even > 0 ? Cell(phase.break_even) : Cell()});
  }
  Grid policies{
      {{"policy", "policy"}, {"total_h", "total h", 6}, {"reallocations", "reallocations"}, {"reallocation_s", "of it s"}}, {}};
  for (const PolicyTime& policy : report.policies) {
    policies.rows.push_back(
        {policy.policy, policy.total.count() / 3600, std::int64_t{policy.reallocations}, policy.reallocation.count()});
  }
  out << fmt::format("\nthe workload: one static split would be {} + {}\n", report.static_vision_gpus, report.static_text_gpus);
  if (report.drawn) {
    write_wrapped(
        out, fmt::format("{} batches drawn; the work of a sample varies by {:.2g}, that of a batch by {:.2g} % (drawn: {:.2g} %)",
                         report.drawn->iterations, report.drawn->sample_variation, report.noise_percent,
                         report.drawn->deviation_percent));
  } else {
    write_table(out, phases);
  }
  if (shown_phases < report.phases.size())
    out << fmt::format("and {} phases more: --format json has them\n", report.phases.size() - shown_phases);
  write_table(out, policies);
  write_wrapped(out, printable(report.answer));
}

void write_json(std::ostream& out, const WorkloadReport& report) {
  json phases = json::array();
  for (const PhaseSplit& phase : report.phases) {
    phases.push_back({{"iterations", phase.phase.iterations},
                      {"image_size", phase.phase.image_size},
                      {"text_length", phase.phase.text_length},
                      {"best", point_json(phase.best)},
                      {"static_split_s", phase.static_split.count()},
                      {"colocated_s", phase.colocated.count()},
                      {"reallocation_s", phase.reallocation.count()},
                      {"break_even_iterations", phase.break_even}});
  }
  json policies = json::array();
  for (const PolicyTime& policy : report.policies) {
    policies.push_back({{"policy", policy.policy},
                        {"total_s", policy.total.count()},
                        {"reallocation_s", policy.reallocation.count()},
                        {"reallocations", policy.reallocations}});
  }
  json document{{"static_vision_gpus", report.static_vision_gpus},
                {"static_text_gpus", report.static_text_gpus},
                {"phases", phases},
                {"policies", policies},
                {"noise_percent", report.noise_percent},
                {"answer", report.answer}};
  if (report.drawn) {
    document["drawn"] = {{"iterations", report.drawn->iterations},
                         {"sample_variation", report.drawn->sample_variation},
                         {"deviation_percent", report.drawn->deviation_percent}};
  }
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

Grid split_curve_grid(const SplitReport& report) {
  return points_grid(report.curve);
}

Grid split_placements_grid(const SplitReport& report) {
  return points_grid(report.placements);
}

Grid split_sensitivity_grid(const SplitReport& report) {
  Grid grid{{{"change", "change"},
             {"vision_gpus", "best vision"},
             {"text_gpus", "best text"},
             {"step_time_s", "step s"},
             {"kept_split_s", "kept split s"},
             {"colocated_s", "colocated s"}},
            {}};
  for (const SplitSensitivity& row : report.sensitivity) {
    grid.rows.push_back({row.change, std::int64_t{row.best.vision_gpus}, std::int64_t{row.best.text_gpus},
                         row.best.step_time.count(), row.kept_split.count(), row.colocated.count()});
  }
  return grid;
}

Grid split_scales_grid(const SplitReport& report) {
  Grid grid{{{"gpus", "GPUs"},
             {"vision_gpus", "vision"},
             {"text_gpus", "text"},
             {"disjoint_s", "split s"},
             {"colocated_s", "colocated s"}},
            {}};
  for (const SplitScale& scale : report.scales) {
    grid.rows.push_back({std::int64_t{scale.gpus}, std::int64_t{scale.disjoint.vision_gpus},
                         std::int64_t{scale.disjoint.text_gpus}, scale.disjoint.step_time.count(), scale.colocated.count()});
  }
  return grid;
}

}  // namespace mfusim
