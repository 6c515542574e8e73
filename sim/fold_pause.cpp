// SPDX-License-Identifier: Apache-2.0
// How RankEngine takes over what outcomes of the same kind did. A transfer that is under way when a pass starts mostly ends
// within the pass, or outlives it. Once it has ended, the pass goes on as without it, only later: on a clock that starts at a
// pause, equal pauses have equal futures. And until it ends, the kernels depend on what it uses and not on its work left, as
// rates do: only its own subtractions have to be repeated. Outcomes of other kinds of the same pattern tell as much until the
// first of the steps that make the difference may begin.
#include "sim/clock_sum.hpp"
#include "sim/fold_outcome.hpp"

#include <algorithm>
#include <iterator>

namespace mfusim {
namespace {

using ByStream = std::array<std::uint32_t, streams_per_rank>;

bool equal(const ByStream& a, const ByStream& b) {
  std::uint32_t different = 0;
  for (std::size_t stream = 0; stream < a.size(); ++stream) different |= a[stream] ^ b[stream];
  return different == 0;
}

constexpr auto compute_stream = static_cast<std::size_t>(StreamKind::Compute);

/// The first of an outcome's pauses at which so many kernels have ended.
std::size_t first_pause(const Outcome& outcome, std::uint32_t ended_kernels) {
  const auto at = std::partition_point(outcome.pauses.begin(), outcome.pauses.end(),
                                       [&](const Outcome::Pause& pause) { return pause.ended[compute_stream] < ended_kernels; });
  return static_cast<std::size_t>(at - outcome.pauses.begin());
}

}  // namespace

void Outcome::keep(std::span<const Pause> of_run) {
  pauses.assign(of_run.begin(), of_run.end());
  std::uint32_t passed = 0;
  for (Pause& pause : pauses) {
    while (passed < changes.size() && changes[passed].time <= pause.time) ++passed;
    pause.changes = passed;
  }
  for (std::size_t i = pauses.size(); i-- > 0;) {
    const bool goes_on = i + 1 < pauses.size() && equal(pauses[i].under_way, pauses[i + 1].under_way);
    pauses[i].last_alike = goes_on ? pauses[i + 1].last_alike : static_cast<std::uint32_t>(i);
  }
}

bool RankEngine::is_pause(std::int64_t now) const {
  const Stream& compute = streams_[compute_stream];
  if (compute.is_done()) return false;
  return std::all_of(used_.begin(), used_.end(), [&](const Stream* stream) {
    const bool before_group = stream->head < stream->before;
    if (stream->running || before_group) return stream->running && before_group;
    return stream->free <= now && (stream->start == now || stream->start == kNever);
  });
}

Outcome::Pause RankEngine::pause_at(std::int64_t now) const {
  Outcome::Pause pause{.time = now};
  for (const Stream* one : used_) {
    const auto stream = static_cast<std::size_t>(one - streams_.data());
    if (one->running) {
      pause.under_way[stream] = head_of(*one) + 1;
    } else {
      pause.ended[stream] = one->head - one->before;
    }
  }
  return pause;
}

bool RankEngine::is_alike(const Outcome::Pause& mine, const Outcome& known, const Outcome::Pause& its) const {
  if (!equal(mine.ended, its.ended)) return false;
  for (std::size_t stream = 0; stream < streams_.size(); ++stream) {
    const std::uint32_t task = its.under_way[stream];
    if ((task == 0 ? 0 : known.task(task - 1).usage) != running_[stream]) return false;
  }
  return true;
}

std::optional<std::int64_t> RankEngine::skip(std::int64_t now, std::span<const Outcome* const> known) {
  const Outcome::Pause& mine = pauses_.emplace_back(pause_at(now));
  const bool alone = equal(mine.under_way, {});
  for (std::size_t number = 0; number < known.size(); ++number) {
    const Outcome* outcome = known[number];
    const bool same_kind = outcome->kind == outcome_.kind;
    if (alike_pauses_[number] == kUnasked) alike_pauses_[number] = same_kind ? outcome->pauses.size() : alike_pauses(*outcome);
    const std::size_t end = alike_pauses_[number];
    for (std::size_t i = first_pause(*outcome, mine.ended[compute_stream]); i < end; ++i) {
      const Outcome::Pause& its = outcome->pauses[i];
      if (its.ended[compute_stream] != mine.ended[compute_stream]) break;
      if (!is_alike(mine, *outcome, its)) continue;
      if (alone && same_kind) {
        follow(*outcome, its.time, now - its.time);
        return std::nullopt;
      }
      const std::int64_t later = jump(*outcome, i, end, now - its.time);
      if (later != now) return later;
    }
  }
  return now;
}

/// How many pauses of an outcome of another kind tell how this one goes: kinds of one pattern differ in their steps, and go alike
/// until the first of them may begin, there or here.
std::size_t RankEngine::alike_pauses(const Outcome& known) const {
  const auto end = std::partition_point(known.pauses.begin(), known.pauses.end(), [&](const Outcome::Pause& pause) {
    return !known.kind->may_begin_a_step(pause.ended) && !outcome_.kind->may_begin_a_step(pause.ended);
  });
  return static_cast<std::size_t>(end - known.pauses.begin());
}

/// To the last pause of `known` before `end` that what is under way outlives there and here.
std::int64_t RankEngine::jump(const Outcome& known, std::size_t from, std::size_t end, std::int64_t delay) {
  const std::size_t last = std::min<std::size_t>(known.pauses[from].last_alike, end - 1);
  const std::size_t reached = from == last ? from : carry_all(known, from, last, delay);
  const Outcome::Pause& pause = known.pauses[reached];
  const std::int64_t now = clock_sum(pause.time, delay);
  if (reached == from) return now;
  for (Stream* stream : used_) {
    if (stream->running) continue;
    const std::uint32_t ended = pause.ended[static_cast<std::size_t>(stream - streams_.data())];
    take_ends(known, *stream, ended, delay);
    stream->go_to(stream->before + ended);
    stream->free = now;  // or before: all that starts later waits for something that ends later
  }
  pass_and_wait();
  return now;
}

/// Takes all that is under way to the last pause of `known`, up to `last`, that all of it outlives; gives that pause.
std::size_t RankEngine::carry_all(const Outcome& known, std::size_t from, std::size_t last, std::int64_t delay) {
  const std::size_t changes = changes_.size();
  for (std::size_t i = 0; i < used_.size(); ++i) carried_from_[i] = *used_[i];
  for (std::size_t agreed = last + 1; agreed != last;) {  // what went further than another one goes again
    agreed = last;
    changes_.resize(changes);
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]->running) continue;
      static_cast<Progress&>(*used_[i]) = carried_from_[i];
      last = carry(*used_[i], known, from, last, delay);
    }
    if (running_streams_ == 1) break;
  }
  return last;
}

