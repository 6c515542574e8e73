// SPDX-License-Identifier: Apache-2.0
// What all charts share: a frame with title and caption, fonts and colours of the page, a table of the same numbers.
{
  const drawn = [];

  const style = () => {
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    Chart.defaults.color = mfusim.theme('soft');
    Chart.defaults.borderColor = mfusim.theme('line');
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
  };

  /// A frame whose chart is `configuration()`: asked again when the colours of the screen change.
  mfusim.chartFrame = function (block, height, configuration, numbers) {
    const canvas = mfusim.element('canvas', { role: 'img', 'aria-label': block.title + '. ' + block.caption });
    const box = mfusim.element('div', { class: 'chart', style: 'height:' + height + 'px' }, canvas);
    const frame = mfusim.element('div', { class: 'block', id: block.key }, [
      mfusim.element('h3', {}, block.title), box, mfusim.caption(block),
      numbers ? mfusim.element('details', {}, [mfusim.element('summary', {}, 'The numbers of this chart'), numbers]) : '',
    ]);
    drawn.push({ canvas, configuration, chart: null });
    return frame;
  };

  /// Draws all charts, once their frames stand in the page and have a size.
  mfusim.drawCharts = function () {
    style();
    for (const one of drawn) {
      if (one.chart) one.chart.destroy();
      one.chart = new Chart(one.canvas, one.configuration());
    }
  };

  mfusim.simpleTable = function (headings, rows) {
    const cell = (tag, text, column) => mfusim.element(tag, { class: column > 0 ? 'number' : '' }, text);
    return mfusim.element('table', {}, [
      mfusim.element('thead', {}, mfusim.element('tr', {}, headings.map((text, i) => cell('th', text, i)))),
      mfusim.element('tbody', {}, rows.map((row) => mfusim.element('tr', {}, row.map((text, i) => cell('td', text, i))))),
    ]);
  };

  mfusim.axis = function (axis) {
    return {
      type: axis.scale,
      title: { display: axis.title !== '', text: axis.title },
      ticks: {
        maxRotation: 0,
        autoSkipPadding: 18,
        callback: (value, index, ticks) => {
          const crowded = axis.scale === 'logarithmic' && ticks.length > 14 && !/^[125]/.test(Number(value).toExponential());
          return crowded ? '' : mfusim.tick(value, axis.unit, 3);
        },
      },
    };
  };

  /// A line across the chart with its name: Chart.js has none of its own.
  mfusim.markLine = (mark) => ({
    id: 'mark',
    afterDatasetsDraw(chart) {
      const at = chart.scales.x.getPixelForValue(mark.at);
      const { top, bottom, right } = chart.chartArea;
      const pen = chart.ctx;
      pen.save();
      pen.strokeStyle = pen.fillStyle = mfusim.colour('best');
      pen.lineWidth = 2;
      pen.setLineDash([6, 4]);
      pen.beginPath();
      pen.moveTo(at, top - 4);
      pen.lineTo(at, bottom);
      pen.stroke();
      pen.font = '600 12px ' + Chart.defaults.font.family;
      pen.textAlign = at > (chart.chartArea.left + right) / 2 ? 'right' : 'left';
      pen.fillText(mark.label, at, top - 9);
      pen.restore();
    },
  });
}
