import assert from "node:assert/strict";
import test from "node:test";

import { levelWords, pointedOut, readDay, stopOn, stopsOf } from "../../gridmap/static/gridmap/js/days.js";

const EDITIONS = [
  { id: 4, name: "二〇二七年调整", valid_from: "2027-01-01", changed: { grid: 3 }, gone: {} },
  { id: 1, name: "首版", valid_from: "2020-12-07", changed: { district: 1, town: 10, community: 143, grid: 727 }, gone: {} },
  { id: 3, name: "另一处", valid_from: "2024-03-01", changed: { grid: 2, community: 1 }, gone: { grid: 1 } },
  { id: 2, name: "一处", valid_from: "2024-03-01", changed: { grid: 4 }, gone: { grid: 2 } },
];
const STOPS = stopsOf(EDITIONS);

test("a link names a day of the calendar or none", () => {
  const day = (text) => readDay(new URLSearchParams({ on: text }));
  assert.equal(day("2021-05-01"), "2021-05-01");
  assert.equal(day("2024-02-29"), "2024-02-29");
  for (const bad of ["", "2021", "2021-5-1", "2021-02-31", "2023-02-29", "yesterday", "1899-01-01", "0021-05-01"]) {
    assert.equal(day(bad), null, bad);
  }
  assert.equal(readDay(new URLSearchParams("")), null);
});

test("editions stand in order of their days, and those of one day are one stop", () => {
  assert.deepEqual(STOPS.map((it) => it.day), ["2020-12-07", "2024-03-01", "2027-01-01"]);
  assert.deepEqual(STOPS[1].editions, [3, 2]);
  assert.deepEqual(STOPS[1].changed, { grid: 6, community: 1 });
  assert.deepEqual(STOPS[1].gone, { grid: 3 });
  assert.equal(STOPS[1].name, "另一处、一处");
  assert.deepEqual(stopsOf([]), []);
});

test("a stop counts from its own day until the next", () => {
  assert.equal(stopOn(STOPS, "2020-12-06"), -1);
  assert.equal(stopOn(STOPS, "2020-12-07"), 0);
  assert.equal(stopOn(STOPS, "2024-02-29"), 0);
  assert.equal(stopOn(STOPS, "2024-03-01"), 1);
  assert.equal(stopOn(STOPS, "2030-01-01"), 2);
});

test("changes are pointed out on a chosen day, never for the stop that drew everything", () => {
  assert.equal(pointedOut(STOPS, null), null);
  assert.equal(pointedOut(STOPS, "2019-01-01"), null);
  assert.equal(pointedOut(STOPS, "2021-05-01"), null);
  assert.equal(pointedOut(STOPS, "2025-05-01"), STOPS[1]);
});

test("how much changed is said from the top down", () => {
  assert.equal(levelWords({ grid: 6, community: 1 }), "村(社区) 1 个、二级网格 6 个");
  assert.equal(levelWords({}), "");
});
