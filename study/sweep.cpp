// SPDX-License-Identifier: Apache-2.0
#include "study/sweep.hpp"

#include "study/sweep_collector.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace mfusim {
namespace {

/// The threads of a sweep: each takes the next range, evaluates it, and gives its rows to the collector.
class SweepThreads {
 public:
  SweepThreads(const SweepSpace& space, const std::vector<IndexRange>& pending, SweepCollector& collector,
               const SweepProgress& progress, Pruning pruning)
      : space_(space), pending_(pending), collector_(collector), progress_(progress) {
    if (pruning == Pruning::On) can_matter_ = [this](const SweepRow& row) { return can_matter(row); };
    for (const IndexRange& range : pending) all_ += range.last - range.first;
  }

  void run(int jobs) {
    std::vector<std::thread> threads;
    for (int i = 1; i < jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void work() {
    try {
      ConfigurationEvaluator evaluator(space_);
      for (std::size_t next = next_++; next < pending_.size() && !stopped_; next = next_++)
        deliver(evaluate_range(pending_[next], evaluator, can_matter_));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      stopped_ = true;
    }
  }

  [[nodiscard]] bool can_matter(const SweepRow& optimistic) {
    const std::lock_guard lock(mutex_);
    return collector_.ranking().can_change(optimistic);
  }

  void deliver(RangeRows rows) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    done_ += rows.range.last - rows.range.first;
    collector_.add(std::move(rows));
    if (progress_) progress_(done_, all_);
  }

  const SweepSpace& space_;
  const std::vector<IndexRange>& pending_;
  SweepCollector& collector_;
  const SweepProgress& progress_;
  CanMatter can_matter_;
  std::int64_t all_ = 0;
  std::int64_t done_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::exception_ptr failure_;
  std::mutex mutex_;
};

}  // namespace

SweepAnswer run_sweep(const SweepSpace& space, const SweepOptions& options, SweepStore* store, const SweepProgress& progress) {
  const std::vector<IndexRange> pending = with_short_end(ranges_to_do(space, options, store), options.jobs);
  SweepCollector collector(space, options, store);
  SweepThreads threads(space, pending, collector, progress, options.pruning);
  threads.run(std::min(options.jobs, static_cast<int>(std::max<std::size_t>(pending.size(), 1))));
  return answer_of(space, options, collector);
}

}  // namespace mfusim
