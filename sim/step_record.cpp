// SPDX-License-Identifier: Apache-2.0
#include "sim/step_record.hpp"

namespace mfusim {

void StepRecord::append(Item item, std::size_t size, std::span<const TaskId> after) {
  item.first = tasks;
  item.first_wait = static_cast<std::uint32_t>(waits.size());
  waits.insert(waits.end(), after.begin(), after.end());
  item.last_wait = static_cast<std::uint32_t>(waits.size());
  tasks += static_cast<TaskId>(size);
  while (item_of_block_.size() * block < tasks) item_of_block_.push_back(static_cast<std::uint32_t>(items.size()));
  items.push_back(item);
}

}  // namespace mfusim
