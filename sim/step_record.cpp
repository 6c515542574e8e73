// SPDX-License-Identifier: Apache-2.0
#include "sim/step_record.hpp"

#include <algorithm>

namespace mfusim {

void StepRecord::append(Item item, std::size_t size, std::span<const TaskId> after) {
  item.first = tasks;
  item.first_wait = static_cast<std::uint32_t>(waits.size());
  for (const TaskId before : after) {
    waits.push_back(before);
    wait_items.push_back(recent_item_of(before));
  }
  item.last_wait = static_cast<std::uint32_t>(waits.size());
  tasks += static_cast<TaskId>(size);
  while (item_of_block_.size() * block < tasks) item_of_block_.push_back(static_cast<std::uint32_t>(items.size()));
  items.push_back(item);
}

std::uint32_t StepRecord::recent_item_of(TaskId task) const {
  constexpr std::size_t tried = 4;
  for (std::size_t back = 1; back <= std::min(tried, items.size()); ++back) {
    if (items[items.size() - back].first <= task) return static_cast<std::uint32_t>(items.size() - back);
  }
  return item_of(task);
}

}  // namespace mfusim
