import assert from "node:assert/strict";
import test from "node:test";

import { asDegrees, asTyped } from "../../gridmap/static/gridmap/js/degrees.js";

test("two numbers are a place", () => {
  assert.deepEqual(asDegrees(" 114.9239", "25.8545 "), { lon: 114.9239, lat: 25.8545 });
  assert.deepEqual(asDegrees("0", "0"), { lon: 0, lat: 0 });
});

test("words, nothing, and what is not on the globe are none", () => {
  assert.equal(asDegrees("", "25"), null);
  assert.equal(asDegrees("114.9", ""), null);
  assert.equal(asDegrees("东经", "25"), null);
  assert.equal(asDegrees("181", "25"), null);
  assert.equal(asDegrees("25.85", "114.92"), null);
});

test("a coordinate is written to the centimetre, without zeros at its end", () => {
  assert.equal(asTyped(114.92390004999), "114.9239");
  assert.equal(asTyped(25.85451234567), "25.8545123");
});
