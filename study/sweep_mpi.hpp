// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "study/sweep.hpp"

#include <optional>

namespace mfusim {

/// The MPI job that this process belongs to, from construction to destruction; none where mpirun or srun did not start it, or
/// where the program was built without MPI.
class MpiJob {
 public:
  MpiJob();
  ~MpiJob();
  MpiJob(const MpiJob&) = delete;
  MpiJob& operator=(const MpiJob&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int ranks() const { return ranks_; }  ///< 1: no job, or one with a single rank.
  /// Ends all ranks at once: what failed here must not leave the others waiting.
  [[noreturn]] static void abort(int exit_code);

 private:
  int rank_ = 0;
  int ranks_ = 1;
};

/// run_sweep over the ranks of a job. Rank 0 has the store, hands ranges out in batches of about half a second by each rank's
/// measured rate, and evaluates between times itself; each rank runs one thread. The answer is on rank 0.
[[nodiscard]] std::optional<SweepAnswer> run_sweep(const MpiJob& job, const SweepSpace& space, const SweepOptions& options,
                                                   SweepStore* store, const SweepProgress& progress = {});

}  // namespace mfusim
