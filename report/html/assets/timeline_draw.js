// SPDX-License-Identifier: Apache-2.0
// Draws the stretch of a timeline that is in view.
{
  const axisHeight = 26;
  const tall = 20;
  const flat = 9;

  /// Where each lane stands. Few ranks: every stream has its name; many: ranks do, and their transfers are flat.
  mfusim.timelineLayout = function (model, width) {
    const narrow = width < 600;
    const byStream = model.block.ranks.length <= 2;
    const gutter = narrow ? 0 : byStream ? 168 : 118;
    const lanes = [];
    const labels = [];
    let y = axisHeight + 4;
    let rank = -1;
    for (const lane of model.lanes) {
      if (lane.rank !== rank) {
        if (rank !== -1) y += 7;
        rank = lane.rank;
        if (!byStream || narrow || model.block.ranks.length > 1) {
          const beside = !narrow && !byStream;
          labels.push({ text: model.rankName(rank), y: beside ? y + tall / 2 : y + 8, strong: true, beside });
          if (!beside) y += 17;
        }
      }
      if (byStream && narrow) {
        labels.push({ text: lane.stream, y: y + 7, strong: false });
        y += 15;
      }
      const height = byStream || lane.stream === 'compute' ? tall : flat;
      if (byStream && !narrow) labels.push({ text: lane.stream, y: y + height / 2, strong: false });
      lanes.push({ y, height });
      y += height + 2;
    }
    return { narrow, gutter, lanes, labels, height: y + 6, axisHeight };
  };

  const niceStep = (span, count) => {
    const raw = span / count;
    const power = 10 ** Math.floor(Math.log10(raw));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= raw);
  };

  const drawAxis = (pen, layout, view, width) => {
    const step = niceStep(view.to - view.from, Math.max(2, (width - layout.gutter) / 110));
    pen.font = '11px ' + view.font;
    pen.textBaseline = 'middle';
    pen.textAlign = 'left';
    for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
      const x = view.x(time);
      pen.fillStyle = mfusim.theme('line');
      pen.fillRect(Math.round(x), 0, 1, layout.height);
      pen.fillStyle = mfusim.theme('soft');
      // the digits that tell neighbouring ticks apart
      const digits = Math.max(3, Math.ceil(Math.log10(Math.max(1, time / step))) + 1);
      if (x + 60 < width) pen.fillText(mfusim.tick(time / 1e9, 's', digits), x + 4, 10);
    }
  };

  const textOn = { '#0072b2': '#fff', '#d55e00': '#fff', '#009e73': '#fff' };

  const drawText = (pen, one, x, y, width, height) => {
    if (height < 14) return;
    const joined = one.tasks > 1 && one.phase;
    const text = joined ? (one.phase === 'backward' ? 'B' : 'F') + one.microBatch : one.row.name;
    if (width < (joined ? 6 + 6 * text.length : 46)) return;
    pen.save();
    pen.beginPath();
    pen.rect(x + 2, y, width - 4, height);
    pen.clip();
    pen.fillStyle = textOn[mfusim.colour(one.colour)] || '#1b1f24';
    pen.fillText(text, x + 4, y + height / 2 + .5);
    pen.restore();
  };

  const drawLane = (pen, model, lane, place, view, width) => {
    let drawnTo = -1;
    for (let i = model.first(lane, view.from); i < lane.count && lane.start[i] < view.to; ++i) {
      const left = Math.max(view.x(lane.start[i]), view.x(view.from));
      const right = Math.min(view.x(lane.end[i]), width);
      if (right < drawnTo + .3) continue;  // nothing of it would be seen
      const one = model.slice(lane, i);
      const visible = Math.max(right - left, .6);
      pen.fillStyle = mfusim.colour(one.colour);
      pen.fillRect(left, place.y, visible > 3 ? visible - .7 : visible, place.height);
      drawText(pen, one, left, place.y, visible, place.height);
      drawnTo = left + visible;
    }
  };

  const drawLabels = (pen, layout) => {
    pen.textAlign = 'left';
    for (const label of layout.labels) {
      pen.font = (label.strong ? '600 ' : '') + '12px ' + getComputedStyle(document.body).fontFamily;
      pen.fillStyle = mfusim.theme(label.strong ? 'ink' : 'soft');
      pen.fillText(label.text.length > 60 ? label.text.slice(0, 59) + '…' : label.text, 8, label.y, label.beside ? layout.gutter - 14 : undefined);
    }
  };

  const drawStretches = (pen, model, layout, view, width) => {
    pen.fillStyle = mfusim.colour('matmul');
    for (const detail of model.details) {
      const left = Math.max(view.x(detail.from), layout.gutter);
      const right = Math.min(view.x(detail.to), width);
      if (right > left) pen.fillRect(left, layout.axisHeight - 5, Math.max(right - left, 3), 4);
    }
  };

  mfusim.drawTimeline = function (canvas, model, view, selected) {
    const width = canvas.clientWidth;
    const layout = mfusim.timelineLayout(model, width);
    const scale = devicePixelRatio || 1;
    canvas.style.height = layout.height + 'px';
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(layout.height * scale);
    const pen = canvas.getContext('2d');
    pen.scale(scale, scale);
    view.font = getComputedStyle(document.body).fontFamily;
    view.x = (time) => layout.gutter + (time - view.from) / (view.to - view.from) * (width - layout.gutter);
    drawAxis(pen, layout, view, width);
    drawStretches(pen, model, layout, view, width);
    pen.font = '11px ' + view.font;
    model.lanesFor(view.from, view.to).forEach((lane, i) => drawLane(pen, model, lane, layout.lanes[i], view, width));
    if (selected) {
      const lane = model.lanesFor(view.from, view.to)[selected.lane];
      const place = layout.lanes[selected.lane];
      const left = Math.max(view.x(lane.start[selected.slice]), layout.gutter);
      pen.strokeStyle = mfusim.theme('ink');
      pen.lineWidth = 2;
      pen.strokeRect(left, place.y - 1, Math.max(2, view.x(lane.end[selected.slice]) - left), place.height + 2);
    }
    pen.clearRect(0, layout.axisHeight, layout.gutter, layout.height);
    drawLabels(pen, layout);
    return layout;
  };
}
