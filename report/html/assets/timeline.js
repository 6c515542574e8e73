// SPDX-License-Identifier: Apache-2.0
// The timeline of the ranks: zoom, pan, hover, keyboard.
{
  const timelines = [];
  const shortest = 20;  // nanoseconds in view at the deepest zoom

  class TimelineView {
    constructor(block) {
      this.model = new mfusim.TimelineModel(block);
      this.view = { from: 0, to: this.model.makespan };
      this.selected = null;
      this.pointers = new Map();
      this.canvas = mfusim.element('canvas', {
        tabindex: 0, role: 'application',
        'aria-label': block.title + '. Arrow keys left and right move, plus and minus zoom, 0 shows the whole step, N and P walk through the slices of a row, up and down change the row.',
      });
      this.hover = mfusim.element('div', { class: 'hover', role: 'status', hidden: 'hidden' });
      this.legend = mfusim.element('ul', { class: 'legend' });
      this.range = mfusim.element('span', { 'data-key': 'timeline_view' });
      this.listen();
    }

    element() {
      const button = (text, label, action) => {
        const one = mfusim.element('button', { type: 'button', 'aria-label': label, title: label }, text);
        one.addEventListener('click', action);
        return one;
      };
      const tools = [
        button('+', 'Zoom in', () => this.zoom(.5)), button('−', 'Zoom out', () => this.zoom(2)),
        button('←', 'Earlier', () => this.pan(-.3)), button('→', 'Later', () => this.pan(.3)),
        button('whole step', 'Show the whole step', () => this.show(0, this.model.makespan)),
      ];
      this.model.details.forEach((detail, i) => tools.push(button(['start', 'middle', 'end'][i] + ' in detail', 'Show every operator there',
        () => this.show(detail.from, detail.to))));
      const block = this.model.block;
      return mfusim.element('div', { class: 'block', id: block.key }, [
        mfusim.element('h3', {}, block.title), mfusim.element('p', { class: 'caption' }, block.caption),
        mfusim.element('div', { class: 'toolbar' }, tools.concat(mfusim.element('span', { class: 'space' }), this.range)),
        mfusim.element('div', { class: 'timeline' }, [this.canvas, this.hover]), this.legend,
      ]);
    }

    show(from, to) {
      const span = Math.min(Math.max(to - from, shortest), this.model.makespan);
      this.view.from = Math.min(Math.max(from, 0), this.model.makespan - span);
      this.view.to = this.view.from + span;
      this.selected = null;
      this.hover.hidden = true;
      this.draw();
    }

    /// `factor` below 1 zooms in; the time at `at` (default: the middle) stays where it is.
    zoom(factor, at) {
      const { from, to } = this.view;
      const centre = at === undefined ? (from + to) / 2 : at;
      this.show(centre - (centre - from) * factor, centre + (to - centre) * factor);
    }

    pan(share) {
      const by = (this.view.to - this.view.from) * share;
      this.show(this.view.from + by, this.view.to + by);
    }

    draw() {
      this.layout = mfusim.drawTimeline(this.canvas, this.model, this.view, this.selected);
      const time = (value) => mfusim.number(value / 1e9, 's', 5);
      this.range.textContent = time(this.view.from) + ' – ' + time(this.view.to);
      this.range.dataset.from = this.view.from;
      this.range.dataset.to = this.view.to;
      this.drawLegend();
    }

    drawLegend() {
      const joined = this.model.joined(this.view.from, this.view.to);
      const names = new Set(this.model.block.rows.map((row) => row.class));
      const entries = [...names].map((name) => [name, name.replace(/_/g, ' ')]);
      if (joined) entries.unshift(['forward', 'forward pass (F and its micro-batch)'], ['backward', 'backward pass (B)']);
      const hidden = joined ? ['matmul', 'attention', 'memory_bound', 'recompute'] : [];
      this.legend.replaceChildren(...entries.filter(([name]) => !hidden.includes(name)).map(([name, text]) => {
        const swatch = mfusim.element('i');
        swatch.style.background = mfusim.colour(name);
        return mfusim.element('li', {}, [swatch, text]);
      }));
    }

    timeAt(x) {
      const width = this.canvas.clientWidth - this.layout.gutter;
      return this.view.from + (x - this.layout.gutter) / width * (this.view.to - this.view.from);
    }

    /// The slice under a place of the canvas, or null.
    find(x, y) {
      const lane = this.layout.lanes.findIndex((place) => y >= place.y - 1 && y <= place.y + place.height + 1);
      if (lane < 0 || x < this.layout.gutter) return null;
      const reach = 3 * (this.view.to - this.view.from) / this.canvas.clientWidth;
      const slice = this.model.at(this.model.lanesFor(this.view.from, this.view.to)[lane], this.timeAt(x), reach);
      return slice < 0 ? null : { lane, slice };
    }

    explain(found, x, y) {
      this.hover.hidden = !found;
      if (!found) return;
      const lane = this.model.lanesFor(this.view.from, this.view.to)[found.lane];
      const one = this.model.slice(lane, found.slice);
      const time = (value) => mfusim.number(value / 1e9, 's');
      const line = (text, style) => mfusim.element('div', { class: style || '' }, text);
      const what = one.tasks > 1 ? one.tasks + ' tasks' + (one.phase ? ', ' + one.phase + ' pass' : '') : one.row.name;
      const lines = [line(mfusim.element('b', {}, what))];
      lines.push(line(one.tasks > 1 ? 'the longest: ' + one.row.name + ', ' + one.row.shape : one.row.shape, 'shape'));
      lines.push(line(time(one.end - one.start) + ' from ' + time(one.start)));
      if (one.tasks === 1 && one.row.flops > 0) lines.push(line(mfusim.number(one.row.flops / ((one.end - one.start) / 1e9), 'FLOP/s')));
      lines.push(line(this.model.rankName(lane.rank) + ', ' + lane.stream + ', micro-batch ' + one.microBatch + ', chunk ' + one.chunk));
      lines.push(line(one.row.class.replace(/_/g, ' ') + ', time: ' + one.row.provenance + (one.row.outside ? ', outside the measured region' : ''), 'shape'));
      this.hover.replaceChildren(...lines);
      const left = Math.min(Math.max(4, x + 14), this.canvas.clientWidth - this.hover.offsetWidth - 6);
      const below = y + 18 + this.hover.offsetHeight < this.layout.height;
      this.hover.style.left = Math.max(4, left) + 'px';
      this.hover.style.top = Math.max(2, below ? y + 18 : y - this.hover.offsetHeight - 10) + 'px';
    }

    /// Walks through the slices by keyboard.
    select(laneStep, sliceStep) {
      const lanes = this.model.lanesFor(this.view.from, this.view.to);
      const now = this.selected || { lane: 0, slice: this.model.first(lanes[0], this.view.from) - sliceStep };
      const lane = Math.min(Math.max(now.lane + laneStep, 0), lanes.length - 1);
      const time = laneStep ? (lanes[now.lane].start[now.slice] || this.view.from) : 0;
      const slice = laneStep ? this.model.first(lanes[lane], time) : now.slice + sliceStep;
      if (lanes[lane].count === 0) return;
      this.selected = { lane, slice: Math.min(Math.max(slice, 0), lanes[lane].count - 1) };
      this.draw();
      const place = this.layout.lanes[lane];
      this.explain(this.selected, this.view.x(lanes[lane].start[this.selected.slice]), place.y);
    }

    keys() {
      return {
        ArrowLeft: () => this.pan(-.1), ArrowRight: () => this.pan(.1), '+': () => this.zoom(.7), '=': () => this.zoom(.7),
        '-': () => this.zoom(1 / .7), 0: () => this.show(0, this.model.makespan), Home: () => this.show(0, this.model.makespan),
        n: () => this.select(0, 1), p: () => this.select(0, -1), ArrowDown: () => this.select(1, 0), ArrowUp: () => this.select(-1, 0),
      };
    }

    place(event) {
      const box = this.canvas.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    }

    listen() {
      const canvas = this.canvas;
      const keys = this.keys();
      canvas.addEventListener('keydown', (event) => {
        const action = keys[event.key];
        if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        action();
      });
      canvas.addEventListener('wheel', (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;  // the plain wheel scrolls the page
        event.preventDefault();
        this.zoom(Math.exp((event.deltaY || event.deltaX) * .002), this.timeAt(this.place(event).x));
      }, { passive: false });
      canvas.addEventListener('dblclick', (event) => this.zoom(.4, this.timeAt(this.place(event).x)));
      canvas.addEventListener('pointerdown', (event) => {
        canvas.setPointerCapture(event.pointerId);
        this.pointers.set(event.pointerId, this.place(event));
      });
      for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
      canvas.addEventListener('pointerleave', () => { this.hover.hidden = true; });
      canvas.addEventListener('pointermove', (event) => this.move(event));
      canvas.addEventListener('blur', () => { this.hover.hidden = true; });
    }

    /// One pointer drags, two pinch, none held explains.
    move(event) {
      const now = this.place(event);
      const before = this.pointers.get(event.pointerId);
      if (!before) return this.explain(this.find(now.x, now.y), now.x, now.y);
      const span = this.view.to - this.view.from;
      const width = this.canvas.clientWidth - this.layout.gutter;
      if (this.pointers.size === 1) {
        const by = (before.x - now.x) / width * span;
        this.show(this.view.from + by, this.view.to + by);
      } else {
        const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
        const apart = (one) => Math.max(10, Math.abs(one.x - other.x));
        this.zoom(apart(before) / apart(now), this.timeAt((now.x + other.x) / 2));
      }
      this.pointers.set(event.pointerId, now);
    }
  }

  mfusim.timeline = function (block) {
    const one = new TimelineView(block);
    timelines.push(one);
    return one.element();
  };
  mfusim.drawTimelines = () => timelines.forEach((one) => one.draw());
  addEventListener('resize', mfusim.drawTimelines);
}
