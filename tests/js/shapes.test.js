import assert from "node:assert/strict";
import test from "node:test";

import {
  boxOf,
  labelPlace,
  levelOf,
  levelsAt,
  middleOf,
  outerRings,
  shortName,
  withoutClutter,
} from "../../gridmap/static/gridmap/js/shapes.js";

test("the length of a code tells the level", () => {
  assert.equal(levelOf("360702"), "district");
  assert.equal(levelOf("360702101"), "town");
  assert.equal(levelOf("360702101001"), "community");
  assert.equal(levelOf("360702101001001"), "grid");
  assert.equal(levelOf("36"), null);
});

test("finer levels come with the zoom and stay", () => {
  assert.deepEqual(levelsAt(11), ["town"]);
  assert.deepEqual(levelsAt(12.9), ["town"]);
  assert.deepEqual(levelsAt(13), ["town", "community"]);
  assert.deepEqual(levelsAt(14.5), ["town", "community", "grid"]);
});

test("a name loses its parent's but never becomes empty", () => {
  assert.equal(shortName("解放街道示范01社区第1网格", "解放街道示范01社区"), "第1网格");
  assert.equal(shortName("解放街道", "解放街道"), "解放街道");
  assert.equal(shortName("沙石镇", "章贡区"), "沙石镇");
  assert.equal(shortName("沙石镇"), "沙石镇");
});

test("a name is written inside the area even where the centre lies outside", () => {
  // A horseshoe, open to the south: the middle of its box is the gap.
  const horseshoe = [[0, 0], [0, 10], [10, 10], [10, 0], [7, 0], [7, 9], [3, 9], [3, 0], [0, 0]];
  const place = labelPlace({ type: "Polygon", coordinates: [horseshoe] });
  assert.equal(place.lat, 5);
  assert.ok((place.lon > 0 && place.lon < 3) || (place.lon > 7 && place.lon < 10), `lon ${place.lon}`);
});

test("the name goes to the largest part", () => {
  const small = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
  const large = [[10, 0], [14, 0], [14, 4], [10, 4], [10, 0]];
  const geometry = { type: "MultiPolygon", coordinates: [[small], [large]] };
  assert.equal(outerRings(geometry).length, 2);
  assert.deepEqual(labelPlace(geometry), { lon: 12, lat: 2, box: boxOf(large) });
});

test("nothing to write in gives no place", () => {
  assert.equal(labelPlace({ type: "Point", coordinates: [1, 2] }), null);
});

test("labels that would cover an earlier one or have no room are left out", () => {
  const label = (x, room = 100) => ({ x, y: 0, width: 60, height: 16, room });
  const [first, covered, beside, cramped] = [label(0), label(30), label(80), label(300, 20)];
  assert.deepEqual(withoutClutter([first, covered, beside, cramped]), [first, beside]);
});

test("a river's name stands on its longest part", () => {
  const short = [[0, 0], [1, 1]];
  const long = [[5, 5], [6, 6], [7, 7]];
  assert.deepEqual(middleOf({ type: "MultiLineString", coordinates: [short, long] }), { lon: 6, lat: 6 });
  assert.deepEqual(middleOf({ type: "LineString", coordinates: long }), { lon: 6, lat: 6 });
  assert.equal(middleOf({ type: "MultiLineString", coordinates: [] }), null);
});
