// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/quantity.hpp"
#include "sim/result.hpp"

#include <cstdint>
#include <string>

namespace mfusim {

/// Numbers as people read them, three or four digits and a unit.
[[nodiscard]] std::string show_time(Seconds time);         ///< "26.02 s", "331.8 ms", "12.0 us"
[[nodiscard]] std::string show_bytes(Bytes bytes);         ///< "45.3 GB"
[[nodiscard]] std::string show_flops(Flops flops);         ///< "50.403 TFLOP"
[[nodiscard]] std::string show_percent(double share);      ///< 0.4771 -> "47.7 %"
[[nodiscard]] std::string show_count(std::int64_t count);  ///< "427 944 193"
/// So many significant digits, grouped, all digits before the point: "25 960", "0.2430"; an exponent only below 1e-4 and from
/// 1e15.
[[nodiscard]] std::string show_number(double number, int digits);

/// GPUs of the job do different work: pipeline stages, or towers that have GPUs of their own.
[[nodiscard]] bool has_stages(const Result& result);
/// "pipeline stage 3", or the tower where the towers have GPUs of their own: then each of them is a stage of its own; "each GPU"
/// where there are no stages.
[[nodiscard]] std::string show_stage(const Result& result, int stage);

}  // namespace mfusim
