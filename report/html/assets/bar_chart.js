// SPDX-License-Identifier: Apache-2.0
// Lying bars, stacked or side by side; floating ones make a waterfall.
{
  const shortened = (text, most) => (text.length > most ? text.slice(0, most - 1) + '…' : text);

  const numbersOf = (block) => {
    const value = (bar) => mfusim.number(bar[1] - bar[0], block.axis.unit);
    return mfusim.simpleTable([''].concat(block.series.map((one) => one.name)),
      block.categories.map((name, row) => [name].concat(block.series.map((one) => value(one.bars[row])))));
  };

  const dataset = (one) => ({
    label: one.name,
    data: one.bars,
    backgroundColor: one.colours.map(mfusim.colour),
    borderSkipped: false,
    maxBarThickness: 24,
    minBarLength: 2,
  });

  /// The length of each bar in figures behind its end, where a chart has one series.
  const lengths = (block) => ({
    id: 'lengths',
    afterDatasetsDraw(chart) {
      const pen = chart.ctx;
      pen.save();
      pen.font = '12px ' + Chart.defaults.font.family;
      pen.fillStyle = mfusim.theme('ink');
      pen.textBaseline = 'middle';
      chart.getDatasetMeta(0).data.forEach((bar, row) => {
        const [from, to] = block.series[0].bars[row];
        const text = mfusim.number(to - from, block.axis.unit, 3);
        const end = chart.scales.x.getPixelForValue(Math.max(from, to)) + 5;
        const start = chart.scales.x.getPixelForValue(Math.min(from, to)) - 5;
        const fits = end + pen.measureText(text).width < chart.width;
        pen.textAlign = fits ? 'left' : 'right';
        pen.fillText(text, fits ? end : start, bar.y);
      });
      pen.restore();
    },
  });

  const stacked = (block) => {
    // floating bars do not stack in Chart.js: each starts where the one before it ended
    const ends = block.categories.map(() => 0);
    return block.series.map((one) => Object.assign({}, one, {
      bars: one.bars.map((bar, row) => {
        const from = ends[row];
        ends[row] += bar[1] - bar[0];
        return [from, ends[row]];
      }),
    }));
  };

  const options = (block, narrow) => {
    const single = block.series.length === 1;
    const axis = mfusim.axis(block.axis);
    if (block.mark) axis.suggestedMax = block.mark.at * 1.02;
    return {
      indexAxis: 'y',
      layout: { padding: { top: block.mark ? 22 : 4, right: single ? 62 : 12 } },
      scales: {
        x: axis,
        y: {
          stacked: block.stacked, grid: { display: false },
          ticks: { autoSkip: false, color: mfusim.theme('ink'), callback: (_, row) => shortened(block.categories[row], narrow ? 18 : 44) },
        },
      },
      plugins: {
        legend: { display: !single, position: 'bottom', labels: { boxWidth: 12, boxHeight: 12 } },
        tooltip: {
          callbacks: {
            label: (item) => {
              const bar = item.raw;
              return (single ? '' : item.dataset.label + ': ') + mfusim.number(bar[1] - bar[0], block.axis.unit);
            },
          },
        },
      },
    };
  };

  mfusim.bars = function (block) {
    for (const meaning of block.meanings) mfusim.definitions.set(meaning.label, meaning);
    const rows = block.categories.length * (block.stacked ? 1 : block.series.length);
    const height = 70 + (block.series.length > 1 ? 40 : 0) + Math.max(2, rows) * (rows > 20 ? 22 : 32);
    const configuration = () => ({
      type: 'bar',
      data: { labels: block.categories, datasets: (block.stacked && block.series.length > 1 ? stacked(block) : block.series).map(dataset) },
      options: options(block, innerWidth < 600),
      plugins: [].concat(block.mark ? mfusim.markLine(block.mark) : [], block.series.length === 1 ? lengths(block) : []),
    });
    return mfusim.chartFrame(block, height, configuration, block.numbers ? numbersOf(block) : null);
  };
}
