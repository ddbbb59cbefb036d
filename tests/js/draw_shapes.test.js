import assert from "node:assert/strict";
import test from "node:test";

import {
  countWords,
  extended,
  groundWords,
  holds,
  isClosed,
  ringsOf,
  snap,
} from "../../gridmap/static/gridmap/js/draw_shapes.js";

const square = { type: "Polygon", coordinates: [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]] };
const holed = { type: "Polygon", coordinates: [...square.coordinates, [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]] };
const two = { type: "MultiPolygon", coordinates: [holed.coordinates, [[[20, 0], [21, 0], [21, 1], [20, 0]]]] };
const screen = { toPixel: ([x, y]) => ({ x: x * 10, y: -y * 10 }), reach: 12 };

test("rings come from both kinds of polygon", () => {
  assert.equal(ringsOf(square).length, 1);
  assert.equal(ringsOf(two).length, 3);
  assert.deepEqual(ringsOf({ type: "Point", coordinates: [0, 0] }), []);
});

test("a place is in the shape, not in its hole, and in every part", () => {
  assert.ok(holds(holed, [2, 2]));
  assert.ok(!holds(holed, [5, 5]));
  assert.ok(!holds(holed, [11, 5]));
  assert.ok(holds(two, [20.8, 0.5]));
  assert.ok(!holds(two, [15, 0.5]));
});

test("a hand near a corner means the corner, even where the line is nearer", () => {
  assert.deepEqual(snap([0.9, 0.1], [square], screen), { place: [0, 0], on: "corner" });
});

test("a hand near a line means the nearest place on it", () => {
  assert.deepEqual(snap([5, 0.7], [square], screen), { place: [5, 0], on: "edge" });
  assert.deepEqual(snap([10.5, 5], [square], screen), { place: [10, 5], on: "edge" });
});

test("elsewhere the hand means where it is", () => {
  assert.deepEqual(snap([5, 3], [square], screen), { place: [5, 3], on: null });
  assert.deepEqual(snap([5, 3], [], screen), { place: [5, 3], on: null });
});

test("the beginning of the line itself is a corner too", () => {
  assert.deepEqual(snap([5, 3.5], [square], { ...screen, also: [[5, 3]] }), { place: [5, 3], on: "corner" });
});

test("an edge of no length is no trouble", () => {
  const twice = { type: "Polygon", coordinates: [[[0, 0], [0, 0], [10, 0], [10, 10], [0, 0]]] };
  assert.equal(snap([5, -0.5], [twice], screen).on, "edge");
});

test("the two clicks of a double click are one place", () => {
  const line = extended([[0, 0]], [1, 1]);
  assert.deepEqual(extended(line, [1, 1]), [[0, 0], [1, 1]]);
  assert.deepEqual(extended([], [1, 1]), [[1, 1]]);
});

test("a line is closed when it comes back round some ground", () => {
  assert.ok(isClosed([[0, 0], [1, 0], [1, 1], [0, 0]]));
  assert.ok(!isClosed([[0, 0], [1, 0], [0, 0]]));
  assert.ok(!isClosed([[0, 0], [1, 0], [1, 1], [0, 1]]));
});

test("figures are said in words", () => {
  assert.equal(groundWords(12345.6), "12,346 平方米");
  assert.equal(countWords(1200, "人"), "1,200 人");
  assert.equal(countWords(0, "人"), "0 人");
  assert.equal(countWords(null, "人"), "未登记");
});
