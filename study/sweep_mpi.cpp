// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_mpi.hpp"

#include "study/evaluate_configuration.hpp"
#include "study/row_codec.hpp"
#include "study/sweep_collector.hpp"
#include "study/sweep_twins.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace mfusim {
namespace {

constexpr int rows_tag = 1;    // worker -> rank 0: rows of its last batch; none: a first batch is wanted
constexpr int ranges_tag = 2;  // rank 0 -> worker: the next batch; empty: there is no more

/// The launchers tell each process its place; without one of them MPI would start a job of its own.
bool started_by_launcher() {
  constexpr std::array<const char*, 3> names{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"};
  return std::any_of(names.begin(), names.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

/// Sizes batches so that a rank comes back about twice a second.
class BatchSizes {
 public:
  explicit BatchSizes(int ranks) : given_(static_cast<std::size_t>(ranks)) {}

  std::size_t next(int rank) {
    Given& given = given_[static_cast<std::size_t>(rank)];
    const double now = MPI_Wtime();
    if (given.size > 0) {
      constexpr double wanted_seconds = 0.5;
      constexpr double largest = 256;
      const double rate = static_cast<double>(given.size) / std::max(now - given.at, 1e-6);
      given.size = static_cast<std::size_t>(std::clamp(rate * wanted_seconds, 1.0, largest));
    } else {
      given.size = 1;
    }
    given.at = now;
    return given.size;
  }

 private:
  struct Given {
    std::size_t size = 0;
    double at = 0;
  };
  std::vector<Given> given_;
};

std::string receive_rows(const MPI_Status& status) {
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  MPI_Recv(bytes.data(), size, MPI_BYTE, status.MPI_SOURCE, rows_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return bytes;
}

void send_ranges(int rank, const std::vector<IndexRange>& ranges) {
  static_assert(sizeof(IndexRange) == 2 * sizeof(std::int64_t));
  MPI_Send(ranges.data(), static_cast<int>(2 * ranges.size()), MPI_INT64_T, rank, ranges_tag, MPI_COMM_WORLD);
}

/// Rank 0: takes rows in, hands ranges out, and in between evaluates a range itself.
class Coordinator {
 public:
  Coordinator(const SweepSpace& space, std::vector<IndexRange> pending, SweepCollector& collector, const SweepProgress& progress,
              int ranks, Pruning pruning)
      : pending_(std::move(pending)),
        collector_(collector),
        progress_(progress),
        evaluator_(space),
        sizes_(ranks),
        working_(ranks - 1) {
    for (const IndexRange& range : pending_) all_ += range.last - range.first;
    if (pruning == Pruning::On) can_matter_ = [this](const SweepRow& row) { return collector_.ranking().can_change(row); };
  }

  void run() {
    while (working_ > 0 || next_ < pending_.size()) {
      const bool idle = next_ >= pending_.size();
      if (serve(idle)) continue;
      take(evaluate_range(pending_[next_++], evaluator_, can_matter_));
    }
  }

 private:
  /// Serves one rank. False where none waits; waits for one where there is nothing else to do.
  bool serve(bool wait) {
    MPI_Status status;
    int waits = 0;
    if (wait) {
      MPI_Probe(MPI_ANY_SOURCE, rows_tag, MPI_COMM_WORLD, &status);
    } else {
      MPI_Iprobe(MPI_ANY_SOURCE, rows_tag, MPI_COMM_WORLD, &waits, &status);
      if (waits == 0) return false;
    }
    const std::string bytes = receive_rows(status);
    const std::size_t size = std::min(sizes_.next(status.MPI_SOURCE), pending_.size() - next_);
    const auto first = pending_.begin() + static_cast<std::ptrdiff_t>(next_);
    send_ranges(status.MPI_SOURCE, {first, first + static_cast<std::ptrdiff_t>(size)});
    next_ += size;
    if (size == 0) --working_;
    for (RangeRows& rows : decode_rows(bytes)) take(std::move(rows));
    return true;
  }

  void take(RangeRows rows) {
    done_ += rows.range.last - rows.range.first;
    collector_.add(std::move(rows));
    if (progress_) progress_(done_, all_);
  }

  std::vector<IndexRange> pending_;
  SweepCollector& collector_;
  const SweepProgress& progress_;
  ConfigurationEvaluator evaluator_;
  CanMatter can_matter_;
  BatchSizes sizes_;
  int working_;
  std::size_t next_ = 0;
  std::int64_t all_ = 0;
  std::int64_t done_ = 0;
};

/// The next batch; empty: no more.
std::vector<IndexRange> ask(const std::vector<RangeRows>& done) {
  const std::string bytes = encode_rows(done);
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) throw std::logic_error("a batch over 2 GiB");
  MPI_Send(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, rows_tag, MPI_COMM_WORLD);
  MPI_Status status;
  int numbers = 0;
  MPI_Probe(0, ranges_tag, MPI_COMM_WORLD, &status);
  MPI_Get_count(&status, MPI_INT64_T, &numbers);
  std::vector<IndexRange> ranges(static_cast<std::size_t>(numbers) / 2);
  MPI_Recv(ranges.data(), numbers, MPI_INT64_T, 0, ranges_tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return ranges;
}

/// Ranks other than 0. What a rank prunes by are its own best rows: fewer, and as sound.
void work(const SweepSpace& space, const SweepOptions& options) {
  ConfigurationEvaluator evaluator(space);
  SweepRanking own(space, rows_with_twins(space, options.top));
  CanMatter can_matter;
  if (options.pruning == Pruning::On) can_matter = [&own](const SweepRow& row) { return own.can_change(row); };
  std::vector<RangeRows> done;
  for (std::vector<IndexRange> batch = ask(done); !batch.empty(); batch = ask(done)) {
    done.clear();
    for (const IndexRange& range : batch) {
      done.push_back(evaluate_range(range, evaluator, can_matter));
      for (const SweepRow& row : done.back().rows) own.add(row);
    }
  }
}

}  // namespace

MpiJob::MpiJob() {
  if (!started_by_launcher()) return;
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks_);
}

MpiJob::~MpiJob() {
  int begun = 0;
  MPI_Initialized(&begun);
  if (begun != 0) MPI_Finalize();
}

void MpiJob::abort(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::abort();
}

std::optional<SweepAnswer> run_sweep(const MpiJob& job, const SweepSpace& space, const SweepOptions& options, SweepStore* store,
                                     const SweepProgress& progress) {
  if (job.ranks() == 1) return run_sweep(space, options, store, progress);
  if (job.rank() > 0) {
    work(space, options);
    return std::nullopt;
  }
  SweepCollector collector(space, options, store);
  Coordinator(space, with_short_end(ranges_to_do(space, options, store), job.ranks()), collector, progress, job.ranks(),
              options.pruning)
      .run();
  return answer_of(space, options, collector);
}

}  // namespace mfusim
