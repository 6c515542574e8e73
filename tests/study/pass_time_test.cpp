// SPDX-License-Identifier: Apache-2.0
#include "study/pass_time.hpp"

#include "tests/catch.hpp"

using namespace mfusim;

namespace {

Step step(StreamKind stream, std::int64_t duration) {
  Step one;
  one.stream = stream;
  one.duration = Picoseconds(duration);
  return one;
}

/// What a pass through the layer, and through two of them, takes.
PassTime time_of(const Segment& layer, StepTable& table) {
  SegmentBuilder builder(table);
  std::vector<SegmentIndex> exits = builder.append(layer, {segment_entry});
  exits = builder.append(layer, exits);
  const Segment two = builder.finish(exits);
  return least_pass_time(layer, two, table);
}

}  // namespace

TEST_CASE("a pass waits for the exchange between its kernels", "[unit]") {
  StepTable table;
  SegmentBuilder builder(table);
  const SegmentIndex before = builder.add(step(StreamKind::Compute, 3), {segment_entry});
  const SegmentIndex exchange = builder.add(step(StreamKind::Tensor, 2), {before});
  const SegmentIndex after = builder.add(step(StreamKind::Compute, 4), {exchange});
  const PassTime pass = time_of(builder.finish({after}), table);
  CHECK(pass.kernels == Picoseconds(7));
  CHECK(pass.of(1) == Picoseconds(3 + 2 + 4));
  CHECK(pass.of(5) == Picoseconds(5 * 9));
}

TEST_CASE("the exchange at the end of a layer delays the next layer, not its own pass", "[unit]") {
  StepTable table;
  SegmentBuilder builder(table);
  const SegmentIndex kernel = builder.add(step(StreamKind::Compute, 3), {segment_entry});
  const SegmentIndex exchange = builder.add(step(StreamKind::Tensor, 2), {kernel});
  const PassTime pass = time_of(builder.finish({exchange}), table);
  CHECK(pass.of(1) == Picoseconds(3));
  CHECK(pass.of(4) == Picoseconds(3 + 3 * (2 + 3)));
}

TEST_CASE("an exchange that no kernel waits for adds nothing", "[unit]") {
  StepTable table;
  SegmentBuilder builder(table);
  const SegmentIndex kernel = builder.add(step(StreamKind::Compute, 3), {segment_entry});
  static_cast<void>(builder.add(step(StreamKind::Data, 2), {kernel}));
  const SegmentIndex last = builder.add(step(StreamKind::Compute, 4), {});
  CHECK(time_of(builder.finish({last}), table).of(2) == Picoseconds(14));
}

TEST_CASE("what comes before the first kernel may have run under the pass before", "[unit]") {
  StepTable table;
  SegmentBuilder builder(table);
  const SegmentIndex gather = builder.add(step(StreamKind::Tensor, 50), {segment_entry});
  const SegmentIndex kernel = builder.add(step(StreamKind::Compute, 3), {gather});
  const PassTime pass = time_of(builder.finish({kernel}), table);
  CHECK(pass.of(1) == Picoseconds(3));
  CHECK(pass.of(3) == Picoseconds(3 + 2 * 53));
}
