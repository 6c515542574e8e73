// SPDX-License-Identifier: Apache-2.0
// A build without MPI: no job.
#include "study/sweep_mpi.hpp"

#include <cstdlib>

namespace mfusim {

MpiJob::MpiJob() = default;
MpiJob::~MpiJob() = default;

void MpiJob::abort(int exit_code) {
  std::_Exit(exit_code);
}

std::optional<SweepAnswer> run_sweep(const MpiJob& /*job*/, const SweepSpace& space, const SweepOptions& options,
                                     SweepStore* store, const SweepProgress& progress) {
  return run_sweep(space, options, store, progress);
}

}  // namespace mfusim
