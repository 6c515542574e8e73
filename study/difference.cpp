// SPDX-License-Identifier: Apache-2.0
#include "study/difference.hpp"

#include "sim/build_step.hpp"
#include "sim/engine.hpp"
#include "sim/summarize.hpp"
#include "study/sweep_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mfusim {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

void collect_settings(const Node& node, const std::string& path, Settings& settings) {
  if (node.kind != Node::Kind::Mapping) settings.emplace_back(path, label_of(node));
  for (const Node::Member& member : node.members) {
    const bool is_about_it = path.empty() && (member.key == "sweep" || member.key == "description" || member.key == "measured");
    if (!is_about_it)
      collect_settings(member.value, path.empty() ? member.key : fmt::format("{}.{}", path, member.key), settings);
  }
}

Settings settings_of(const Node& document) {
  Settings settings;
  collect_settings(document, "", settings);
  return settings;
}

std::string value_in(const Settings& settings, const std::string& path) {
  const auto at = std::find_if(settings.begin(), settings.end(), [&](const auto& setting) { return setting.first == path; });
  return at == settings.end() ? "" : at->second;
}

std::vector<Difference::Setting> compare_settings(const Settings& first, const Settings& second) {
  std::vector<Difference::Setting> different;
  for (const auto& [path, value] : first) {
    const std::string other = value_in(second, path);
    if (other != value) different.push_back({path, value, other});
  }
  for (const auto& [path, value] : second) {
    if (value_in(first, path).empty() && !value.empty()) different.push_back({path, "", value});
  }
  return different;
}

std::vector<Difference::Cause> compare_parts(const Result& first, const Result& second) {
  std::vector<Difference::Cause> causes;
  for (const auto& [name, time] : first.breakdown) causes.push_back({name, time, Seconds{}});
  for (const auto& [name, time] : second.breakdown) {
    const auto same = [&, &wanted = name](const Difference::Cause& cause) { return cause.name == wanted; };
    const auto at = std::find_if(causes.begin(), causes.end(), same);
    if (at == causes.end()) {
      causes.push_back({name, Seconds{}, time});
    } else {
      at->second = time;
    }
  }
  const auto size = [](const Difference::Cause& cause) { return std::abs(cause.change().count()); };
  std::stable_sort(causes.begin(), causes.end(), [&](const auto& a, const auto& b) { return size(a) > size(b); });
  return causes;
}

}  // namespace

Result result_of(const Scenario& scenario) {
  const Work<Count> work = micro_batch_work(scenario);
  const BuiltStep step = build_step(scenario, work);
  return summarize(scenario, work, step, simulate(step.graph));
}

Difference difference(Result first, const Node& first_document, Result second, const Node& second_document) {
  Difference answer;
  answer.settings = compare_settings(settings_of(first_document), settings_of(second_document));
  answer.causes = compare_parts(first, second);
  answer.first = std::move(first);
  answer.second = std::move(second);
  return answer;
}

}  // namespace mfusim
