// SPDX-License-Identifier: Apache-2.0
#include "sim/stage_turns.hpp"

#include "sim/pipeline_wiring.hpp"

#include <algorithm>

namespace mfusim {
namespace {

constexpr std::uint32_t unknown = static_cast<std::uint32_t>(-1);

std::uint32_t duration_of(const PipelineWiring& wiring, std::uint32_t pass) {
  return pass_kind(wiring[pass].kind).slot == Slot::Kind::Backward ? 32 : 16;
}

/// When a pass starts behind the one before it on its stage; unknown: something that it waits for has no known start. What
/// arrives elsewhere comes later than what blocks the stage itself, so that the sender is known to go on.
std::uint32_t start_of(const PipelineWiring& wiring, const std::vector<std::uint32_t>& starts, std::uint32_t pass) {
  const std::uint32_t stage = wiring.stage_of(pass);
  std::uint32_t start = pass == wiring.first(stage) ? 0 : starts[pass - 1] + duration_of(wiring, pass - 1);
  for (const PipelineWiring::Wait wait : wiring.waits_of(pass)) {
    if (starts[wait.pass] == unknown) return unknown;
    const std::uint32_t transfer = wait.sent == 0 ? 0 : wait.stage == stage ? 1 : 2;
    start = std::max(start, starts[wait.pass] + duration_of(wiring, wait.pass) + transfer);
  }
  return start;
}

std::vector<std::uint32_t> starts_of(const PipelineWiring& wiring) {
  std::vector<std::uint32_t> starts(wiring.size(), unknown);
  std::vector<std::uint32_t> next;
  for (std::uint32_t stage = 0; stage < wiring.stages(); ++stage) next.push_back(wiring.first(stage));
  for (bool further = true; further;) {
    further = false;
    for (std::uint32_t stage = 0; stage < wiring.stages(); ++stage) {
      for (std::uint32_t& pass = next[stage]; pass < wiring.first(stage + 1); ++pass) {
        starts[pass] = start_of(wiring, starts, pass);
        if (starts[pass] == unknown) break;
        further = true;
      }
    }
  }
  return starts;
}

}  // namespace

std::vector<std::uint32_t> stage_turns(const PipelineWiring& wiring) {
  const std::vector<std::uint32_t> starts = starts_of(wiring);
  std::vector<std::uint32_t> at;  // by start: where its turns go
  for (const std::uint32_t start : starts) {
    if (start == unknown) continue;
    if (at.size() <= start + 1) at.resize(start + 2);
    ++at[start + 1];
  }
  for (std::size_t start = 1; start < at.size(); ++start) at[start] += at[start - 1];
  std::vector<std::uint32_t> turns(at.empty() ? 0 : at.back());
  for (std::uint32_t pass = 0; pass < starts.size(); ++pass) {
    if (starts[pass] != unknown) turns[at[starts[pass]]++] = wiring.stage_of(pass);
  }
  return turns;
}

}  // namespace mfusim