/// Takes a task under way from a pause of `known` to the last one that it outlives, up to `last`, with the changes of its rate
/// on the way; gives that pause.
std::size_t RankEngine::carry(Stream& stream, const Outcome& known, std::size_t from, std::size_t last, std::int64_t delay) {
  const std::uint32_t task = known.pauses[from].under_way[static_cast<std::size_t>(&stream - streams_.data())] - 1;
  const auto is_its = [&](const Outcome::Change& change) { return change.task == task; };
  const auto ends = known.changes.end();
  auto next = known.changes.begin() + known.pauses[from].changes;
  const auto before = std::find_if(std::make_reverse_iterator(next), known.changes.rend(), is_its);
  if (before == known.changes.rend()) return from;
  double rate = before->rate;
  for (std::size_t reached = from; reached < last; ++reached) {
    const Progress progress = stream;
    const std::size_t changes = changes_.size();
    const std::int64_t until = known.pauses[reached + 1].time;
    apply_rate(stream, clock_sum(known.pauses[reached].time, delay), rate);
    bool outlives = true;
    for (; outlives && next != ends && next->time < until; ++next) {
      if (!is_its(*next)) continue;
      rate = next->rate;
      const std::int64_t now = clock_sum(next->time, delay);
      outlives = stream.end > now;
      if (outlives) apply_rate(stream, now, rate);
    }
    if (!outlives || stream.end <= clock_sum(until, delay)) {
      static_cast<Progress&>(stream) = progress;
      changes_.resize(changes);
      return reached;
    }
    for (; next != ends && next->time <= until; ++next) {
      if (is_its(*next)) rate = next->rate;
    }
  }
  return last;
}

/// The ends of the stream's tasks up to so many of the group's.
void RankEngine::take_ends(const Outcome& known, const Stream& stream, std::size_t until, std::int64_t delay) {
  const std::size_t end = stream.before + until;
  for (std::size_t at = stream.head; at < end; ++at) {
    const std::uint32_t task = stream.tasks[at];
    outcome_.ends[task] = clock_sum(known.ends[task - outcome_.unfinished() + known.unfinished()], delay);
    --simulated_tasks_;
  }
}

/// Takes all over from a pause on.
void RankEngine::follow(const Outcome& known, std::int64_t from, std::int64_t delay) {
  for (const Stream* stream : used_) take_ends(known, *stream, stream->end_of_tasks - stream->before, delay);
  for (const Outcome::Change& change : known.changes) {
    if (change.time < from || change.task < known.unfinished()) continue;
    const std::uint32_t task = change.task - known.unfinished() + outcome_.unfinished();
    changes_.push_back({task, clock_sum(change.time, delay), change.left, change.rate});
  }
}

}  // namespace mfusim
