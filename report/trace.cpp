// SPDX-License-Identifier: Apache-2.0
#include "report/trace.hpp"

#include "report/trace_counters.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
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
  texts.reserve(steps.size());
  for (const Step& step : steps) {
    texts.push_back({fmt::format(R"("name":{},"cat":{})", quoted(step.name), quoted(to_string(step.step_class))),
                     fmt::format(R"("shape":{},"flops":{:.6g},"bytes":{:.6g},"provenance":{})", quoted(step.shape),
                                 step.flops.value(), step.bytes.value(), quoted(to_string(step.provenance)))});
  }
  return texts;
}

/// Name and unit of a counter; its value follows.
const char* counter_text(TraceCounter counter) {
  switch (counter) {
    case TraceCounter::NodeLink:
      return "\"name\":\"sent inside the node (GB/s)\",\"args\":{\"GB/s\":";
    case TraceCounter::Network:
      return "\"name\":\"sent over the network (GB/s)\",\"args\":{\"GB/s\":";
    case TraceCounter::Memory:
      return "\"name\":\"memory (GB)\",\"args\":{\"GB\":";
  }
  throw std::logic_error("unhandled TraceCounter");
}

/// At one instant a slice comes before the arrows that start and end on it.
enum class EventKind : std::uint8_t { Slice, FlowStart, FlowEnd, Counter };

struct Event {
  Picoseconds time{};
  EventKind kind = EventKind::Slice;
  std::uint32_t index = 0;  ///< Of the task, or of the counter's sample.
  StreamId stream = 0;
  std::uint32_t flow = 0;
};

class TraceWriter {
 public:
  TraceWriter(std::ostream& out, const BuiltStep& step, const Timeline& timeline, const TraceOptions& options)
      : out_(out),
        step_(step),
        timeline_(timeline),
        options_(options),
        shown_(static_cast<std::size_t>(step.ranks), options.selected.empty()) {
    for (const int rank : options.selected) shown_[static_cast<std::size_t>(rank)] = true;
  }

  void run() {
    collect_slices();
    collect_flows();
    collect_counters();
    std::stable_sort(events_.begin(), events_.end(),
                     [](const Event& a, const Event& b) { return a.time != b.time ? a.time < b.time : a.kind < b.kind; });
    print("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    write_names();
    const std::vector<SliceText> texts = slice_texts(step_.steps);
    for (const Event& event : events_) write_event(event, texts);
    print("\n]}}\n");
    flush();
  }

 private:
  [[nodiscard]] bool shown(StreamId stream) const { return shown_[static_cast<std::size_t>(rank_of(stream))]; }

  void collect_slices() {
    events_.reserve(step_.graph.size() + step_.graph.joint_streams.size());
    used_.assign(step_.graph.streams, false);
    const auto add = [&](TaskId task, StreamId stream) {
      if (!shown(stream)) return;
      events_.push_back({timeline_.start[task], EventKind::Slice, task, stream, 0});
      used_[stream] = true;
    };
    for (TaskId task = 0; task < step_.graph.size(); ++task) add(task, step_.graph.tasks[task].stream);
    for (const JointStream& joint : step_.graph.joint_streams) add(joint.task, joint.stream);
  }

  /// From each send to what waits for it on another rank.
  void collect_flows() {
    std::uint32_t flows = 0;
    for (TaskId task = 0; task < step_.graph.size(); ++task) {
      const StreamId from = step_.graph.tasks[task].stream;
      if (step_.steps[step_.graph.tasks[task].label].step_class != StepClass::PipelineCommunication || !shown(from)) continue;
      for (const TaskId next : step_.graph.successors_of(task)) {
        const StreamId to = step_.graph.tasks[next].stream;
        if (rank_of(to) == rank_of(from) || !shown(to)) continue;
        events_.push_back({timeline_.start[task], EventKind::FlowStart, task, from, flows});
        events_.push_back({timeline_.start[next], EventKind::FlowEnd, task, to, flows});
        ++flows;
      }
    }
  }

  void collect_counters() {
    samples_ = link_samples(step_, timeline_);
    for (const MemoryPoint& point : options_.memory) {
      constexpr double giga = 1e9;
      const Bytes held = options_.ranks[static_cast<std::size_t>(point.rank)].held + point.activations;
      samples_.push_back({point.at, point.rank, TraceCounter::Memory, held.value() / giga});
    }
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (shown_[static_cast<std::size_t>(samples_[i].rank)])
        events_.push_back({samples_[i].time, EventKind::Counter, static_cast<std::uint32_t>(i), 0, 0});
    }
  }

