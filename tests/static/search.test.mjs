/** The filter of the page's script matches the posts that the server's does: one table of cases for both. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { matcherOf } from '../../static/reading/search.js';

const read = (name) => JSON.parse(readFileSync(new URL(`../pages/${name}.json`, import.meta.url), 'utf-8'));
const item = read('filter_item');

for (const { about, filter, matches } of read('filter_cases')) {
  test(about, () => {
    assert.equal(matcherOf({ query: '', sources: [], tags: [], ...filter })(item), matches);
  });
}
