import assert from "node:assert/strict";
import test from "node:test";

import { dayAfter, daysLater, isDay, monthsBefore, periodBefore, periodWords, quickPeriods, readPeriod } from "../../cases/static/cases/js/map/periods.js";

test("days are counted by the calendar", () => {
  assert.equal(dayAfter("2024-02-28"), "2024-02-29");
  assert.equal(dayAfter("2026-12-31"), "2027-01-01");
  assert.equal(daysLater("2026-03-01", -1), "2026-02-28");
});

test("what is no day is none", () => {
  assert.deepEqual(["2026-02-28", "2026-02-30", "2026-13-01", "2026-2-1", "", null, undefined].map(isDay), [true, false, false, false, false, false, false]);
});

test("months back end on the last day where the month has no such day", () => {
  assert.equal(monthsBefore("2026-06-30", 3), "2026-03-30");
  assert.equal(monthsBefore("2026-05-31", 3), "2026-02-28");
  assert.equal(monthsBefore("2024-02-29", 12), "2023-02-28");
  assert.equal(monthsBefore("2026-01-15", 3), "2025-10-15");
});

test("the quick periods last until now and hold no day twice", () => {
  assert.deepEqual(quickPeriods("2026-06-30"), [
    { name: "近三个月", since: "2026-03-31" },
    { name: "近一年", since: "2025-07-01" },
    { name: "今年", since: "2026-01-01" },
    { name: "全部", since: "" },
  ]);
});

test("the period before is as long and ends the day before", () => {
  assert.deepEqual(periodBefore({ since: "2026-01-01", until: "2026-03-31" }, "2026-06-30"), { since: "2025-10-03", until: "2025-12-31" });
  assert.deepEqual(periodBefore({ since: "2026-06-30", until: "" }, "2026-06-30"), { since: "2026-06-29", until: "2026-06-29" });
  assert.equal(periodBefore({ since: "", until: "2026-03-31" }, "2026-06-30"), null);
  assert.equal(periodBefore({ since: "2026-07-01", until: "" }, "2026-06-30"), null);
});

test("a period is read from an address or refused", () => {
  assert.deepEqual(readPeriod("2025-01-01..2025-03-31"), { since: "2025-01-01", until: "2025-03-31" });
  for (const nonsense of [null, "", "2025-01-01", "2025-01-01..", "2025-03-31..2025-01-01", "2025-01-01..2025-03-31..x"]) {
    assert.equal(readPeriod(nonsense), null);
  }
});

test("a period in words", () => {
  assert.equal(periodWords({ since: "", until: "" }), "全部时段");
  assert.equal(periodWords({ since: "2026-01-01", until: "" }), "2026-01-01 至 今天");
  assert.equal(periodWords({ since: "", until: "2026-01-31" }), "截至 2026-01-31");
});
