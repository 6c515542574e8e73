// SPDX-License-Identifier: Apache-2.0
// Looks at a report in a frame and writes down what is wrong with it.
'use strict';

const findings = [];
const expect = (holds, text) => { if (!holds) findings.push(text); };
const expected = JSON.parse(document.getElementById('expected').textContent);

/// Has anything been drawn on a canvas?
function drawn(canvas) {
  if (canvas.width === 0 || canvas.height === 0) return false;
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  for (let i = 0; i < pixels.length && colours.size < 3; i += 4 * 97) colours.add(pixels.slice(i, i + 4).join());
  return colours.size > 2;
}

function brightness(colour) {
  return colour.match(/\d+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3;
}

const number = (page, key) => {
  const card = page.querySelector('[data-key="' + key + '"]');
  return card === null ? undefined : Number(card.dataset.value);
};

const checks = {
  page(page, view) {
    expect(page.documentElement.scrollWidth <= view.innerWidth,
      'the page is ' + page.documentElement.scrollWidth + ' wide in ' + view.innerWidth + ' pixels');
    expect(page.querySelector('.answer').textContent.length > 20, 'there is no answer');
    expect(page.querySelectorAll('section h2').length > 1, 'there are no sections');
    expect(view.performance.getEntriesByType('resource').length === 0, 'the page has fetched something');
    page.querySelectorAll('canvas').forEach((canvas) => expect(drawn(canvas), 'an empty canvas: ' + canvas.getAttribute('aria-label')));
    page.querySelectorAll('.card, td.number[data-value]').forEach((one) =>
      expect(!/NaN|undefined|null|Infinity/.test(one.textContent), 'not a number: ' + one.textContent));
    page.querySelectorAll('.card .label > *').forEach((one) => expect(one.title.length > 20, 'undefined: ' + one.textContent));
    page.querySelectorAll('button').forEach((one) => expect(one.textContent !== '', 'a button without a name'));
  },

  run(page) {
    for (const key of ['iteration_time_s', 'mfu', 'hfu', 'samples_per_s'])
      expect(number(page, key) === expected[key], key + ' is ' + number(page, key) + ', not ' + expected[key]);
    expect(Math.round(number(page, 'peak_bytes')) === expected.memory.peak_bytes, 'peak memory differs from the answer');
    const shown = [...page.querySelectorAll('#defaults tbody tr')].length;
    expect(shown === Math.min(50, Object.keys(expected.defaults).length), shown + ' defaults are listed');
    const parts = [...page.querySelectorAll('#breakdown tbody tr')].map((row) => Number(row.children[1].dataset.value));
    const sum = parts.slice(0, -1).reduce((total, part) => total + part, 0);
    expect(Math.abs(sum / expected.iteration_time_s - 1) < 1e-9, 'the waterfall sums to ' + sum);
  },

  table(page) {
    const table = page.querySelector('#operators_table');
    const times = () => [...table.querySelectorAll('tbody tr')].map((row) => Number(row.children[4].dataset.value));
    const button = table.querySelectorAll('thead button')[4];
    button.click();
    let seen = times();
    expect(seen.every((time, i) => i === 0 || seen[i - 1] >= time), 'the first click does not sort from the largest');
    button.click();
    seen = times();
    expect(seen.every((time, i) => i === 0 || seen[i - 1] <= time), 'the second click does not turn the order round');
    expect(table.querySelectorAll('th')[4].getAttribute('aria-sort') === 'ascending', 'the order is not told to readers of the screen');
    const filter = table.querySelector('input');
    filter.value = 'BLOCK attention';
    filter.dispatchEvent(new Event('input'));
    const rows = [...table.querySelectorAll('tbody tr')].map((row) => row.textContent);
    expect(rows.length > 0 && rows.every((text) => /block/.test(text) && /attention/.test(text)), 'the filter keeps other rows');
  },

  timeline(page, view) {
    const range = page.querySelector('[data-key="timeline_view"]');
    const span = () => range.dataset.to - range.dataset.from;
    const canvas = page.querySelector('.timeline canvas');
    const key = (name) => canvas.dispatchEvent(new view.KeyboardEvent('keydown', { key: name, cancelable: true }));
    const whole = span();
    expect(Math.abs(whole / 1e9 / expected.iteration_time_s - 1) < 1e-6, 'the timeline is ' + whole + ' ns long');
    page.querySelector('button[aria-label="Zoom in"]').click();
    expect(Math.abs(span() / whole - .5) < 1e-6, 'the button does not zoom');
    const from = Number(range.dataset.from);
    key('ArrowRight');
    expect(Number(range.dataset.from) > from, 'the arrow key does not move');
    key('0');
    expect(span() === whole, 'the whole step does not come back');
    canvas.dispatchEvent(new view.WheelEvent('wheel', { deltaY: -200, ctrlKey: true, clientX: 200, clientY: 50, cancelable: true }));
    expect(span() < whole, 'the wheel does not zoom');
    key('0');
    key('n');
    const hover = page.querySelector('.hover');
    expect(!hover.hidden && /from/.test(hover.textContent), 'a slice is not explained');
  },

  details(page) {
    const range = page.querySelector('[data-key="timeline_view"]');
    const button = [...page.querySelectorAll('button')].find((one) => one.textContent === 'middle in detail');
    expect(button !== undefined, 'no stretch is shown in detail');
    button.click();
    expect(range.dataset.to - range.dataset.from < expected.iteration_time_s * 1e9 / 2, 'the stretch is not shown');
    expect(/matmul/.test(page.querySelector('.legend').textContent), 'operators are not shown');
  },

  flops(page) {
    expect(number(page, 'forward') === expected.forward.total, 'forward is ' + number(page, 'forward'));
    expect(number(page, 'parameters') === expected.parameters, 'parameters are ' + number(page, 'parameters'));
    const rows = [...page.querySelectorAll('#operators_table tbody tr')].map((row) => Number(row.children[6].dataset.value));
    const sum = rows.reduce((total, one) => total + one, 0);
    expect(sum === expected.forward.total, 'the operators sum to ' + sum);
  },

  validate(page) {
    const rows = [...page.querySelectorAll('#runs_table tbody tr')];
    expect(rows.length === expected.rows.length, rows.length + ' runs are listed');
    rows.forEach((row, i) => expect(Number(row.children[3].dataset.value) === expected.rows[i].predicted, 'another prediction of ' + expected.rows[i].id));
  },

  sweep(page) {
    const best = expected.best[0];
    expect(number(page, 'iteration_time_s') === best.iteration_time_s, 'the best takes ' + number(page, 'iteration_time_s'));
    const first = page.querySelector('#sweep_table tbody tr');
    expect(Number(first.children[0].dataset.value) === best.configuration, 'the first row is not the best');
    const values = page.querySelectorAll('#effects_table tbody tr').length;
    expect(values === Math.min(50, expected.effects.length), values + ' values are listed');
  },

  split(page) {
    expect(number(page, 'best_disjoint_s') === expected.best_disjoint.step_time_s, 'the best split takes ' + number(page, 'best_disjoint_s'));
    const splits = page.querySelectorAll('#curve_table tbody tr').length;
    expect(splits === Math.min(50, expected.curve.length), splits + ' splits are listed');
  },

  ablate(page) {
    const rows = [...page.querySelectorAll('#ablation_table tbody tr')];
    expect(rows.length === expected.rows.length, rows.length + ' steps are listed');
    rows.forEach((row, i) => expect(Number(row.children[2].dataset.value) === expected.rows[i].mfu, 'another MFU of ' + expected.rows[i].name));
  },

  explain(page) {
    const rows = [...page.querySelectorAll('#levers_table tbody tr')];
    expect(rows.length === expected.levers.length, rows.length + ' changes are listed');
    rows.forEach((row, i) => expect(Number(row.children[2].dataset.value) === expected.levers[i].gain_percent, 'another gain of ' + expected.levers[i].name));
  },

  diff(page) {
    expect(number(page, 'first_iteration_time_s') === expected.first.iteration_time_s, 'the first step takes ' + number(page, 'first_iteration_time_s'));
    expect(number(page, 'second_mfu') === expected.second.mfu, 'the second MFU is ' + number(page, 'second_mfu'));
    const rows = [...page.querySelectorAll('#causes_table tbody tr')].map((row) => Number(row.children[3].dataset.value));
    const sum = rows.reduce((total, one) => total + one, 0);
    const change = expected.second.iteration_time_s - expected.first.iteration_time_s;
    expect(Math.abs(sum - change) < 1e-9, 'the changes sum to ' + sum + ', not ' + change);
    const settings = page.querySelectorAll('#settings_table tbody tr').length;
    expect(settings === expected.settings.length, settings + ' settings are listed');
  },

  hostile(page, view) {
    expect(view.hacked === undefined, 'a name has become a script');
    expect(page.querySelectorAll('img').length === 0, 'a name has become an element');
    expect(page.querySelector('.subtitle').textContent.includes('<img src=x onerror=hacked=1>"\'&amp;'), 'the name is not shown as it is');
    expect(page.body.textContent.includes('</script><script>hacked=1</script>xxx'), 'the source is not shown as it is');
  },

  light(page, view) {
    expect(brightness(view.getComputedStyle(page.body).backgroundColor) > 200, 'the page is not light');
  },
  dark(page, view) {
    expect(brightness(view.getComputedStyle(page.body).backgroundColor) < 60, 'the page is not dark');
  },
};

/// Called when the frame has loaded.
function check(frame) {
  const page = frame.contentDocument;
  try {
    for (const name of document.body.dataset.checks.split(' ')) checks[name](page, frame.contentWindow);
  } catch (error) {
    findings.push('the checks failed: ' + error);
  }
  document.getElementById('findings').textContent = 'findings: ' + (findings.length ? findings.join('; ') : 'none');
  frame.remove();
}
