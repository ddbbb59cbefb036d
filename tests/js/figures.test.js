import assert from "node:assert/strict";
import test from "node:test";

import { byUrgency, clusterSummary, clusterWords, isOverdue, momentWords, rateWords, timeLeft } from "../../cases/static/cases/js/figures.js";

const NOW = Date.parse("2026-11-22T12:00:00+08:00");
const open = (due_at, reported_at = "2026-11-01T08:00:00+08:00") => ({ state: "handling", open: true, due_at, reported_at });
const ended = (due_at, reported_at) => ({ state: "closed", open: false, due_at, reported_at });

test("a rate shows what it is made of, and none of nothing", () => {
  assert.equal(rateWords({ numerator: 4640, denominator: 4649, percent: 99.8 }), "99.8 %(4640/4649)");
  assert.equal(rateWords({ numerator: 5, denominator: 5, percent: 100 }), "100.0 %(5/5)");
  assert.equal(rateWords({ numerator: 0, denominator: 0, percent: null }), "—");
});

test("only open cases are overdue, and not before the limit has passed", () => {
  assert.equal(isOverdue(open("2026-11-22T12:00:00+08:00"), NOW), false);
  assert.equal(isOverdue(open("2026-11-22T11:59:59+08:00"), NOW), true);
  assert.equal(isOverdue(ended("2020-01-01T00:00:00+08:00"), NOW), false);
});

test("a cluster counts all, open and overdue", () => {
  const items = [open("2026-11-21T12:00:00+08:00"), open("2026-12-01T12:00:00+08:00"), ended("2020-01-01T00:00:00+08:00")];
  assert.deepEqual(clusterSummary(items, NOW), { count: 3, open: 2, overdue: 1 });
  assert.equal(clusterWords({ count: 3, open: 2, overdue: 1 }), "3 件，未结 2，超期 1");
  assert.equal(clusterWords({ count: 7, open: 0, overdue: 0 }), "7 件");
});

test("time left never says more than there is", () => {
  assert.equal(timeLeft("2026-11-22T12:59:59+08:00", NOW), "还剩 59 分钟");
  assert.equal(timeLeft("2026-11-23T11:59:00+08:00", NOW), "还剩 23 小时");
  assert.equal(timeLeft("2026-11-25T11:00:00+08:00", NOW), "还剩 2 天");
  assert.equal(timeLeft("2026-11-22T12:00:00+08:00", NOW), "还剩 0 分钟");
  assert.equal(timeLeft("2026-11-22T11:59:30+08:00", NOW), "已超期 1 分钟");
  assert.equal(timeLeft("2026-11-19T11:00:00+08:00", NOW), "已超期 4 天");
});

test("what presses most comes first", () => {
  const late = open("2026-11-20T00:00:00+08:00");
  const soon = open("2026-11-23T00:00:00+08:00");
  const fresh = ended("2026-11-01T00:00:00+08:00", "2026-10-01T00:00:00+08:00");
  const old = ended("2026-11-01T00:00:00+08:00", "2025-10-01T00:00:00+08:00");
  assert.deepEqual([old, soon, fresh, late].sort(byUrgency), [late, soon, fresh, old]);
});

test("a moment is written as it was given", () => {
  assert.equal(momentWords("2026-11-22T20:35:47+08:00"), "2026-11-22 20:35");
});
