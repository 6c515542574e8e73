// SPDX-License-Identifier: Apache-2.0
// The slices of a timeline, unpacked; which of them stand in a stretch of time; what each one is.
{
  const numbersPerSlice = 6;
  const phases = ['', 'forward', 'backward'];

  const unpack = (lane) => {
    const count = lane.slices.length / numbersPerSlice;
    const start = new Float64Array(count);
    const end = new Float64Array(count);
    let at = 0;
    for (let i = 0; i < count; ++i) {
      start[i] = at + lane.slices[numbersPerSlice * i];
      end[i] = at = start[i] + lane.slices[numbersPerSlice * i + 1];
    }
    return { rank: lane.rank, stream: lane.stream, count, start, end, packed: lane.slices };
  };

  mfusim.TimelineModel = class {
    constructor(block) {
      this.block = block;
      this.makespan = Math.max(1, block.makespan);
      this.lanes = block.lanes.map(unpack);
      // a stretch in detail has the same lanes in the same order, some of them empty
      this.details = block.details.map((detail) => {
        const lanes = detail.lanes.map(unpack);
        const same = (lane) => lanes.find((one) => one.rank === lane.rank && one.stream === lane.stream);
        return { from: detail.from, to: detail.to, lanes: this.lanes.map((lane) => same(lane) || unpack({ rank: lane.rank, stream: lane.stream, slices: [] })) };
      });
    }

    /// The lanes to draw: in full detail where the whole view lies in such a stretch.
    lanesFor(from, to) {
      const detail = this.details.find((one) => from >= one.from && to <= one.to);
      return detail ? detail.lanes : this.lanes;
    }
    joined(from, to) {
      return this.details.length > 0 && this.lanesFor(from, to) === this.lanes;
    }

    /// Index of the first slice of a lane that ends after `time`.
    first(lane, time) {
      let low = 0;
      let high = lane.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (lane.end[middle] > time) high = middle;
        else low = middle + 1;
      }
      return low;
    }

    /// The slice at a time, or the nearest one within `reach`; -1 where there is none.
    at(lane, time, reach) {
      const next = this.first(lane, time);
      if (next < lane.count && lane.start[next] <= time) return next;
      const gap = (i) => (i < 0 || i >= lane.count ? Infinity : Math.max(lane.start[i] - time, time - lane.end[i]));
      const nearest = gap(next) < gap(next - 1) ? next : next - 1;
      return gap(nearest) <= reach ? nearest : -1;
    }

    slice(lane, i) {
      const field = (n) => lane.packed[numbersPerSlice * i + n];
      const row = this.block.rows[field(2)];
      const place = field(4);
      const chunks = 2 ** this.block.chunk_bits;
      const tasks = field(3);
      const phase = phases[field(5)];
      return {
        row, tasks, phase, microBatch: Math.floor(place / chunks), chunk: place % chunks, start: lane.start[i], end: lane.end[i],
        colour: tasks > 1 && phase && lane.stream === 'compute' ? phase : row.class,
      };
    }

    rankName(rank) {
      return this.block.rank_names[this.block.ranks.indexOf(rank)];
    }
  };
}
