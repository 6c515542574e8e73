// SPDX-License-Identifier: Apache-2.0
#include "report/trace.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

namespace mfusim {
namespace {

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// What a table row adds to its slices: the same text for each of them.
struct SliceText {
  std::string head;
  std::string arguments;
};

std::vector<SliceText> slice_texts(const StepTable& steps) {
  std::vector<SliceText> texts;
  for (const Step& step : steps) {
    texts.push_back({fmt::format(R"("name":{},"cat":{})", quoted(step.name), quoted(to_string(step.step_class))),
                     fmt::format(R"("shape":{},"flops":{:.6g},"bytes":{:.6g},"provenance":{})", quoted(step.shape),
                                 step.flops.value(), step.bytes.value(), quoted(to_string(step.provenance)))});
  }
  return texts;
}

void append_names(fmt::memory_buffer& buffer, int ranks) {
  const auto out = std::back_inserter(buffer);
  for (int rank = 0; rank < ranks; ++rank) {
    fmt::format_to(out, "{{\"ph\":\"M\",\"pid\":{},\"name\":\"process_name\",\"args\":{{\"name\":\"stage {}\"}}}},\n", rank,
                   rank);
    for (int stream = 0; stream < streams_per_rank; ++stream) {
      fmt::format_to(out, "{{\"ph\":\"M\",\"pid\":{},\"tid\":{},\"name\":\"thread_name\",\"args\":{{\"name\":\"{}\"}}}},\n", rank,
                     stream, to_string(static_cast<StreamKind>(stream)));
    }
  }
}

/// Microseconds with the picoseconds behind the point: no digit is lost.
void append_time(fmt::memory_buffer& buffer, const char* key, Picoseconds time) {
  constexpr std::int64_t picoseconds_per_microsecond = 1'000'000;
  fmt::format_to(std::back_inserter(buffer), ",\"{}\":{}.{:06}", key, time.count() / picoseconds_per_microsecond,
                 time.count() % picoseconds_per_microsecond);
}

void append_counters(fmt::memory_buffer& buffer, const std::vector<MemoryPoint>& memory) {
  const auto out = std::back_inserter(buffer);
  for (const MemoryPoint& point : memory) {
    fmt::format_to(out, ",\n{{\"ph\":\"C\",\"name\":\"activations\",\"pid\":{}", point.rank);
    append_time(buffer, "ts", point.at);
    fmt::format_to(out, ",\"args\":{{\"bytes\":{:.0f}}}}}", point.activations.value());
  }
}

}  // namespace

void write_trace(std::ostream& out, const BuiltStep& step, const Timeline& timeline, const std::vector<MemoryPoint>& memory) {
  const std::vector<SliceText> texts = slice_texts(step.steps);
  std::vector<TaskId> by_start(step.graph.size());
  std::iota(by_start.begin(), by_start.end(), TaskId{0});
  std::stable_sort(by_start.begin(), by_start.end(), [&](TaskId a, TaskId b) { return timeline.start[a] < timeline.start[b]; });
  fmt::memory_buffer buffer;
  fmt::format_to(std::back_inserter(buffer), "{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
  append_names(buffer, step.ranks);
  constexpr std::size_t flush_at = 1U << 20U;
  bool first = true;
  for (const TaskId task : by_start) {
    const Task& what = step.graph.tasks[task];
    const SliceText& text = texts[what.label];
    const StepInstance instance = unpack(what.instance);
    fmt::format_to(std::back_inserter(buffer), "{}{{\"ph\":\"X\",{},\"pid\":{},\"tid\":{}", first ? "" : ",\n", text.head,
                   rank_of(what.stream), static_cast<int>(kind_of(what.stream)));
    append_time(buffer, "ts", timeline.start[task]);
    append_time(buffer, "dur", timeline.end[task] - timeline.start[task]);
    fmt::format_to(std::back_inserter(buffer), ",\"args\":{{{},\"micro_batch\":{},\"chunk\":{}}}}}", text.arguments,
                   instance.micro_batch, instance.chunk);
    first = false;
    if (buffer.size() > flush_at) {
      out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
      buffer.clear();
    }
  }
  append_counters(buffer, memory);
  fmt::format_to(std::back_inserter(buffer), "\n]}}\n");
  out.write(buffer.data(), static_cast<std::streamsize>(buffer.size()));
}

}  // namespace mfusim
