// SPDX-License-Identifier: Apache-2.0
{
  /// The number large, its unit small beside it.
  const valueParts = (card) => {
    const [number, ...unit] = mfusim.number(card.value, card.unit).split(/\u202f(?=[^\d])/);
    return unit.length ? [number, mfusim.element('span', { class: 'unit' }, '\u202f' + unit.join(''))] : [number];
  };

  mfusim.cards = function (block) {
    const cards = block.cards.map((card) =>
      mfusim.element('div', { class: 'card' }, [
        mfusim.element('div', { class: 'label' }, mfusim.defined(card.meaning, 'span')),
        mfusim.element('div', { class: 'value', 'data-key': card.key, 'data-value': card.value, title: card.value + ' ' + card.unit },
          valueParts(card)),
        mfusim.element('div', { class: 'note' }, mfusim.tight(card.note)),
      ]));
    return mfusim.element('div', { class: 'block cards' }, cards);
  };
}

mfusim.notes = function (block) {
  return mfusim.element('div', { class: 'block notes' + (block.warning ? ' warning' : '') }, [
    mfusim.element('h3', {}, block.title),
    mfusim.element('ul', {}, block.lines.map((line) => mfusim.element('li', {}, mfusim.tight(line)))),
  ]);
};
