// SPDX-License-Identifier: Apache-2.0
#include "sim/fold_outcome.hpp"

#include "sim/engine_linear.hpp"
#include "sim/engine_running.hpp"

#include <algorithm>

namespace mfusim {

Outcome RankEngine::run(const FoldKind& kind, const Situation& situation, std::int64_t host_lag,
                        std::span<const Outcome* const> known) {
  collect(kind, situation);
  alike_pauses_.assign(known.size(), kUnasked);
  streams_[static_cast<std::size_t>(StreamKind::Host)].free = host_lag;
  resume(situation);
  pass_and_wait();
  start_tasks(0);
  apply_rates(0);  // also where nothing starts: something may have ended just now
  for (std::int64_t now = next_event(); now != kNever; now = next_event()) {
    if (end_tasks(now) && is_pause(now)) {
      const std::optional<std::int64_t> later = skip(now, known);
      if (!later) break;
      now = *later;
    }
    start_tasks(now);
    apply_rates(now);
  }
  finish();
  return std::move(outcome_);
}

void RankEngine::collect(const FoldKind& kind, const Situation& situation) {
  outcome_ = Outcome(memory_);
  outcome_.kind = &kind;
  outcome_.before.reserve(situation.tasks.size());
  outcome_.before_waits.assign(situation.waits.begin(), situation.waits.end());
  outcome_.ends.assign(situation.tasks.size() + kind.tasks.size(), kUnknown);
  simulated_tasks_ = outcome_.ends.size();
  changes_.clear();
  pauses_.clear();
  running_ = {};
  running_streams_ = 0;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    stream.tasks.clear();
    stream.go_to(0);
    stream.free = 0;
    stream.running = false;
  }
  for (const Unfinished& one : situation.tasks) {
    streams_[static_cast<std::size_t>(one.task.stream)].tasks.push_back(outcome_.unfinished());
    outcome_.before.push_back(one.task);
  }
  used_.clear();
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    Stream& stream = streams_[i];
    stream.before = static_cast<std::uint32_t>(stream.tasks.size());
    stream.end_of_tasks = stream.before + static_cast<std::uint32_t>(kind.queues[i].size());
    stream.tasks.resize(stream.end_of_tasks);
    std::transform(kind.queues[i].begin(), kind.queues[i].end(), stream.tasks.begin() + stream.before,
                   [unfinished = outcome_.unfinished()](std::uint32_t task) { return task + unfinished; });
    if (stream.end_of_tasks > 0) used_.push_back(&stream);
  }
}

void RankEngine::resume(const Situation& situation) {
  for (std::uint32_t task = 0; task < situation.tasks.size(); ++task) {
    const Unfinished& one = situation.tasks[task];
    Stream& stream = streams_[static_cast<std::size_t>(one.task.stream)];
    if (one.progress == Unfinished::Progress::Passes) {
      stream.free = outcome_.ends[task] = one.since;
      stream.go_to(stream.head + 1);
    } else if (one.progress == Unfinished::Progress::Runs) {
      stream.running = true;
      ++running_streams_;
      stream.left = one.left;
      stream.rate = one.rate;
      stream.since = one.since;
      stream.end = RunningTasks::end_time(one.since, one.left, one.rate);
      running_on(stream) = one.task.usage;
      note(stream);
    }
  }
}

std::int64_t RankEngine::start_of(Stream& stream, std::uint32_t number) const {
  const FoldTask& task = outcome_.task(number);
  std::int64_t start = stream.free;
  for (std::uint32_t wait = task.first_wait; wait < task.last_wait; ++wait) {
    const std::uint32_t before = outcome_.awaited(number, wait);
    const std::int64_t end = outcome_.ends[before];
    if (end == kUnknown) {
      stream.blocker = before;
      return kNever;
    }
    start = std::max(start, end);
  }
  return start;
}

/// Whether the stream got further: tasks that share nothing end as soon as their start is known.
bool RankEngine::advance(Stream& stream) {
  bool passed = false;
  while (!stream.running && stream.start == kNever && !stream.is_done()) {
    if (stream.blocker != kNone && outcome_.ends[stream.blocker] == kUnknown) break;
    const std::uint32_t number = head_of(stream);
    stream.start = start_of(stream, number);
    const FoldTask& task = outcome_.task(number);
    if (stream.start == kNever || !task.passes()) break;
    if (__builtin_add_overflow(stream.start, task.duration, &stream.free)) throw_clock_overflow(number);
    outcome_.ends[number] = stream.free;
    stream.go_to(stream.head + 1);
    passed = true;
  }
  return passed;
}

