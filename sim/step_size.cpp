// SPDX-License-Identifier: Apache-2.0
#include "sim/step_size.hpp"

#include "base/input_error.hpp"
#include "base/quantity.hpp"
#include "sim/task_graph.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

namespace mfusim {

namespace {

/// What the process is limited to; nothing where it is not.
std::optional<Bytes> limit_of_process() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return Bytes(static_cast<double>(limit.rlim_cur));
}

/// What the container is limited to, by Linux's control groups, version 2; nothing where it is not ("max", or no such file).
std::optional<Bytes> limit_of_container() {
  std::ifstream file("/sys/fs/cgroup/memory.max");
  double bytes = 0;
  if (!(file >> bytes)) return std::nullopt;
  return Bytes(bytes);
}

/// Memory that this process may have.
Bytes machine_memory() {
  const Bytes installed(static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  return std::min({installed, limit_of_process().value_or(installed), limit_of_container().value_or(installed)});
}

}  // namespace

void check_step_size(std::size_t tasks, std::string_view remedy) {
  constexpr std::size_t edges_a_task = 2;
  const Bytes needed = estimated_memory(tasks, edges_a_task * tasks);
  const Bytes there = machine_memory();
  if (tasks <= std::numeric_limits<TaskId>::max() && needed <= there) return;
  throw InputError(fmt::format("a step of {:.3g} tasks needs {:.1f} GB of memory to simulate, here are {:.1f} GB: {}",
                               static_cast<double>(tasks), needed.value() / 1e9, there.value() / 1e9, remedy));
}

}  // namespace mfusim
