import assert from "node:assert/strict";
import test from "node:test";

import { NO_FILTERS, filterWords, inForce, readFilters, serverQuery } from "../../cases/static/cases/js/map/filters.js";

const KNOWN = {
  categories: new Set(["01", "0101"]),
  states: new Set(["reported", "handling", "closed"]),
  channels: new Set(["patrol", "web"]),
  departments: new Set(["D01"]),
  arrivals: new Set(["waiting"]),
};
const ALL = {
  category: "0101",
  states: ["reported", "handling"],
  since: "2026-01-01",
  until: "2026-02-28",
  overdue: true,
  channel: "patrol",
  department: "D01",
  arrival: "waiting",
  area: "360702001",
  level: "community",
};

function query(words) {
  return new URLSearchParams(Object.entries(words).filter(([, value]) => value !== null));
}

test("filters survive the way through a link", () => {
  assert.deepEqual(readFilters(query(filterWords(ALL)), KNOWN), ALL);
  assert.deepEqual(readFilters(query(filterWords(NO_FILTERS)), KNOWN), NO_FILTERS);
});

test("what no longer exists or never could is left out of a link", () => {
  const params = new URLSearchParams("category=99&state=reported,asleep&since=2026-02-30x&until=2026-13-01&overdue=maybe&area=1%27&channel=pigeon&department=D99&arrival=late&level=continent");
  assert.deepEqual(readFilters(params, KNOWN), { ...NO_FILTERS, states: ["reported"] });
});

test("the last day is asked for with its whole length", () => {
  assert.equal(serverQuery(ALL).until, "2026-03-01");
});

test("the server is asked for what is meant and nothing else", () => {
  assert.deepEqual(serverQuery(NO_FILTERS), {});
  assert.deepEqual(serverQuery({ ...NO_FILTERS, states: ["closed"], overdue: true }), { state: "closed", overdue: "true" });
  assert.deepEqual(serverQuery(ALL, ["until", "category", "level"]), { until: "2026-03-01", category: "0101", level: "community" });
});

test("each filter in force can be taken away by itself", () => {
  const names = { category: () => "暴露垃圾", state: (code) => code, area: () => "", channel: () => "网格巡查", department: () => "城管局", arrival: () => "未报到" };
  const chips = inForce(ALL, names);
  assert.deepEqual(chips.map((it) => it.words), [
    "360702001",
    "城管局",
    "未报到",
    "暴露垃圾",
    "网格巡查",
    "reported",
    "handling",
    "已超期",
    "2026-01-01 起",
    "到 2026-02-28",
  ]);
  assert.deepEqual(chips[5].without, { ...ALL, states: ["handling"] });
  const last = chips.reduce((filters, chip) => inForce(filters, names).find((it) => it.words === chip.words).without, ALL);
  assert.deepEqual(last, { ...NO_FILTERS, level: "community" });
  assert.deepEqual(inForce(NO_FILTERS, names), []);
});
