import assert from "node:assert/strict";
import test from "node:test";

import { ARRIVAL_LOOKS, LATENESS, SPOTS, STATIONED_LOOKS, arrivalLook, boundWords, fellDue, kindLooks, stationedLook, summed } from "../../cases/static/cases/js/map/scales.js";

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

/** What is left of linear red, green and blue to those who lack a kind of cone: Machado, Oliveira, Fernandes 2009, severity 1. */
const SIGHTS = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
/** Linear sRGB to CIE XYZ, each by its white D65. */
const XYZ = [[0.4339, 0.3763, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8729]];

const times = (matrix, column) => matrix.map((row) => row.reduce((sum, it, i) => sum + it * column[i], 0));

/** CIE L*a*b* of a fill such as "#91bfdb". */
function seen(fill, sight) {
  const linear = [1, 3, 5].map((at) => parseInt(fill.slice(at, at + 2), 16) / 255).map((it) => (it <= 0.04045 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4));
  const left = times(sight, linear).map((it) => Math.min(1, Math.max(0, it)));
  const [x, y, z] = times(XYZ, left).map((it) => (it > 0.008856 ? Math.cbrt(it) : 7.787 * it + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test("the fills of a legend are told apart by everybody, also without a kind of cone", () => {
  const kinds = (theme, ...classes) => [...kindLooks(theme, classes.map((it) => ({ class: it, words: it }))).values()];
  const legends = {
    spots: Object.values(SPOTS),
    lateness: Object.values(LATENESS),
    arrivals: ARRIVAL_LOOKS,
    stationed: STATIONED_LOOKS,
    size: kinds("size", "fits", "too_small", "too_large", "waived", "dedicated"),
    party: kinds("party", "with", "without"),
    workers: kinds("workers", "own", "shared", "part_time", "vacant"),
    workload: kinds("workload", "none", "to_2", "to_5", "to_10", "more"),
    routing: kinds("routing", "clear", "to_5", "to_20", "more"),
  };
  for (const [legend, looks] of Object.entries(legends)) {
    const fills = looks.filter((it) => !it.hatch).map((it) => it.fill);
    for (const [name, sight] of Object.entries(SIGHTS)) {
      for (const [i, one] of fills.entries()) {
        for (const other of fills.slice(0, i)) {
          const apart = Math.hypot(...seen(one, sight).map((it, at) => it - seen(other, sight)[at]));
          // About four times what is just noticed.
          assert.ok(apart > 9, `${legend}: ${one} and ${other} are ${apart.toFixed(1)} apart (${name})`);
        }
      }
    }
  }
});
