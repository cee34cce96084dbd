/** Names of sources, by the table of the server's tests; and how much of a post is shown. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { initialOf, modeOf, named, shortName, sourceAndSite } from '../../static/post/names.js';

const cases = JSON.parse(readFileSync(new URL('../pages/names.json', import.meta.url), 'utf8'));

test('names are short as on the server', () => {
  for (const [title, short] of cases.short) assert.equal(shortName(title), short);
});

test('tiles have the initials of the server', () => {
  for (const [title, initial] of cases.initial) assert.equal(initialOf(title), initial);
});

test('only versions have the name of their source before them', () => {
  for (const [title, expected] of cases.named) {
    assert.equal(named({ title, _livelog: { source: { title: 'Harbour - Releases' } } }), expected);
  }
  assert.equal(named({ _livelog: { source: { title: 'Harbour' } } }), '');
});

test('a post has the name of its site behind that of its source', () => {
  for (const [source, title, names] of cases.source_and_site) {
    const original = title ? { title } : undefined;
    assert.equal(sourceAndSite({ _livelog: { source: { title: source }, original } }), names);
  }
});

test('a version has the name of the site that it is from', () => {
  const about = { source: { title: 'Releases of today' }, original: { title: 'Harbour - Releases' } };
  assert.equal(named({ title: 'v3.9.0', _livelog: about }), 'Harbour v3.9.0');
});

test('a post is shown as its feed or blog says', () => {
  const item = (preview, feed_url) => ({ _livelog: { preview, source: { title: '', feed_url } } });
  const page = (dataset) => {
    globalThis.document = { body: { dataset: {} }, getElementById: () => ({ dataset }) };
  };
  const feedPosts = '{"a": "headlines", "b": "full", "c": "auto"}';
  page({ posts: 'auto', feedPosts });
  const long = { text: 'Text', minutes: 2 };
  const modes = (preview) => ['a', 'b', 'c', 'd'].map((feed) => modeOf(item(preview, feed)));
  assert.deepEqual(modes(long), ['headlines', 'whole', 'brief', 'brief']);
  assert.deepEqual(modes(undefined), ['headlines', 'whole', 'whole', 'whole']);
  page({ posts: 'headlines', feedPosts: '{"b": "full"}' });
  assert.deepEqual(modes(long), ['headlines', 'whole', 'headlines', 'headlines']);
  page({});
  assert.deepEqual(modes(long), ['brief', 'brief', 'brief', 'brief']);
});
