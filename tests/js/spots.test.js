import assert from "node:assert/strict";
import test from "node:test";

import { hottest, spotLook, whyTooFew } from "../../cases/static/cases/js/map/spots.js";
import { PATROL_ONLY, SPOTS } from "../../cases/static/cases/js/map/scales.js";

const spot = (code, kind, more = {}) => ({ code, class: kind, q: 0.01, observed: 3, patrol_only: false, persistence: "", ...more });

test("the hottest come first, what is fading and what only patrols raise last", () => {
  const spots = [
    spot("a", "none", { patrol_only: true }),
    spot("b", "hot_90"),
    spot("c", "hot_99", { q: 0.004 }),
    spot("d", "none", { persistence: "fading" }),
    spot("e", "hot_99", { q: 0.002 }),
    spot("f", "cold_99"),
    spot("g", "none"),
    spot("h", "hot_99", { q: 0.004, observed: 9 }),
  ];
  assert.deepEqual(hottest(spots).map((it) => it.code), ["e", "h", "c", "b", "d", "a"]);
});

test("an area that only patrols raise is drawn as none, with an outline of its own", () => {
  assert.equal(spotLook(spot("a", "none", { patrol_only: true }), { classes: {} }), PATROL_ONLY);
  assert.equal(spotLook(spot("a", "hot_95"), { classes: {} }), SPOTS.hot_95);
});

test("an area nothing is said of is not significant, or hatched where nothing is tested", () => {
  assert.equal(spotLook(undefined, { classes: { too_few: 0 } }), SPOTS.none);
  assert.equal(spotLook(undefined, { classes: { too_few: 727 } }), SPOTS.too_few);
});

test("too few says why, in the server's words where it has some", () => {
  assert.equal(whyTooFew({ n: 9, too_few: "只有 9 件" }, "二级网格"), "样本不足：只有 9 件");
  assert.equal(whyTooFew({ n: 9, too_few: "样本不足：9 件" }, "二级网格"), "样本不足：9 件");
  assert.match(whyTooFew({ n: 9, method: { floor: { cases: 400, days: 89 } } }, "二级网格"), /9 件.*二级网格.*400 件、89 天/);
});
