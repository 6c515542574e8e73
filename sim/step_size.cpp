// SPDX-License-Identifier: Apache-2.0
#include "sim/step_size.hpp"

#include "base/input_error.hpp"
#include "sim/task_graph.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <limits>

namespace mfusim {

void check_step_size(std::size_t tasks, std::string_view remedy) {
  constexpr std::size_t edges_a_task = 2;
  const Bytes needed = estimated_memory(tasks, edges_a_task * tasks);
  const Bytes installed(static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  if (tasks <= std::numeric_limits<TaskId>::max() && needed <= installed) return;
  throw InputError(fmt::format("a step of {:.3g} tasks needs {:.1f} GB of memory to simulate, this machine has {:.1f} GB: {}",
                               static_cast<double>(tasks), needed.value() / 1e9, installed.value() / 1e9, remedy));
}

}  // namespace mfusim
