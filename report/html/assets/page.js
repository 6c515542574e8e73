// SPDX-License-Identifier: Apache-2.0
// Puts the page together from the data in it.
{
  const page = JSON.parse(document.getElementById('data').textContent);
  const makers = {
    cards: mfusim.cards, notes: mfusim.notes, bars: mfusim.bars, points: mfusim.points, table: mfusim.table, timeline: mfusim.timeline,
  };

  const section = (one) => mfusim.element('section', { id: one.key }, [
    one.title ? mfusim.element('h2', {}, one.title) : '',
    one.lead ? mfusim.element('p', { class: 'lead' }, one.lead) : '',
    ...one.blocks.map((block) => makers[block.kind](block)),
  ]);

  const glossary = () => {
    const entries = [...mfusim.definitions.values()].sort((a, b) => a.label.localeCompare(b.label, 'en'));
    const list = entries.flatMap((one) => [
      mfusim.element('dt', {}, one.label),
      mfusim.element('dd', {}, [one.definition, one.source ? mfusim.element('span', { class: 'source' }, ' From: ' + one.source + '.') : '']),
    ]);
    return mfusim.element('section', { id: 'definitions' }, [
      mfusim.element('h2', {}, 'Definitions and sources'),
      mfusim.element('p', { class: 'lead' }, 'The same texts appear when the pointer rests on an underlined label or on the heading of a column.'),
      mfusim.element('dl', { class: 'glossary' }, list),
    ]);
  };

  const answer = document.querySelector('.answer');
  answer.textContent = mfusim.tight(answer.textContent);
  const main = document.getElementById('page');
  const sections = page.sections.map(section);
  if (mfusim.definitions.size) sections.push(glossary());
  const links = sections.filter((one) => one.querySelector(':scope > h2'))
    .map((one) => mfusim.element('a', { href: '#' + one.id }, one.querySelector(':scope > h2').textContent));
  main.replaceChildren(...sections);
  if (links.length > 2) sections[0].append(mfusim.element('nav', { 'aria-label': 'Sections' }, links));

  const draw = () => { mfusim.drawCharts(); mfusim.drawTimelines(); };
  const print = (printing) => () => {
    document.documentElement.toggleAttribute('data-print', printing);  // paper is light
    draw();
  };
  draw();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  addEventListener('beforeprint', print(true));
  addEventListener('afterprint', print(false));
}
