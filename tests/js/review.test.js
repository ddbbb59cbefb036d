import assert from "node:assert/strict";
import test from "node:test";

import { NO_FILTERS } from "../../cases/static/cases/js/map/filters.js";
import { CLASSES, funnelOption, stepsOption, trendOption } from "../../cases/static/cases/js/review/charts.js";
import { linksFrom } from "../../cases/static/cases/js/review/links.js";
import { lastDay, periods } from "../../cases/static/cases/js/review/periods.js";

const PAGE = { map: "/", done: ["closed", "evaluated"], open: ["reported"] };
const LOOK = { animation: false, narrow: false };
const rate = (numerator, denominator) => ({ numerator, denominator, percent: denominator ? (100 * numerator) / denominator : null });

test("quick choices are whole months, over a year's end too", () => {
  const chosen = Object.fromEntries(periods("2026-01-31").map((it) => [it.id, [it.since, it.until]]));
  assert.deepEqual(chosen, {
    all: ["", ""],
    month: ["2026-01-01", ""],
    "last-month": ["2025-12-01", "2025-12-31"],
    3: ["2025-11-01", ""],
    12: ["2025-02-01", ""],
    year: ["2026-01-01", ""],
  });
  assert.equal(lastDay("2024-02"), "2024-02-29");
});

test("a number leads to the cases it counts, within the filters of the page", () => {
  const links = linksFrom(PAGE, { ...NO_FILTERS, area: "360702001", since: "2026-03-10", until: "2026-05-20" });
  const query = (address) => Object.fromEntries(new URL(address, "http://site").searchParams);
  const whole = { layer: "cases", area: "360702001", since: "2026-03-10", until: "2026-05-20" };
  assert.deepEqual(query(links.collected()), whole);
  assert.deepEqual(query(links.done()), { ...whole, state: "closed,evaluated" });
  assert.deepEqual(query(links.overdue("360702001003")), { ...whole, area: "360702001003", overdue: "true" });
  // A month at the edge of the period is no longer than the period, a community around a grid no wider.
  assert.deepEqual(query(links.month("2026-03")), { ...whole, since: "2026-03-10", until: "2026-03-31" });
  assert.deepEqual(query(links.month("2026-05")), { ...whole, since: "2026-05-01", until: "2026-05-20" });
  const inGrid = linksFrom(PAGE, { ...NO_FILTERS, area: "360702001003002" });
  assert.equal(query(inGrid.area("360702001003")).area, "360702001003002");
  assert.equal(query(inGrid.whole("360702001003")).area, "360702001003");
  assert.deepEqual(query(links.asked("D01", "waiting")), { ...whole, department: "D01", arrival: "waiting" });
  assert.deepEqual(query(links.arrivals("D01")), { ...whole, layer: "coverage", department: "D01" });
  assert.equal(linksFrom(PAGE, NO_FILTERS).done(), "/?layer=cases&state=closed,evaluated");
});

test("a month that is cut is pale and has no rates", () => {
  const month = (name, whole) => ({ month: name, whole, collected: 4, done: 2, in_time: 1, on_time_rate: rate(1, 2), patrol_rate: rate(1, 4) });
  const { series } = trendOption([month("2026-05", true), month("2026-06", false)], LOOK);
  assert.deepEqual(series[0].data.map((it) => [it.value, it.itemStyle.opacity]), [[4, 1], [4, 0.4]]);
  assert.deepEqual(series[2].data, [50, null]);
});

test("every community is a point of its class, and the limits reach over the largest", () => {
  const row = (code, k, n, kind) => ({ code, name: `<b>${code}`, town: "", whistle_rate: rate(k, n), class: kind });
  const funnel = {
    whistle_rate: rate(10, 100),
    rows: [row("1", 2, 2, "too_few"), row("2", 8, 50, "inside"), row("3", 20, 40, "above_99.8")],
    curve: [1, 60].map((n) => ({ n, lower_95: 0, upper_95: 20, "lower_99.8": 0, "upper_99.8": 30 })),
  };
  const option = funnelOption(funnel, LOOK);
  const points = option.series.filter((it) => it.type === "scatter").flatMap((it) => it.data.map((point) => [it.name, point.code, ...point.value]));
  assert.deepEqual(points, [
    [CLASSES["above_99.8"].words, "3", 40, 50],
    [CLASSES.inside.words, "2", 50, 16],
    [CLASSES.too_few.words, "1", 2, 60], // 100 %: at the upper edge
  ]);
  assert.equal(option.yAxis.max, 60);
  assert.equal(option.xAxis.max, 60);
  // What people named is written, never markup.
  assert.equal(option.tooltip.renderMode, "richText");
  assert.ok(funnelOption({ ...funnel, whistle_rate: rate(0, 0), rows: [], curve: [] }, LOOK).series.length > 0);
});

test("a step nobody was in has no bar", () => {
  const { series } = stepsOption([{ step: 1, name: "问题收集", n: 0, median_hours: null, p90_hours: null }], LOOK);
  assert.deepEqual(series.map((it) => it.data), [[null], [null]]);
});
