import assert from "node:assert/strict";
import test from "node:test";

import { ARRIVAL_LOOKS, arrivalLook, boundWords, fellDue, kindLooks, stationedLook, summed } from "../../cases/static/cases/js/map/scales.js";

const demand = (demanded, arrived_in_time, waiting = 0, arrived = arrived_in_time) => ({ demanded, arrived, arrived_in_time, waiting });

test("no demand is hatched and is not bad coverage", () => {
  assert.equal(arrivalLook(undefined).hatch, true);
  assert.equal(arrivalLook(demand(0, 0)).hatch, true);
});

test("fewer than five that fell due are not judged, however many are still in time", () => {
  assert.match(arrivalLook(demand(4, 0)).words, /不评/);
  assert.match(arrivalLook(demand(9, 4, 5)).words, /不评/);
  assert.equal(fellDue(demand(9, 4, 5)), 4);
});

test("a share belongs to the class whose bound it reaches", () => {
  const words = (inTime) => arrivalLook(demand(20, inTime)).words;
  assert.deepEqual([20, 19, 18, 17, 15, 12, 11, 0].map(words), [
    "95 % 及以上",
    "95 % 及以上",
    "85–95 %",
    "85–95 %",
    "75–85 %",
    "60–75 %",
    "60 % 以下",
    "60 % 以下",
  ]);
});

test("what is still in time is not held against anybody", () => {
  assert.equal(arrivalLook(demand(20, 10, 10)).words, "95 % 及以上");
});

test("several departments are judged by their sums, not by the mean of their shares", () => {
  const total = summed([demand(90, 90), demand(10, 0)]);
  assert.deepEqual(total, demand(100, 90));
  assert.equal(arrivalLook(total).words, "85–95 %");
});

test("all looks of shares are told apart by colour, hatching or outline", () => {
  const seen = ARRIVAL_LOOKS.map(({ fill, hatch, stroke }) => `${fill}${hatch}${stroke}`);
  assert.equal(new Set(seen).size, ARRIVAL_LOOKS.length);
});

test("nobody stationed is said so, and any small number is more", () => {
  assert.match(stationedLook(0).words, /没有/);
  assert.match(stationedLook(null).words, /没有/);
  assert.equal(stationedLook(0.01).words, "不到 0.5 人");
  assert.equal(stationedLook(1).words, "1–2 人");
});

test("what is not known of a grid is hatched; a class nobody thought of still has a colour", () => {
  const looks = kindLooks("size", [
    { class: "fits", words: "合规" },
    { class: "unknown", words: "没有登记" },
    { class: "floating", words: "水上网格" },
  ]);
  assert.equal(looks.get("unknown").hatch, true);
  assert.match(looks.get("floating").fill, /^#/);
  assert.deepEqual([...looks.keys()], ["fits", "unknown", "floating"]);
});

test("the last class has no upper end", () => {
  assert.equal(boundWords({ from: 0.3, to: 1 }), "0.3–1");
  assert.equal(boundWords({ from: 100, to: null }), "100 以上");
});
