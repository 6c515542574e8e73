// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: a few digits, a prefix that fits, the unit.
{
  const prefixes = {
    s: [[1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']],
    B: [[1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']],
    FLOP: [[1e18, 'EFLOP'], [1e15, 'PFLOP'], [1e12, 'TFLOP'], [1e9, 'GFLOP'], [1e6, 'MFLOP'], [1, 'FLOP']],
    MAC: [[1e18, 'EMAC'], [1e15, 'PMAC'], [1e12, 'TMAC'], [1e9, 'GMAC'], [1e6, 'MMAC'], [1, 'MAC']],
    'FLOP/s': [[1e15, 'PFLOP/s'], [1e12, 'TFLOP/s'], [1e9, 'GFLOP/s'], [1e6, 'MFLOP/s'], [1, 'FLOP/s']],
    'B/s': [[1e12, 'TB/s'], [1e9, 'GB/s'], [1e6, 'MB/s'], [1e3, 'kB/s'], [1, 'B/s']],
  };
  const thin = '\u202f';

  const grouped = (text) => text.replace(/^(-?\d+)/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, thin));
  const fixed = (value, digits) => grouped(value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(Math.abs(value))))));

  /// Groups of three digits; no exponent where a person would write none.
  const plain = (value, digits) => {
    if (value === 0) return '0';
    if (Number.isInteger(value) && Math.abs(value) < 1e15) return grouped(String(value));
    const size = Math.abs(value);
    if (size >= 1e9 || size < 1e-4) return value.toExponential(digits - 1);
    return fixed(value, digits);
  };

  const percent = (value) => value.toFixed(1).replace(/^-0\.0$/, '0.0') + thin + '%';

  mfusim.number = function (value, unit, digits) {
    if (value === null || value === undefined) return '';
    if (!Number.isFinite(value)) return '–';
    const figures = digits || 4;
    if (unit === 'share') return percent(100 * value);
    if (unit === '%') return percent(value);
    const steps = prefixes[unit];
    if (!steps) return plain(value, figures) + (unit ? thin + unit : '');
    if (value === 0) return '0' + thin + unit;
    const [factor, name] = steps.find(([size]) => Math.abs(value) >= size * 0.9999995) || steps[steps.length - 1];
    return fixed(Number((value / factor).toPrecision(figures)), figures) + thin + name;
  };

  /// The same without zeros at the end: for the ticks of an axis.
  mfusim.tick = (value, unit, digits) => mfusim.number(value, unit, digits).replace(/(\.\d*?)0+(?=\D|$)/, '$1').replace(/\.(?=\D|$)/, '');
}
