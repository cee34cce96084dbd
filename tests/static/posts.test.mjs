/** The order of posts, and the window of them that is in the document. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FRONT_PAGE, isNewer, MAX_KEPT, MAX_SHOWN, Posts } from '../../static/timeline/posts.js';

/** A post whose position is a number: higher is newer. */
function post(number, id = `id${number}`) {
  return { id, position: String(number).padStart(6, '0'), revision: 1, item: null, element: null };
}

/** Posts with these numbers, newest first, all in the document. */
const shown = (...numbers) => new Posts(numbers.map((number) => post(number)));

const many = (count) => shown(...Array.from({ length: count }, (_, index) => index + 1));

const numbers = (posts) => posts.map(({ position }) => Number(position));

const bounds = ({ waiting, start, end, length }) => [waiting, start, end, length];

test('posts are ordered by position, then by id, newest first', () => {
  const posts = shown(2, 3, 1);
  posts.insert(post(2, 'z'));
  assert.deepEqual(posts.slice().map(({ id }) => id), ['id3', 'z', 'id2', 'id1']);
  assert.equal(isNewer(post(2, 'b'), post(2, 'a')), true);
  assert.equal(isNewer(post(1, 'b'), post(2, 'a')), false);
});

test('a key that is not there has the index at which it would be inserted', () => {
  const posts = shown(30, 20, 10);
  assert.deepEqual([40, 25, 20, 5].map((number) => posts.indexOf(post(number))), [0, 1, 1, 3]);
});

test('a post that arrives while nothing waits enters the window', () => {
  const posts = shown(2, 1);
  posts.insert(post(3), { isShownAtEnd: true });
  assert.deepEqual(bounds(posts), [0, 0, 3, 3]);
  assert.deepEqual(numbers(posts.shown()), [3, 2, 1]);
});

test('a newer post waits if it may, and an older one never does', () => {
  const posts = shown(5, 1);
  posts.insert(post(6), { mayWait: true, isShownAtEnd: true });
  posts.insert(post(3), { mayWait: true, isShownAtEnd: true });
  assert.equal(posts.waiting, 1);
  assert.deepEqual(numbers(posts.shown()), [5, 3, 1]);
});

test('a post among those that wait waits, whatever its own wish', () => {
  const posts = shown(1);
  posts.insert(post(9), { mayWait: true });
  posts.insert(post(10));
  assert.equal(posts.waiting, 2);
  assert.deepEqual(numbers(posts.shown()), [1]);
});

test('the first post of an empty page does not wait', () => {
  const posts = new Posts();
  posts.insert(post(1), { mayWait: true, isShownAtEnd: true });
  assert.deepEqual(bounds(posts), [0, 0, 1, 1]);
});

test('a post right below the window stays outside, unless it is to be shown', () => {
  const posts = shown(3, 2);
  posts.insert(post(1));
  assert.deepEqual(numbers(posts.shown()), [3, 2]);
  assert.equal(posts.isAtOldest, false);
});

test('removal moves the bounds below the post', () => {
  const posts = shown(2, 1);
  for (const number of [3, 4]) posts.insert(post(number), { mayWait: true });
  for (const id of ['id4', 'id1']) posts.remove(posts.get(id));
  assert.deepEqual(bounds(posts), [1, 1, 2, 2]);
  assert.equal(posts.get('id4'), undefined);
});

test('release shows few waiting posts at once, and of many the oldest', () => {
  for (const [count, start] of [[10, 0], [50, 0], [51, 26], [300, 275]]) {
    const posts = shown(0);
    for (let number = 1; number <= count; number += 1) posts.insert(post(number), { mayWait: true });
    assert.equal(posts.release(), count);
    assert.deepEqual(bounds(posts), [0, start, count + 1, count + 1]);
  }
});

test('release moves a window that is far below to the newest posts', () => {
  const posts = many(1000);
  posts.trim(() => 999);
  assert.deepEqual(bounds(posts), [0, 600, 1000, 1000]);
  posts.insert(post(2000), { mayWait: true });
  assert.deepEqual(bounds(posts), [1, 601, 1001, 1001]);
  posts.release();
  assert.deepEqual(bounds(posts), [0, 0, 26, 1001]);
});

