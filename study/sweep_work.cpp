// SPDX-License-Identifier: Apache-2.0
#include "study/sweep_work.hpp"

#include "base/count.hpp"
#include "study/evaluate_configuration.hpp"

#include <algorithm>

namespace mfusim {
namespace {

SweepRow invalid_row(std::string reason) {
  SweepRow row;
  row.status = RowStatus::Invalid;
  row.reason = std::move(reason);
  return row;
}

SweepRow evaluate(ConfigurationReader& reader) {
  const std::variant<Scenario, std::string> read = reader.read();
  if (const auto* reason = std::get_if<std::string>(&read)) return invalid_row(*reason);
  try {
    return evaluate_configuration(std::get<Scenario>(read));
  } catch (const InputError& error) {  // the step is too large for this machine, or the GPU lacks figures for it
    return invalid_row(error.what());
  } catch (const CountOverflow& error) {
    return invalid_row(error.what());
  }
}

}  // namespace

std::int64_t range_size(const SweepSpace& space) {
  constexpr std::int64_t most_ranges = 65536;
  std::int64_t size = 64;
  while (space.size / size > most_ranges) size *= 2;
  return size;
}

std::vector<IndexRange> pending_ranges(const SweepSpace& space, const SweepExtent& extent,
                                       const std::vector<IndexRange>& finished) {
  const std::int64_t size = range_size(space);
  const std::int64_t end = std::min(space.size, extent.limit.value_or(space.size));
  std::vector<IndexRange> pending;
  auto done = finished.begin();
  for (std::int64_t first = (extent.shard.number - 1) * size; first < end; first += extent.shard.of * size) {
    const std::int64_t last = std::min(first + size, end);
    std::int64_t at = first;
    while (done != finished.end() && done->last <= at) ++done;
    for (auto covers = done; at < last && covers != finished.end() && covers->first < last; ++covers) {
      if (covers->first > at) pending.push_back({at, covers->first});
      at = std::max(at, covers->last);
    }
    if (at < last) pending.push_back({at, last});
  }
  return pending;
}

RangeRows evaluate_range(const IndexRange& range, ConfigurationReader& reader) {
  RangeRows answer{range, {}};
  for (std::int64_t index = range.first; index < range.last;) {
    if (!reader.move_to(index)) {
      index = reader.next_candidate();
      continue;
    }
    SweepRow row = evaluate(reader);
    row.index = index++;
    answer.rows.push_back(std::move(row));
  }
  return answer;
}

}  // namespace mfusim
