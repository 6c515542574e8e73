// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_situation.hpp"

#include <bit>

namespace mfusim {
namespace {

void write_key(const Situation& situation, std::pmr::vector<std::uint64_t>& key) {
  key.clear();
  for (const Unfinished& one : situation.tasks) {
    key.push_back(static_cast<std::uint64_t>(one.task.duration));
    key.push_back(std::uint64_t{one.task.usage} << 16U | static_cast<std::uint64_t>(one.task.stream) << 8U |
                  static_cast<std::uint64_t>(one.progress));
    key.push_back(std::bit_cast<std::uint64_t>(one.left));
    key.push_back(std::bit_cast<std::uint64_t>(one.rate));
    key.push_back(static_cast<std::uint64_t>(one.since));
    key.push_back(one.task.last_wait - one.task.first_wait);
    for (std::uint32_t wait = one.task.first_wait; wait < one.task.last_wait; ++wait) key.push_back(situation.waits[wait]);
  }
}

}  // namespace

std::uint32_t Situations::number_of(const Situation& situation) {
  write_key(situation, key_);
  const auto [at, fresh] = known_.try_emplace(key_, static_cast<std::uint32_t>(situations_.size()));
  std::pmr::memory_resource* memory = situations_.get_allocator().resource();
  if (fresh) situations_.push_back({{situation.tasks, memory}, {situation.waits, memory}});
  return at->second;
}

}  // namespace mfusim