void RankEngine::pass_and_wait() {
  bool passed = true;
  while (passed) {
    passed = false;
    for (Stream* stream : used_) passed = advance(*stream) || passed;
  }
}

std::int64_t RankEngine::next_event() const {
  std::int64_t next = kNever;
  for (const Stream* stream : used_) next = std::min(next, stream->running ? stream->end : stream->start);
  return next;
}

bool RankEngine::end_tasks(std::int64_t now) {
  bool ended = false;
  for (Stream* stream : used_) {
    if (!stream->running || stream->end != now) continue;
    outcome_.ends[head_of(*stream)] = stream->free = now;
    running_on(*stream) = 0;
    stream->running = false;
    --running_streams_;
    stream->go_to(stream->head + 1);
    ended = true;
  }
  if (ended) pass_and_wait();
  return ended;
}

void RankEngine::start_tasks(std::int64_t now) {
  for (Stream* stream : used_) {
    if (stream->running || stream->start != now) continue;
    const FoldTask& task = outcome_.task(head_of(*stream));
    stream->running = true;
    ++running_streams_;
    stream->left = static_cast<double>(task.duration);
    stream->rate = kNoRate;
    stream->since = now;
    running_on(*stream) = task.usage;
  }
}

void RankEngine::apply_rates(std::int64_t now) {
  if (running_streams_ == 0) return;
  if (running_streams_ == 1) {
    Stream& alone = **std::find_if(used_.begin(), used_.end(), [](const Stream* stream) { return stream->running; });
    return apply_rate(alone, now, rate_alone(alone));
  }
  const RateTable::Rates& rates = rates_.rates(running_);
  for (Stream* stream : used_) {
    if (stream->running) apply_rate(*stream, now, rates[static_cast<std::size_t>(stream - streams_.data())]);
  }
}

double RankEngine::rate_alone(const Stream& stream) {
  const UsageId usage = running_on(stream);
  if (rates_alone_.size() <= usage) rates_alone_.resize(usage + 1, kNoRate);
  if (rates_alone_[usage] == kNoRate)
    rates_alone_[usage] = rates_.rates(running_)[static_cast<std::size_t>(&stream - streams_.data())];
  return rates_alone_[usage];
}

void RankEngine::set_rate(Stream& stream, std::int64_t now, double rate) {
  stream.rate = rate;
  stream.since = now;
  stream.end = RunningTasks::end_time(now, stream.left, rate);
  note(stream);
}

void RankEngine::change_rate(Stream& stream, std::int64_t now, double rate) {
  stream.left = std::max(0.0, stream.left - stream.rate * static_cast<double>(now - stream.since));
  set_rate(stream, now, rate);
}

void RankEngine::note(const Stream& stream) {
  if (&stream == &streams_[static_cast<std::size_t>(StreamKind::Compute)]) return;
  changes_.push_back({head_of(stream), stream.since, stream.left, stream.rate});
}

void RankEngine::finish() {
  const Stream& compute = streams_[static_cast<std::size_t>(StreamKind::Compute)];
  if (!compute.tasks.empty())  // the last one ends last
    outcome_.kernels_end = std::max<std::int64_t>(0, outcome_.ends[compute.tasks.back()]);
  std::int64_t first = kNever;
  for (std::uint32_t task = 0; task < outcome_.ends.size(); ++task) {
    const std::int64_t end = outcome_.ends[task];
    first = std::min(first, end);
    outcome_.end = std::max(outcome_.end, end);
    if (end > outcome_.kernels_end) outcome_.tail.push_back(task);
  }
  if (first == kUnknown) throw_clock_overflow(0);
  std::erase_if(changes_, [&](const Outcome::Change& change) {
    return change.task >= outcome_.unfinished() && outcome_.ends[change.task] <= outcome_.kernels_end;
  });
  const auto is_earlier = [](const Outcome::Change& a, const Outcome::Change& b) { return a.time < b.time; };
  if (!std::is_sorted(changes_.begin(), changes_.end(), is_earlier))
    std::stable_sort(changes_.begin(), changes_.end(), is_earlier);
  outcome_.changes.assign(changes_.begin(), changes_.end());
}

}  // namespace mfusim
