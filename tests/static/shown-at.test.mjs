import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { shownAt } from '../../static/post/shown-at.js';

const cases = JSON.parse(readFileSync(new URL('../pages/shown_at.json', import.meta.url), 'utf8'));

test('a late post shows its own time', () => {
  for (const [published, position, expected] of cases) {
    assert.equal(shownAt({ date_published: published, _livelog: { position } }), expected);
  }
});
