// SPDX-License-Identifier: Apache-2.0
#include "app/progress_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

namespace mfusim::app {

std::function<void(std::int64_t, std::int64_t)> progress_line(const CommonOptions& common, const std::string& what) {
  if (common.quiet || isatty(STDERR_FILENO) == 0) return {};
  using Clock = std::chrono::steady_clock;
  return [what, start = Clock::now(), shown = Clock::time_point()](std::int64_t done, std::int64_t all) mutable {
    constexpr std::chrono::milliseconds between{200};
    const Clock::time_point now = Clock::now();
    if (done < all && now - shown < between) return;
    shown = now;
    const double elapsed = std::chrono::duration<double>(now - start).count();
    const double rate = elapsed > 0 ? static_cast<double>(done) / elapsed : 0;
    const double left = rate > 0 ? static_cast<double>(all - done) / rate : 0;
    std::cerr << fmt::format("\r\033[K{} of {} {}, {:.0f} a second, {:.0f} s left{}", done, all, what, rate, left,
                             done == all ? "\n" : "")
              << std::flush;
  };
}

}  // namespace mfusim::app