test('the window extends by steps, and never holds more than its maximum', () => {
  const posts = many(500);
  posts.trim(() => 0);
  assert.deepEqual(bounds(posts), [0, 0, MAX_SHOWN, 500]);
  assert.equal(posts.extendUp(), false);
  assert.equal(posts.extendDown(), true);
  assert.deepEqual([posts.start, posts.end], [25, 425]);
  while (posts.extendDown()) assert.ok(posts.end - posts.start <= MAX_SHOWN);
  assert.deepEqual([posts.isAtOldest, posts.isAtNewest], [true, false]);
  while (posts.extendUp()) assert.ok(posts.end - posts.start <= MAX_SHOWN);
  assert.deepEqual([posts.start, posts.end], [0, MAX_SHOWN]);
});

test('trim removes what the reader does not see, and measures only if there is too much', () => {
  many(MAX_SHOWN).trim(() => assert.fail('measured'));
  const posts = many(MAX_SHOWN + 60);
  posts.trim(() => MAX_SHOWN + 10);
  assert.deepEqual([posts.start, posts.end], [60, MAX_SHOWN + 60]);
  posts.showNewest();
  assert.deepEqual([posts.start, posts.end], [0, 50]);
});

test('a page of the history begins after each full page', () => {
  const posts = many(120);
  assert.equal(posts.pageAbove(posts.at(FRONT_PAGE - 1)), null);
  assert.equal(posts.pageAbove(posts.at(FRONT_PAGE)), posts.at(FRONT_PAGE - 1));
  assert.equal(posts.pageAbove(posts.at(119)), posts.at(99));
  posts.insert(post(500), { mayWait: true });
  assert.equal(posts.pageAbove(posts.at(FRONT_PAGE)), null, 'posts that wait are on no page');
});

test('a page of the server covers what is between its ends', () => {
  const posts = shown(6, 5, 4, 3, 2, 1);
  const within = (range) => numbers(posts.within({ isIncluded: false, isLast: false, ...range }));
  assert.deepEqual(within({ above: post(5), last: post(3) }), [4, 3]);
  assert.deepEqual(within({ above: post(5), last: post(3), isIncluded: true }), [5, 4, 3]);
  assert.deepEqual(within({ above: post(4), last: post(3), isLast: true }), [3, 2, 1]);
  assert.deepEqual(within({ above: post(4), last: undefined }), [], 'nothing is known of an empty page');
  assert.deepEqual(within({ above: post(4), last: undefined, isLast: true }), [3, 2, 1]);
});

test('the serial counts insertions, and the page is full at its maximum', () => {
  const posts = many(MAX_KEPT - 1);
  assert.deepEqual([posts.serial, posts.isFull], [MAX_KEPT - 1, false]);
  posts.remove(posts.at(0));
  posts.insert(post(9_000));
  posts.insert(post(9_001));
  assert.deepEqual([posts.serial, posts.isFull], [MAX_KEPT + 1, true]);
});

test('the bounds hold their order through any sequence of operations', () => {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const posts = new Posts();
  const operations = [
    () => posts.insert(post(random(10_000), `r${posts.serial}`), { mayWait: random(2) > 0, isShownAtEnd: random(2) > 0 }),
    () => posts.insert(post(10_000 + posts.serial), { mayWait: true }),
    () => posts.length > 0 && posts.remove(posts.at(random(posts.length))),
    () => posts.release(),
    () => posts.extendUp(),
    () => posts.extendDown(),
    () => posts.showNewest(),
    () => posts.trim(() => posts.start + random(2 * MAX_SHOWN)),
  ];
  for (let n = 0; n < 5_000; n += 1) {
    operations[random(random(3) > 0 ? 2 : operations.length)]();
    const { waiting, start, end, length } = posts;
    assert.ok(waiting >= 0 && waiting <= start && start <= end && end <= length, `${bounds(posts)}`);
  }
});
