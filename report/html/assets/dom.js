// SPDX-License-Identifier: Apache-2.0
// Elements from data. Text is always textContent: a name is never markup.
mfusim.element = function (tag, attributes, children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== '') element.setAttribute(name, value);
  }
  for (const child of [].concat(children === undefined ? [] : children)) {
    element.append(typeof child === 'object' ? child : String(child));
  }
  return element;
};

/// A number and its unit stay on one line.
mfusim.tight = (text) => text.replace(/(\d) (?=(?:%|[mun]?s|[kMGTPE]?(?:B|FLOP(?:\/s)?))(?![\w/]))/g, '$1\u00a0');

/// A caption, and what the numbers above or below it come from.
mfusim.caption = function (block) {
  const source = block.source ? ' From: ' + block.source + '.' : '';
  return mfusim.element('p', { class: 'caption' }, block.caption + source);
};

// Definitions met on the way: the list at the page's end explains each once.
mfusim.definitions = new Map();

/// A label that explains itself on hover and in the definitions at the end.
mfusim.defined = function (meaning, tag) {
  if (!meaning.definition) return mfusim.element(tag, {}, meaning.label);
  mfusim.definitions.set(meaning.label, meaning);
  const text = meaning.source ? meaning.definition + '\nFrom: ' + meaning.source + '.' : meaning.definition;
  return mfusim.element(tag, { class: 'defined', title: text, 'aria-description': text }, meaning.label);
};
