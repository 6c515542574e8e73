// SPDX-License-Identifier: Apache-2.0
// A table that sorts by any column and shows the rows that hold all words of its filter.
{
  const shownAtFirst = 50;

  const compare = (column, direction) => (a, b) => {
    const left = a[column];
    const right = b[column];
    if (left === right) return 0;
    if (left === null) return 1;  // empty cells stay at the end
    if (right === null) return -1;
    if (typeof left === 'number' && typeof right === 'number') return direction * (left - right);
    return direction * String(left).localeCompare(String(right), 'en', { numeric: true });
  };

  /// Many columns become cards on a narrow screen (wide), and more than a screen of usual letters holds get smaller ones (dense).
  const tableClass = (columns) => (columns > 12 ? 'wide dense' : columns > 3 ? 'wide' : '');

  class Table {
    constructor(block) {
      this.block = block;
      this.numeric = block.columns.map((_, i) => block.rows.some((row) => typeof row[i] === 'number'));
      // only columns of long words may break inside a word: short ones keep their width
      this.long = block.columns.map((_, i) => block.rows.some((row) => typeof row[i] === 'string' && /\S{26}/.test(row[i])));
      this.sorted = { column: -1, direction: 1 };
      this.all = block.rows.length <= shownAtFirst;
      this.texts = block.rows.map((row) => row.join(' ').toLowerCase());
      this.body = mfusim.element('tbody');
      this.count = mfusim.element('span', { role: 'status' });
      this.filter = mfusim.element('input', { type: 'search', placeholder: 'filter by words', 'aria-label': 'Filter rows of ' + block.title });
      this.filter.addEventListener('input', () => this.fill());
      this.more = mfusim.element('button', { type: 'button' }, 'show all rows');
      this.more.addEventListener('click', () => { this.all = true; this.fill(); });
      this.headings = block.columns.map((column, i) => this.heading(column, i));
      this.fill();
    }

    heading(column, i) {
      const button = mfusim.element('button', { type: 'button', title: column.definition, 'aria-description': column.definition }, column.heading);
      button.addEventListener('click', () => this.sort(i));
      const label = this.block.title + ': ' + column.heading;
      if (column.definition) mfusim.definitions.set(label, { label, definition: column.definition, source: this.block.source });
      return mfusim.element('th', { scope: 'col', class: this.numeric[i] ? 'number' : '' }, button);
    }

    /// Numbers start with the largest, words with the first; again turns the order round.
    sort(column) {
      const same = this.sorted.column === column;
      this.sorted = { column, direction: same ? -this.sorted.direction : this.numeric[column] ? -1 : 1 };
      this.headings.forEach((heading, i) => {
        if (i === column) heading.setAttribute('aria-sort', this.sorted.direction > 0 ? 'ascending' : 'descending');
        else heading.removeAttribute('aria-sort');
      });
      this.fill();
    }

    matching() {
      const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const rows = this.block.rows.filter((_, i) => words.every((word) => this.texts[i].includes(word)));
      if (this.sorted.column >= 0) rows.sort(compare(this.sorted.column, this.sorted.direction));
      return rows;
    }

    fill() {
      const rows = this.matching();
      const shown = this.all ? rows : rows.slice(0, shownAtFirst);
      this.body.replaceChildren(...shown.map((row) => this.row(row)));
      const total = this.block.rows.length;
      this.count.textContent = rows.length === total ? total + ' rows' : rows.length + ' of ' + total + ' rows';
      if (shown.length < rows.length) this.count.textContent += ', the first ' + shown.length + ' shown';
      this.more.hidden = shown.length === rows.length;
    }

    row(row) {
      return mfusim.element('tr', {}, row.map((value, i) => {
        const column = this.block.columns[i];
        const number = typeof value === 'number';
        const text = number ? mfusim.number(value, column.unit, column.digits) : value === null ? '' : value;
        return mfusim.element('td', {
          class: this.numeric[i] ? 'number' : this.long[i] ? 'long' : '', 'data-label': column.heading,
          'data-value': number ? value : undefined, title: number ? value + ' ' + column.unit : undefined,
        }, text);
      }));
    }

    /// On narrow screens rows become blocks and have no headings to click on.
    sortBox() {
      const select = mfusim.element('select', {}, [mfusim.element('option', { value: -1 }, 'as given')].concat(
        this.block.columns.map((column, i) => mfusim.element('option', { value: i }, column.heading))));
      select.addEventListener('change', () => { if (select.value >= 0) this.sort(Number(select.value)); });
      return mfusim.element('label', { class: 'sortby' }, ['sort by', select]);
    }

    element() {
      const tools = this.block.rows.length > 8 ? [this.filter, this.count, this.more, this.sortBox()] : [];
      return mfusim.element('div', { class: 'block', id: this.block.key }, [
        mfusim.element('h3', {}, this.block.title), mfusim.caption(this.block),
        mfusim.element('div', { class: 'toolbar' }, tools),
        mfusim.element('table', { class: tableClass(this.block.columns.length) }, [
          mfusim.element('thead', {}, mfusim.element('tr', {}, this.headings)), this.body]),
      ]);
    }
  }

  mfusim.table = (block) => new Table(block).element();
}
