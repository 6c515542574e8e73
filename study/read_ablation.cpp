// SPDX-License-Identifier: Apache-2.0
#include "base/reader.hpp"
#include "study/ablation.hpp"
#include "study/standard_ablation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mfusim {
namespace {

/// Reads mfu, iteration_time and source; the other keys of a `measured:` block are not for an ablation.
PublishedStep read_published(Reader reader) {
  PublishedStep published;
  published.source = reader.word("source");
  if (reader.has("mfu")) published.mfu = reader.fraction("mfu");
  if (reader.has("iteration_time")) published.iteration_time = reader.quantity<Seconds>("iteration_time");
  if (published.iteration_time && published.iteration_time->count() <= 0)
    reader.fail("iteration_time", "expected a positive time");
  return published;
}

std::optional<PublishedStep> read_step_published(std::optional<Reader> reader) {
  if (!reader) return std::nullopt;
  PublishedStep published = read_published(*reader);
  if (!published.mfu && !published.iteration_time)
    reader->fail("mfu", "missing: a published step needs a value (mfu, iteration_time)");
  for (const char* known : {"mfu", "iteration_time", "source"}) reader->allow(known);
  reader->reject_unknown_keys();
  return published;
}

/// A value as the text that set_value takes: scalars as written, the rest as YAML.
std::string text_of(const Node& value) {
  if (value.kind == Node::Kind::Null) return "null";
  if (value.kind == Node::Kind::Scalar && !value.quoted) return value.text;
  return to_yaml(value);
}

Settings read_settings(Reader& step) {
  const Reader set = step.child("set");
  Settings settings;
  for (const Node::Member& member : set.node().members) settings.emplace_back(member.key, text_of(member.value));
  if (settings.empty()) step.fail("set", "expected at least one path.to.key: value");
  return settings;
}

AblationStep read_step(Reader reader) {
  AblationStep step{.name = reader.word("name"), .settings = {}, .published = {}, .where = reader.node().where};
  if (step.name.empty()) reader.fail("name", "expected a name");
  step.settings = read_settings(reader);
  step.published = read_step_published(reader.child_if("measured"));
  reader.reject_unknown_keys();
  return step;
}

std::vector<AblationStep> read_ablation_steps(Reader& block) {
  std::vector<AblationStep> steps;
  for (Reader& reader : block.list_of_mappings("steps")) {
    steps.push_back(read_step(reader));
    const auto same = [&](const AblationStep& step) { return step.name == steps.back().name; };
    if (std::count_if(steps.begin(), steps.end(), same) > 1)
      reader.fail("name", fmt::format("'{}' is given twice", shown(steps.back().name)));
  }
  if (steps.empty()) block.fail("steps", "expected at least one step");
  return steps;
}

std::optional<PublishedStep> published_baseline(const Node& root) {
  std::optional<Reader> measured = Reader(root, "", nullptr).child_if("measured");
  if (!measured) return std::nullopt;
  const PublishedStep published = read_published(*measured);
  return published.mfu || published.iteration_time ? std::optional(published) : std::nullopt;
}

}  // namespace

Ablation load_ablation(const std::filesystem::path& path, const Settings& settings) {
  ScenarioDocument document = load_scenario_document(path, settings);
  std::optional<Reader> block = Reader(document.root, "", nullptr).child_if("ablation");
  if (!block) return standard_ablation(std::move(document));
  Ablation ablation;
  ablation.baseline_name = block->word("baseline", "baseline");
  ablation.steps = read_ablation_steps(*block);
  block->reject_unknown_keys();
  ablation.baseline_published = published_baseline(document.root);
  std::erase_if(document.root.members, [](const Node::Member& member) { return member.key == "ablation"; });
  ablation.baseline = std::move(document);
  return ablation;
}

}  // namespace mfusim
