// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario_reader.hpp"

#include "sim/check_plan.hpp"
#include "sim/read_scenario.hpp"
#include "sim/read_sharding.hpp"
#include "sim/towers.hpp"
#include "sim/variation.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace mfusim {
namespace {

/// By section, in their order.
constexpr std::array<std::string_view, 13> section_keys{"",           "model",    "cluster", "variation", "training",
                                                        "parallel",   "parallel", "towers",  "stack",     "stack_settings",
                                                        "techniques", "data",     "measured"};

/// Keys that other commands read: a run answers for the baseline of an ablation, one iteration of a workload, the scenario that a
/// space is around.
constexpr std::array<std::string_view, 4> passed_over{"ablation", "workload", "description", "sweep"};

bool cuts(std::string_view path) {
  const std::string_view key = path.substr(0, path.find('.'));
  return std::find(uncut_keys.begin(), uncut_keys.end(), key) == uncut_keys.end();
}

ScenarioSection section_of(std::string_view path) {
  const std::string_view key = path.substr(0, path.find('.'));
  if (key == "parallel" && key != path && !cuts(path.substr(key.size() + 1))) return ScenarioSection::Parallel;
  for (std::size_t section = 0; section < section_keys.size(); ++section) {
    if (section_keys[section] == key) return static_cast<ScenarioSection>(section);
  }
  return ScenarioSection::Whole;
}

void reject_unknown_sections(Reader& root) {
  for (const std::string_view key : section_keys) root.allow(key);
  for (const std::string_view key : passed_over) root.allow(key);
  root.reject_unknown_keys();
}

}  // namespace

ScenarioReader::ScenarioReader(const Node& document, std::filesystem::path folder, std::string name, UsedDefaults* defaults)
    : document_(document), folder_(std::move(folder)), defaults_(defaults) {
  scenario_.name = std::move(name);
}

void ScenarioReader::changed(std::string_view path) {
  const std::uint32_t section = section_bit(section_of(path));
  for (Part* part : {&top_level_, &model_, &cluster_, &training_, &cut_, &parallel_, &techniques_, &data_, &measured_})
    part->stale = part->stale || (part->follows_from & section) != 0;
}

bool ScenarioReader::came_to(std::string_view path) const {
  return section_of(path) <= reached_;
}

template <class Read>
void ScenarioReader::refresh(Part& part, Section section, Read read_it) {
  reached_ = section;
  if (!part.stale) return;
  read_it();
  part.stale = false;
}

void ScenarioReader::read_job(Reader& root) {
  refresh(model_, Section::Model, [&] { scenario_.model = read_model(root, folder_, catalogs_); });
  refresh(cluster_, Section::Cluster, [&] {
    scenario_.cluster = read_cluster(root.child("cluster"), catalogs_);
    scenario_.node_gpus = read_node_gpus(root.child("cluster"));
  });
  scenario_.warnings.clear();
  scenario_.variation.reset();
  reached_ = Section::Variation;
  if (std::optional<Reader> variation = root.child_if("variation")) {
    scenario_.variation = read_variation(*variation, scenario_.cluster);
    scenario_.warnings.push_back(describe_variation(*scenario_.variation, scenario_.cluster));
  }
}

/// What breaks a rule of the cut does so whatever the other keys say, and is found before they are read.
void ScenarioReader::read_parallel_section(Reader& root, Reader& training) {
  if (!cut_.stale && !parallel_.stale) return;
  Reader parallel = root.child_or_empty("parallel");
  refresh(cut_, Section::Cut, [&] {
    scenario_.parallel = read_cut(parallel, scenario_.model, scenario_.cluster);
    cut_plan_ = scenario_.parallel;
    if (scenario_.model.decoder) check_batches_and_pipeline(root, training, scenario_);
  });
  refresh(parallel_, Section::Parallel, [&] { scenario_.parallel = read_parallel(parallel, cut_plan_, scenario_.model); });
}

void ScenarioReader::read_plan(Reader& root, Reader& training) {
  if (training_.stale) {
    read_patch_dropout(training, scenario_.model);
    scenario_.training = read_training(training, scenario_.model, scenario_.cluster);
  }
  read_parallel_section(root, training);
  reached_ = Section::Towers;
  scenario_.placement = TowerPlacement::Colocated;
  scenario_.loss_exchange = LossExchange::Local;
  scenario_.tower_plans.clear();
  read_towers(root, scenario_);
  if (scenario_.tower_plans.empty()) complete_batches(training, scenario_);
  check_cut(root, scenario_);
}

void ScenarioReader::read_software(Reader& root, Reader& training) {
  reached_ = Section::StackSettings;
  if (training_.stale) {  // the types of the state are keys of the training section
    scenario_.stack = read_stack(root, scenario_.model, catalogs_);
    override_stack(root.child_or_empty("stack_settings"), scenario_.stack);
    scenario_.training.state = read_state_types(training, scenario_.stack, scenario_.training.precision);
    training.reject_unknown_keys();
    training_.stale = false;
  }
  refresh(techniques_, Section::Techniques, [&] {
    const Techniques read = read_techniques(root.child_or_empty("techniques"), scenario_.stack.techniques);
    techniques_as_read_ = choose_attention(read, scenario_.cluster.gpu);
  });
  scenario_.techniques = techniques_as_read_;
}

const Scenario& ScenarioReader::read() {
  if (defaults_ != nullptr) defaults_->clear();
  reached_ = Section::Whole;
  Reader root(document_, "", defaults_);
  if (top_level_.stale && root.has("cases"))
    root.fail("cases", "holds many scenarios: `--case ID` of run, explain and diff takes one, `mfusim validate FILE` runs all");
  read_job(root);
  reached_ = Section::Training;
  Reader training = root.child("training");
  read_plan(root, training);
  read_software(root, training);
  refresh(data_, Section::Data, [&] { scenario_.data = read_data(root.child_if("data")); });
  if (!scenario_.data.storage_per_node && !scenario_.data.decode_per_node) root.note_default("data", "loading never limits");
  refresh(measured_, Section::Measured, [&] { scenario_.measured = read_measured(root.child_if("measured")); });
  if (top_level_.stale) reject_unknown_sections(root);
  top_level_.stale = false;
  check_scenario(root, scenario_);
  return scenario_;
}

Scenario read_scenario(const Node& document, const std::filesystem::path& folder, std::string name) {
  UsedDefaults defaults;
  Scenario scenario = ScenarioReader(document, folder, std::move(name), &defaults).read();
  scenario.defaults = std::move(defaults);
  return scenario;
}

}  // namespace mfusim
