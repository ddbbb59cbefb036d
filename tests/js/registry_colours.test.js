import assert from "node:assert/strict";
import test from "node:test";

import { CHANGE_COLOURS, legendOf, styleOf } from "../../gridmap/static/gridmap/js/registry_colours.js";

const NAMES = { new: "新设", gone: "撤销", split: "拆分", merge: "合并", moved: "界线变动" };
const changed = (change, { level = "grid", gone = false } = {}) => ({ properties: { code: "1", change, level, gone } });

test("only grids are tinted, so that what changed inside a larger area can be seen", () => {
  assert.equal(styleOf({ change: "moved", level: "grid" }).fill, true);
  for (const level of ["community", "town", "district"]) {
    assert.equal(styleOf({ change: "moved", level }).fill, false);
  }
});

test("what is gone is dashed, what only goes by another name is dotted, the rest is solid", () => {
  const dashes = (change, gone) => styleOf({ change, level: "grid", gone }).dashArray;
  assert.deepEqual([dashes("gone", true), dashes("merge", true), dashes("renamed", false), dashes("merge", false)], ["9 6", "9 6", "1 6", null]);
  const rows = legendOf([changed("merge"), changed("merge", { gone: true }), changed("gone", { gone: true })], [], NAMES);
  assert.deepEqual(rows.map((it) => [it.words, it.line]), [["撤销 1", "dashed"], ["合并 1", "solid"], ["合并，撤销 1", "dashed"]]);
});

test("the legend names what there is, with numbers, in a fixed order", () => {
  const rows = legendOf(
    [changed("moved"), changed("split"), changed("moved"), changed("new")],
    [{ properties: { severity: "warning" } }, { properties: { severity: "error" } }],
    NAMES,
  );
  assert.deepEqual(rows.map((it) => it.words), ["新设 1", "拆分 1", "界线变动 2", "错误 1", "提醒 1"]);
  assert.equal(rows[1].colour, CHANGE_COLOURS.split);
  assert.deepEqual(rows.map((it) => it.shape), ["area", "area", "area", "point", "point"]);
  assert.deepEqual(legendOf([], [], NAMES), []);
});

test("a change nobody has named yet is drawn and listed all the same", () => {
  assert.equal(styleOf({ change: "turned", level: "grid" }).color, "#52616a");
  assert.equal(legendOf([changed("turned")], [], NAMES)[0].words, "turned 1");
});
