// SPDX-License-Identifier: Apache-2.0
#include "report/explanation.hpp"

#include "report/format.hpp"
#include "report/terminal_style.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

namespace mfusim {
namespace {

using json = nlohmann::ordered_json;

/// What the parts of the waterfall are, as the subject of "... take(s) 3.2 s".
constexpr std::array<std::pair<const char*, const char*>, 16> subjects{{
    {"counted_not_computed", "Operations that are not among the model's counted ones take"},
    {"uneven_stages", "Work that the slowest stage does beyond its share takes"},
    {"kernel_inefficiency", "Matrix multiplies and attention, slower than the data-sheet peak, take an extra"},
    {"compute_memory_bound", "Norms, activations and other kernels bound by memory take"},
    {"compute_recompute", "Activations computed again in the backward pass take"},
    {"optimizer", "The optimizer's update takes"},
    {"exposed_tensor_communication", "Exchanges of the tensor group that nothing hides take"},
    {"exposed_context_communication", "Exchanges of the context group that nothing hides take"},
    {"exposed_embedding_exchange", "The exchange of embeddings between the replicas takes"},
    {"exposed_data_communication", "Gradient reduction and weight gathering that nothing hides take"},
    {"exposed_pipeline_communication", "Sends between pipeline stages that nothing hides take"},
    {"data_loading", "Loading and copying of the batch takes"},
    {"host_launch", "Host work that nothing hides (launching kernels, Python between steps) takes"},
    {"slowed_by_communication", "Kernels slowed by the communication beside them take an extra"},
    {"bubble", "Waiting with nothing to do (the pipeline's bubble) takes"},
    {"ideal_at_peak", "The model's operations at the data-sheet peak take"},
}};

std::string subject_of(const std::string& name) {
  for (const auto& [part, words] : subjects) {
    if (name == part) return words;
  }
  return "The part '" + name + "' takes";
}

/// A change of the scenario that trains the same network on the same machine.
bool can_be_set(const LeverOutcome& lever) {
  return lever.fits && lever.kind != LeverKind::Hardware && lever.kind != LeverKind::Model;
}

Grid shown_grid(const Explanation& explanation) {
  Grid grid{{{"lever", "change"}, {"kind", "kind"}, {"gain", "samples/s"}, {"time", "step time"}, {"fits", "memory"}}, {}};
  for (const LeverOutcome& lever : explanation.levers) {
    if (no_effect(lever)) continue;
    grid.rows.push_back({lever.name, to_string(lever.kind), fmt::format("{:+.1f} %", lever.gain_percent), show_time(lever.time),
                         std::string(lever.fits ? "fits" : "TOO LARGE")});
  }
  return grid;
}

std::string idle_levers(const Explanation& explanation) {
  std::string names;
  for (const LeverOutcome& lever : explanation.levers) {
    if (no_effect(lever)) names += (names.empty() ? "" : ", ") + lever.name;
  }
  return names;
}

json remedy_json(const LostTime::Remedy& remedy) {
  return {{"lever", remedy.lever},
          {"saved_s", remedy.saved.count()},
          {"iteration_time_s", remedy.step.count()},
          {"gain_percent", remedy.gain_percent},
          {"peak_bytes", std::llround(remedy.peak.value())}};
}

json losses_json(const std::vector<LostTime>& losses) {
  json list = json::array();
  for (const LostTime& loss : losses) {
    json one{{"part", loss.name}, {"time_s", loss.time.count()}, {"share", loss.share}, {"sentence", loss_sentence(loss)}};
    if (loss.remedy) one["remedy"] = remedy_json(*loss.remedy);
    if (loss.too_large) one["too_large"] = remedy_json(*loss.too_large);
    list.push_back(std::move(one));
  }
  return list;
}

json levers_json(const std::vector<LeverOutcome>& levers) {
  json list = json::array();
  for (const LeverOutcome& lever : levers) {
    list.push_back({{"name", lever.name},
                    {"kind", to_string(lever.kind)},
                    {"gain_percent", lever.gain_percent},
                    {"iteration_time_s", lever.time.count()},
                    {"fits", lever.fits},
                    {"peak_bytes", std::llround(lever.peak.value())}});
  }
  return list;
}

}  // namespace

bool no_effect(const LeverOutcome& lever) {
  constexpr double visible_percent = 0.05;
  return std::abs(lever.gain_percent) < visible_percent;
}

std::string explanation_headline(const Explanation& explanation) {
  const Result& result = explanation.result;
  std::string text = fmt::format("{} on {} x {}: one step takes {}, an MFU of {}.", result.model, result.gpus, result.gpu,
                                 show_time(result.iteration_time), show_percent(result.mfu));
  const auto& levers = explanation.levers;  // by gain
  const auto best = std::find_if(levers.begin(), levers.end(), can_be_set);
  if (best == levers.end() || best->gain_percent <= 0 || no_effect(*best))
    return text + " No single other setting that fits makes it faster.";
  return text + fmt::format(" The best single other setting that fits is '{}': {:+.1f} % samples a second.", best->name,
                            best->gain_percent);
}

std::string loss_sentence(const LostTime& loss) {
  std::string sentence =
      fmt::format("{} {}, {} of the step.", subject_of(loss.name), show_time(loss.time), show_percent(loss.share));
  if (loss.remedy) {
    sentence +=
        fmt::format(" '{}' would take {} of it away; the step would then be {} ({:+.1f} % samples a second).", loss.remedy->lever,
                    show_time(loss.remedy->saved), show_time(loss.remedy->step), loss.remedy->gain_percent);
  }
  if (loss.too_large) {
    sentence += fmt::format(" '{}' would take {} of it away, but needs {} of memory a GPU, which is too much.",
                            loss.too_large->lever, show_time(loss.too_large->saved), show_bytes(loss.too_large->peak));
  }
  if (!loss.remedy && !loss.too_large) sentence += " No single change here takes a twentieth of it away.";
  return sentence;
}

void write_table(std::ostream& out, const Explanation& explanation) {
  const TerminalStyle style = style_of(out);
  write_wrapped(out, printable(explanation_headline(explanation)), 2, style);
  out << '\n' << painted("the largest losses", Tone::Heading, style) << '\n';
  int number = 0;
  for (const LostTime& loss : explanation.losses)
    write_wrapped(out, fmt::format("  {}. {}", ++number, loss_sentence(loss)), 5, style);
  const std::string heading = "what one change would buy";
  const std::string how = " (all else as it is, simulated again)";
  out << '\n' << painted(heading, Tone::Heading, style);
  const bool one_line = columns_of(heading + how) <= static_cast<std::size_t>(style.columns);
  out << (one_line ? "" : "\n");
  write_wrapped(out, one_line ? how : how.substr(1), 2, style);
  write_table(out, shown_grid(explanation));
  const bool other_network = std::any_of(explanation.levers.begin(), explanation.levers.end(),
                                         [](const LeverOutcome& lever) { return lever.kind == LeverKind::Model; });
  write_wrapped(out,
                std::string("step time for the same samples; 'hardware' is another machine") +
                    (other_network ? ", 'model' another network" : ""),
                2, style);
  if (const std::string idle = idle_levers(explanation); !idle.empty()) write_wrapped(out, "no effect here: " + idle, 2, style);
  for (const Explanation::Impossible& one : explanation.impossible)
    write_wrapped(out, fmt::format("not possible: {}: {}", one.lever, printable(one.reason)), 2, style);
}

void write_json(std::ostream& out, const Explanation& explanation) {
  const Result& result = explanation.result;
  json impossible = json::array();
  for (const Explanation::Impossible& one : explanation.impossible)
    impossible.push_back({{"lever", one.lever}, {"reason", one.reason}});
  const json document{{"scenario", result.scenario},
                      {"iteration_time_s", result.iteration_time.count()},
                      {"mfu", result.mfu},
                      {"sentence", explanation_headline(explanation)},
                      {"losses", losses_json(explanation.losses)},
                      {"levers", levers_json(explanation.levers)},
                      {"impossible", std::move(impossible)},
                      {"version", result.version}};
  out << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

Grid levers_grid(const Explanation& explanation) {
  Grid grid{{{"lever", "change"},
             {"kind", "kind"},
             {"gain_percent", "samples/s %"},
             {"iteration_time_s", "step time s"},
             {"fits", "fits"},
             {"peak_bytes", "memory"}},
            {}};
  for (const LeverOutcome& lever : explanation.levers) {
    grid.rows.push_back({lever.name, to_string(lever.kind), lever.gain_percent, lever.time.count(),
                         std::string(lever.fits ? "yes" : "no"), std::int64_t{std::llround(lever.peak.value())}});
  }
  return grid;
}

}  // namespace mfusim
