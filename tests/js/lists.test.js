import assert from "node:assert/strict";
import test from "node:test";

import { NO_FILTERS } from "../../cases/static/cases/js/map/filters.js";
import { daysOf, listWords, sameCases } from "../../cases/static/cases/js/map/lists.js";
import { countedBy, isLate, waitWords } from "../../cases/static/cases/js/map/whistles.js";
import { readLayer } from "../../gridmap/static/gridmap/js/layers.js";

test("a list takes away whatever else the address says, and moves to what it lists", () => {
  const words = listWords({ area: "360702001", since: "2026-01-01" });
  assert.equal(words.area, "360702001");
  assert.equal(words.since, "2026-01-01");
  for (const name of ["layer", "place", "case", "before", "lon", "lat", "zoom", "category", "state", "overdue", "channel", "department", "arrival", "level"]) {
    assert.equal(words[name], null, name);
  }
});

test("the day a window ends before is not one of its days", () => {
  assert.deepEqual(daysOf({ since: "2025-07-01", until: "2026-07-01" }), { since: "2025-07-01", until: "2026-06-30" });
  assert.deepEqual(daysOf({ since: "2025-07-01T00:00:00+08:00", until: "2026-07-01T00:00:00+08:00" }), { since: "2025-07-01", until: "2026-06-30" });
  assert.deepEqual(daysOf({ since: null, until: "2026-06-30T10:20:00+08:00" }), { since: "", until: "2026-06-30" });
  assert.deepEqual(daysOf({ since: null, until: null }), { since: "", until: "" });
});

test("what a layer did not look at narrows none of its lists", () => {
  const filters = { ...NO_FILTERS, since: "2026-01-01", category: "03", states: ["closed"], channel: "web", area: "360702001" };
  assert.deepEqual(sameCases(filters, ["since", "category"]), { since: "2026-01-01", category: "03" });
  assert.deepEqual(sameCases(filters, ["state", "channel", "area"]), { states: ["closed"], channel: "web" });
});

test("whistles in words", () => {
  assert.deepEqual(["ok", "short", "over", "far_over", "still"].map((late) => isLate({ late })), [false, false, true, true, false]);
  assert.equal(waitWords({ since: "2026-06-04T17:00:00+08:00", hops: 1 }), "2026-06-04 17:00 起 · 转手 1 次");
  assert.equal(waitWords({ since: null, hops: 0 }), "");
  assert.deepEqual([11, 12.5, 13.5, 15].map(countedBy), ["town", "community", "community", "grid"]);
});

test("a link to a layer there is none of shows the first", () => {
  const layers = [{ id: "cases" }, { id: "density" }];
  assert.equal(readLayer(new URLSearchParams("layer=density"), layers), "density");
  assert.equal(readLayer(new URLSearchParams("layer=volcanoes"), layers), "cases");
  assert.equal(readLayer(new URLSearchParams(""), layers), "cases");
  assert.equal(readLayer(new URLSearchParams(""), []), null);
});
