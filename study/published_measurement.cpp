// SPDX-License-Identifier: Apache-2.0
#include "study/published_measurement.hpp"

#include "base/reader.hpp"

namespace mfusim {
namespace {

/// A sentence, or a list of them.
std::string words_of(Reader& reader, std::string_view key) {
  const Node* value = reader.find(key);
  if (value == nullptr) return {};
  if (value->kind == Node::Kind::Scalar) return value->text;
  std::string joined;
  for (const Node& item : value->items) joined += (joined.empty() ? "" : "; ") + item.text;
  return joined;
}

/// The time of a step, however the source states it: T = T, B / (samples/s), or B s / (tokens/s) with B samples of s tokens.
std::optional<Seconds> step_time(Reader& reader, const Training& training) {
  const auto samples = static_cast<double>(training.global_batch);
  std::optional<Seconds> time;
  const auto found = [&](std::string_view key, Seconds value) {
    if (time) reader.fail(key, "is a second value of the step time: one of iteration_time, samples_per_s, tokens_per_s");
    if (value.count() <= 0) reader.fail(key, "expected a positive value");
    time = value;
  };
  if (reader.has("iteration_time")) found("iteration_time", reader.quantity<Seconds>("iteration_time"));
  if (reader.has("samples_per_s")) {
    const SamplesPerSecond rate = reader.quantity<SamplesPerSecond>("samples_per_s");
    if (rate.value() <= 0) reader.fail("samples_per_s", "expected a positive rate");
    found("samples_per_s", Seconds(samples / rate.value()));
  }
  if (reader.has("tokens_per_s")) {
    if (!training.sequence_length) reader.fail("tokens_per_s", "the scenario has no sequence_length");
    found("tokens_per_s",
          Seconds(samples * static_cast<double>(*training.sequence_length) / reader.positive_number("tokens_per_s")));
  }
  return time;
}

const std::vector<std::pair<std::string, MemoryFigure>> memory_figures{
    {"allocated", MemoryFigure::Allocated}, {"reserved", MemoryFigure::Reserved}, {"device", MemoryFigure::Device}};

PublishedMeasurement read_block(Reader reader, const CaseDocument& document, const Training& training) {
  PublishedMeasurement measured;
  measured.source = reader.word("source");
  measured.iteration_time = step_time(reader, training);
  if (reader.has("mfu")) measured.mfu = reader.fraction("mfu");
  if (reader.has("hfu")) measured.hfu = reader.fraction("hfu");
  if (reader.has("memory")) {
    measured.memory = reader.quantity<Bytes>("memory");
    measured.memory_figure = reader.choice("memory_figure", memory_figures, "device");
  } else if (reader.has("memory_figure")) {
    reader.fail("memory_figure", "says what the figure of `memory` counts, and there is none");
  }
  if (!measured.iteration_time && !measured.mfu && !measured.hfu && !measured.memory)
    reader.fail("iteration_time",
                "missing: a measurement needs a value (iteration_time, samples_per_s, tokens_per_s, mfu, hfu, memory)");
  measured.family = reader.has("family") ? reader.word("family") : document.file.stem().string();
  measured.split = reader.has("split") ? reader.word("split") : "none";
  measured.tier = words_of(reader, "tier");
  measured.unstated = words_of(reader, "unstated");
  measured.assumed = words_of(reader, "assumed");
  reader.allow("id");
  reader.reject_unknown_keys();
  return measured;
}

}  // namespace

PublishedMeasurement read_published_measurement(const CaseDocument& document, const Scenario& scenario) {
  Reader root(document.document, "", nullptr);
  if (!document.is_case) return read_block(root.child("measured"), document, scenario.training);
  try {
    return read_block(root.child("measured"), document, scenario.training);
  } catch (const InputError& error) {
    throw InputError(document.where, "cases." + document.id, error.what());
  }
}

}  // namespace mfusim
