// SPDX-License-Identifier: Apache-2.0
#include "base/input_error.hpp"
#include "report/trace.hpp"
#include "sim/rank_names.hpp"

#include <fmt/format.h>

#include <charconv>
#include <set>

namespace mfusim {
namespace {

[[noreturn]] void refuse(std::string_view text, const std::string& rule) {
  throw InputError(fmt::format("--trace-ranks: {}, got '{}'", rule, shown(text)));
}

int parse_rank(std::string_view word, std::string_view text, int ranks) {
  int rank = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), rank);
  if (error != std::errc() || end != word.data() + word.size()) refuse(text, "expected ranks as 0,3-5");
  if (rank < 0 || rank >= ranks) refuse(text, fmt::format("ranks are 0 to {}", ranks - 1));
  return rank;
}

}  // namespace

std::vector<int> parse_ranks(std::string_view text, int ranks) {
  std::set<int> chosen;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view word = text.substr(from, comma - from);
    const std::size_t dash = word.find('-');
    const int first = parse_rank(word.substr(0, dash), text, ranks);
    const int last = dash == std::string_view::npos ? first : parse_rank(word.substr(dash + 1), text, ranks);
    if (last < first) refuse(text, "a range ends where it begins or later");
    for (int rank = first; rank <= last; ++rank) chosen.insert(rank);
    from = comma + 1;
  }
  return {chosen.begin(), chosen.end()};
}

std::vector<TraceRank> trace_ranks(const Result& result, const Scenario& scenario, const BuiltStep& step) {
  std::vector<TraceRank> ranks;
  for (const std::string& name : rank_names(step, scenario)) ranks.push_back({.name = name, .held = {}});
  const std::size_t stages = result.memory.stages.size();
  if (stages == 0 || ranks.size() % stages != 0) return ranks;
  const std::size_t copies = ranks.size() / stages;  // of a stage: they have consecutive numbers
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    for (const auto& [name, bytes] : result.memory.stages[rank / copies].parts) {
      const bool by_pass = name == "activations" || name == "recomputed_layer" || name == "loss" || name == "gradients_in_flight";
      if (!by_pass) ranks[rank].held += bytes;
    }
  }
  return ranks;
}

}  // namespace mfusim