  void write_names() {
    for (int rank = 0; rank < step_.ranks; ++rank) {
      if (!shown_[static_cast<std::size_t>(rank)]) continue;
      const std::string name =
          options_.ranks.empty() ? fmt::format("rank {}", rank) : options_.ranks[static_cast<std::size_t>(rank)].name;
      write_name(rank, 0, "process", quoted(name), rank);
      for (int stream = 0; stream < streams_per_rank; ++stream) {
        const int place = rank * streams_per_rank + stream;
        if (used_[static_cast<std::size_t>(place)])
          write_name(rank, stream, "thread", quoted(to_string(static_cast<StreamKind>(stream))), stream);
      }
    }
  }

  void write_name(int rank, int stream, const char* what, const std::string& name, int order) {
    begin();
    print("{{\"ph\":\"M\",\"pid\":{},\"tid\":{},\"name\":\"{}_name\",\"args\":{{\"name\":{}}}}}", rank, stream, what, name);
    begin();
    print("{{\"ph\":\"M\",\"pid\":{},\"tid\":{},\"name\":\"{}_sort_index\",\"args\":{{\"sort_index\":{}}}}}", rank, stream, what,
          order);
  }

  void write_event(const Event& event, const std::vector<SliceText>& texts) {
    begin();
    if (event.kind == EventKind::Counter) {
      const CounterSample& sample = samples_[event.index];
      print("{{\"ph\":\"C\",\"pid\":{}", sample.rank);
      write_time("ts", sample.time);
      print(",{}{:.6g}}}}}", counter_text(sample.counter), sample.value);
      return;
    }
    const Task& task = step_.graph.tasks[event.index];
    const SliceText& text = texts[task.label];
    static constexpr const char* phases[] = {"X", "s", "f"};
    print("{{\"ph\":\"{}\",{},\"pid\":{},\"tid\":{}", phases[static_cast<std::size_t>(event.kind)], text.head,
          rank_of(event.stream), static_cast<int>(kind_of(event.stream)));
    write_time("ts", event.time);
    if (event.kind == EventKind::Slice) {
      const StepInstance instance = unpack(task.instance);
      write_time("dur", timeline_.end[event.index] - timeline_.start[event.index]);
      print(",\"args\":{{{},\"micro_batch\":{},\"chunk\":{}}}}}", text.arguments, instance.micro_batch, instance.chunk);
    } else {
      print(",\"id\":{}{}}}", event.flow, event.kind == EventKind::FlowEnd ? ",\"bp\":\"e\"" : "");
    }
  }

  /// Microseconds with the picoseconds behind the point: no digit is lost.
  void write_time(const char* key, Picoseconds time) {
    constexpr std::int64_t picoseconds_per_microsecond = 1'000'000;
    print(",\"{}\":{}.{:06}", key, time.count() / picoseconds_per_microsecond, time.count() % picoseconds_per_microsecond);
  }

  void begin() {
    constexpr std::size_t flush_at = 1U << 20U;
    if (buffer_.size() > flush_at) flush();
    buffer_.append(std::string_view(first_ ? "\n" : ",\n"));
    first_ = false;
  }

  template <class... Arguments>
  void print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<Arguments>(arguments)...);
  }

  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }

  std::ostream& out_;
  const BuiltStep& step_;
  const Timeline& timeline_;
  const TraceOptions& options_;
  std::vector<bool> shown_;  ///< By rank.
  std::vector<bool> used_;   ///< By stream.
  std::vector<CounterSample> samples_;
  std::vector<Event> events_;
  fmt::memory_buffer buffer_;
  bool first_ = true;
};

}  // namespace

void write_trace(std::ostream& out, const BuiltStep& step, const Timeline& timeline, const TraceOptions& options) {
  TraceWriter(out, step, timeline, options).run();
}

}  // namespace mfusim
