// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario.hpp"
#include "study/case_file.hpp"

#include <optional>
#include <string>

namespace mfusim {

/// What a published memory figure counts: tensors, what the caching allocator holds, or all that the GPU shows as used.
enum class MemoryFigure { Allocated, Reserved, Device };

/// What somebody measured and published for a scenario, and where it stands among other measurements.
struct PublishedMeasurement {
  std::optional<Seconds> iteration_time;  ///< As given, or from samples_per_s or tokens_per_s and the global batch.
  std::optional<double> mfu;
  std::optional<double> hfu;
  std::optional<Bytes> memory;  ///< Peak of the fullest GPU.
  MemoryFigure memory_figure = MemoryFigure::Device;
  std::string source;
  std::string family;    ///< Rows of one source and method; the file's name where it is not given.
  std::string split;     ///< `calibration` where constants were chosen with the row in view; `none` where it is not given.
  std::string tier;      ///< How completely the source states the configuration; may be empty.
  std::string unstated;  ///< What the source leaves open; may be empty.
  std::string assumed;   ///< What the scenario assumes for it; may be empty.
};

/// Reads the `measured:` block of a case, which the scenario itself never reads for its prediction. Throws InputError where the
/// source or every value is missing, where a value lacks its unit, and where more than one value gives the time.
[[nodiscard]] PublishedMeasurement read_published_measurement(const CaseDocument& document, const Scenario& scenario);

}  // namespace mfusim
