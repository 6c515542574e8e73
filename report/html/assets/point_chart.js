// SPDX-License-Identifier: Apache-2.0
// Dots and curves over two axes: rooflines, Pareto fronts, predicted against measured.
{
  const shapes = ['circle', 'rect', 'triangle', 'rectRot', 'star'];
  const alpha = (hex) => hex + 'b0';

  const dataset = (one, index) => {
    const colour = mfusim.colour(one.colour);
    const line = one.style !== 'dots';
    return {
      label: one.name,
      data: one.points,
      showLine: line,
      borderColor: colour,
      backgroundColor: line ? colour : alpha(colour),
      borderWidth: line ? 2 : 1,
      borderDash: one.style === 'dotted' ? [5, 4] : [],
      tension: 0,
      pointRadius: line ? (one.points.length > 2 && one.style === 'line' ? 2 : 0) : one.points.map((point) => 4 + 12 * Math.sqrt(point.weight)),
      pointStyle: line ? 'line' : shapes[index % shapes.length],  // shape as well as colour tells series apart
      pointHitRadius: 6,
      order: line ? 1 : 0,
    };
  };

  const numbersOf = (block) => mfusim.simpleTable(['', block.x.title, block.y.title],
    block.series.flatMap((one) => one.points.slice(0, 300).map((point) => [
      point.label || one.name, mfusim.number(point.x, block.x.unit), mfusim.number(point.y, block.y.unit)])));

  mfusim.points = function (block) {
    const tooltip = (item) => [
      item.raw.label || item.dataset.label,
      block.x.title + ': ' + mfusim.number(item.raw.x, block.x.unit),
      block.y.title + ': ' + mfusim.number(item.raw.y, block.y.unit),
    ];
    const configuration = () => ({
      type: 'scatter',
      data: { datasets: block.series.map(dataset) },
      options: {
        layout: { padding: 4 },
        scales: { x: mfusim.axis(block.x), y: mfusim.axis(block.y) },
        plugins: {
          legend: { position: 'bottom', labels: { usePointStyle: true, boxHeight: 8 } },
          tooltip: { callbacks: { label: tooltip } },
        },
      },
    });
    return mfusim.chartFrame(block, innerWidth < 600 ? 360 : 440, configuration, numbersOf(block));
  };
}
