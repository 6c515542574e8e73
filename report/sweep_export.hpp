// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/grid.hpp"
#include "study/sweep.hpp"

#include <iosfwd>

namespace mfusim {

enum class ExportFormat { Csv, JsonLines };

/// Rows of a sweep for other programs, as many as there are, one at a time: number, status, the reason of an invalid one, the
/// values of the axes, time, MFU, memory, GPUs, the resolved plan, and the cost where its GPU has a price. What a row does not
/// have is left empty.
class SweepExport {
 public:
  /// Writes the header, where the format has one. `out` and `space` must outlive it.
  SweepExport(std::ostream& out, ExportFormat format, const SweepSpace& space);
  void add(const SweepRow& row);

 private:
  std::ostream& out_;
  ExportFormat format_;
  const SweepSpace& space_;
  Grid grid_;
};

}  // namespace mfusim
