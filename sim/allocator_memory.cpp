// SPDX-License-Identifier: Apache-2.0
#include "sim/allocator_memory.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mfusim {
namespace {

constexpr std::array<std::string_view, 4> beyond_tensors{"held_back", "update_copies", "fragmentation", "startup"};
constexpr std::array<std::string_view, 2> outside_allocator{"communicators", "framework"};
/// State is allocated once, before the first step; all other tensors come and go.
constexpr std::array<std::string_view, 3> standing{"weights", "gradients", "optimizer"};

template <std::size_t Size>
bool among(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Bytes part(const StageMemory& memory, std::string_view name) {
  Bytes sum;
  for (const auto& [other, bytes] : memory.parts) {
    if (other == name) sum += bytes;
  }
  return sum;
}

Bytes coming_and_going(const StageMemory& memory) {
  Bytes sum;
  for (const auto& [name, bytes] : memory.parts) {
    if (is_tensor_part(name) && !among(standing, name)) sum += bytes;
  }
  return sum;
}

/// Beyond what the steps reserve.
Bytes startup(const Scenario& scenario, const StageMemory& memory) {
  if (!scenario.stack.startup_gradient_buffer || scenario.parallel.zero == 0) return {};
  const StateTypes& types = scenario.training.state;
  const Bytes master = types.master ? size_of(*types.master) : Bytes();
  const double moments = scenario.training.optimizer == Optimizer::Sgd ? 1 : 2;
  const double master_share = master / (master + moments * size_of(types.moments));
  const Bytes before_steps = part(memory, "weights") + 2 * part(memory, "gradients") + master_share * part(memory, "optimizer");
  return std::max(Bytes(), before_steps - memory.reserved());
}

void leave_room(const Scenario& scenario, StageMemory& memory) {
  for (auto& [name, bytes] : memory.parts) {
    if (name != "held_back") continue;
    const Bytes room = scenario.cluster.gpu.memory_capacity - (memory.total() - bytes);
    bytes = std::clamp(room, Bytes(), bytes);
  }
}

}  // namespace

bool is_tensor_part(std::string_view part) {
  return is_reserved_part(part) && !among(beyond_tensors, part);
}
bool is_reserved_part(std::string_view part) {
  return !among(outside_allocator, part);
}

void add_part(StageMemory& memory, std::string_view name, Bytes bytes) {
  const auto same = std::find_if(memory.parts.begin(), memory.parts.end(), [&](const auto& part) { return part.first == name; });
  if (same == memory.parts.end()) {
    memory.parts.emplace_back(name, bytes);
  } else {
    same->second += bytes;
  }
}

void add_beside_tensors(const Scenario& scenario, Bytes communicators, StageMemory& memory) {
  add_part(memory, "fragmentation", scenario.stack.fragmentation * coming_and_going(memory));
  add_part(memory, "startup", startup(scenario, memory));
  add_part(memory, "communicators", communicators);
  add_part(memory, "framework", scenario.stack.framework_memory);
  leave_room(scenario, memory);
}

}  // namespace mfusim
