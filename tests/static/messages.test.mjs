/** Messages of the server: what the page ignores, and what it can't do without. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cursorOf, parseMessage, stepsFrom } from '../../static/connection/messages.js';

test('a known message is passed on with all its keys', () => {
  const message = { type: 'delete', cursor: 'e.5', id: 'x', more: [1] };
  assert.deepEqual(parseMessage(JSON.stringify(message)), message);
});

test('any other JSON is unknown', () => {
  for (const odd of [null, 5, 'entry', [], ['entry'], {}, { type: null }, { type: 7 }, { type: ['entry'] }, { type: 'future' }]) {
    assert.deepEqual(parseMessage(JSON.stringify(odd)), { type: 'unknown', cursor: null });
  }
});

test('an unknown message has its cursor, if that is valid', () => {
  for (const [cursor, found] of [['e.5', 'e.5'], ['a.b.5', 'a.b.5'], [null, null], [5, null], [['e.5'], null], ['e', null], ['e.x', null]]) {
    assert.equal(parseMessage(JSON.stringify({ type: 'future', cursor })).cursor, found);
    assert.equal(cursorOf({ cursor }), found);
  }
});

test('what is no JSON, and a known message without a cursor, are errors', () => {
  for (const data of ['', '{', '{"type":"entry"}', '{"type":"hello","cursor":null}']) {
    assert.throws(() => parseMessage(data), SyntaxError);
  }
});

test('cursors of one epoch are compared by number', () => {
  assert.equal(stepsFrom('e.10', 'e.9'), 1);
  assert.equal(stepsFrom('e.9', 'e.9'), 0);
  assert.equal(stepsFrom('e.9', 'f.8'), NaN);
  assert.equal(stepsFrom('e.9', ''), NaN);
});
