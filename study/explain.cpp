// SPDX-License-Identifier: Apache-2.0
#include "study/explain.hpp"

#include "base/count.hpp"
#include "base/input_error.hpp"
#include "study/predict.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <thread>
#include <variant>

namespace mfusim {
namespace {

constexpr const char* ideal_part = "ideal_at_peak";
using Pulled = std::variant<LeverOutcome, Explanation::Impossible>;

LeverOutcome outcome_of(const Lever& lever, const Result& base, const Result& changed) {
  const double ratio = changed.samples_per_s / base.samples_per_s;
  const double scale = base.iteration_time / ratio / changed.iteration_time;  // per sample, for the scenario's samples
  LeverOutcome outcome{.name = lever.name,
                       .kind = lever.kind,
                       .time = base.iteration_time / ratio,
                       .gain_percent = 100 * (ratio - 1),
                       .fits = changed.memory.fits,
                       .peak = changed.memory.peak,
                       .waterfall = {}};
  for (const auto& [name, time] : changed.waterfall) outcome.waterfall.emplace_back(name, time * scale);
  return outcome;
}

Pulled pull(const Lever& lever, const Result& base) {
  try {
    return outcome_of(lever, base, predict(lever.scenario()));
  } catch (const InputError& error) {
    return Explanation::Impossible{lever.name, error.what()};
  } catch (const CountOverflow& error) {
    return Explanation::Impossible{lever.name, error.what()};
  }
}

/// As many levers at a time as there are processors; the answers keep their order.
std::vector<Pulled> pull_all(const std::vector<Lever>& levers, const Result& base) {
  std::vector<Pulled> pulled(levers.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < levers.size(); i = next++) pulled[i] = pull(levers[i], base);
  };
  const std::size_t workers = std::min<std::size_t>(levers.size(), std::max(1U, std::thread::hardware_concurrency()));
  std::vector<std::future<void>> running;
  for (std::size_t i = 0; i < workers; ++i) running.push_back(std::async(std::launch::async, work));
  for (std::future<void>& worker : running) worker.get();  // throws what a worker threw
  return pulled;
}

Seconds part_of(const std::vector<std::pair<std::string, Seconds>>& waterfall, const std::string& name) {
  const auto found = std::find_if(waterfall.begin(), waterfall.end(), [&](const auto& part) { return part.first == name; });
  return found == waterfall.end() ? Seconds{} : found->second;
}

enum class Memory { Fits, TooLarge };

/// A lever that makes the whole step slower is no remedy, whatever it does to one part; nor is one that moves the ideal itself
/// (a higher peak, less work), beside which the lost time was counted.
std::optional<LostTime::Remedy> remedy_of(const LostTime& loss, Seconds ideal, const std::vector<LeverOutcome>& levers,
                                          Memory memory) {
  constexpr double worth_naming = 0.05;
  constexpr double rounding = 1e-6;
  std::optional<LostTime::Remedy> best;
  for (const LeverOutcome& lever : levers) {
    const Seconds saved = loss.time - part_of(lever.waterfall, loss.name);
    const bool same_ideal = std::abs(part_of(lever.waterfall, ideal_part) / ideal - 1) < rounding;
    const bool helps =
        lever.fits == (memory == Memory::Fits) && same_ideal && lever.gain_percent > 0 && saved >= worth_naming * loss.time;
    if (helps && (!best || saved > best->saved))
      best = LostTime::Remedy{lever.name, saved, lever.time, lever.gain_percent, lever.peak};
  }
  return best;
}

std::vector<LostTime> largest_losses(const Result& result, const std::vector<LeverOutcome>& levers) {
  constexpr std::size_t told = 3;
  std::vector<LostTime> losses;
  for (const auto& [name, time] : result.waterfall) {
    if (name != ideal_part && time.count() > 0)
      losses.push_back({.name = name, .time = time, .share = time / result.iteration_time, .remedy = {}, .too_large = {}});
  }
  std::stable_sort(losses.begin(), losses.end(), [](const LostTime& a, const LostTime& b) { return a.time > b.time; });
  if (losses.size() > told) losses.resize(told);
  const Seconds ideal = part_of(result.waterfall, ideal_part);
  for (LostTime& loss : losses) {
    loss.remedy = remedy_of(loss, ideal, levers, Memory::Fits);
    loss.too_large = remedy_of(loss, ideal, levers, Memory::TooLarge);
    if (loss.remedy && loss.too_large && loss.remedy->saved >= loss.too_large->saved) loss.too_large.reset();
  }
  return losses;
}

}  // namespace

Explanation explain(const ScenarioDocument& document) {
  const Scenario scenario = read_scenario(document);
  Explanation explanation{.result = predict(scenario), .losses = {}, .levers = {}, .impossible = {}};
  for (Pulled& pulled : pull_all(levers_of(document, scenario), explanation.result)) {
    if (auto* outcome = std::get_if<LeverOutcome>(&pulled)) {
      explanation.levers.push_back(std::move(*outcome));
    } else {
      explanation.impossible.push_back(std::move(std::get<Explanation::Impossible>(pulled)));
    }
  }
  std::stable_sort(explanation.levers.begin(), explanation.levers.end(),
                   [](const LeverOutcome& a, const LeverOutcome& b) { return a.gain_percent > b.gain_percent; });
  explanation.losses = largest_losses(explanation.result, explanation.levers);
  return explanation;
}

}  // namespace mfusim
