import assert from "node:assert/strict";
import test from "node:test";

import { distanceBetween, limitInWords, locationRefused, metres, missing, moment, promise, told } from "../../cases/static/cases/js/report/answer.js";

const GRID = { code: "360702003200001", name: "南外街道示范01村第1网格", level: "grid" };
const NEXT = { code: "360702003200002", name: "南外街道示范01村第2网格" };

function located(changes = {}) {
  return {
    method: "within",
    distance_m: 76.65,
    uncertain: false,
    area: { ...GRID, path: [{ code: "360702", name: "章贡区" }, { code: "360702003", name: "南外街道" }, GRID] },
    candidates: [{ code: GRID.code, name: GRID.name }],
    people: [{ name: "韩示范", role: "grid_worker", role_name: "网格员", phone: "10000000326", area: GRID.code }],
    party: [],
    centre: "南外街道网格化服务管理中心",
    ...changes,
  };
}

test("a plain answer names the grid, the way to it and the people, and has nothing unsure", () => {
  const said = told(located(), { category: { limit: "4工作时", due: "2026-11-23T18:00:00+08:00" } });
  assert.equal(said.name, GRID.name);
  assert.equal(said.path, "章贡区 › 南外街道");
  assert.deepEqual(said.people, [{ name: "韩示范", role: "网格员", phone: "10000000326" }]);
  assert.equal(said.promise, "预计 11月23日\uff08周一\uff0918:00 前办理\uff084 个工作时内\uff09");
  assert.deepEqual(said.notes, []);
});

test("without a category nothing is said about time", () => {
  assert.equal(told(located()).promise, "");
  assert.equal(promise({}), "");
});

test("on a shared line the neighbours are named, the grid itself is not", () => {
  const [note] = told(located({ method: "edge", candidates: [GRID, NEXT] })).notes;
  assert.match(note, /交界线/);
  assert.ok(note.includes("示范01村第2网格"));
  assert.equal(note.split(GRID.name).length, 2, "once, as the one who takes it");
});

test("close to a grid but in none says how far", () => {
  assert.match(told(located({ method: "nearest", distance_m: 34.2 })).notes[0], /35 米/);
});

test("ground without a grid goes to the centre", () => {
  assert.ok(told(located({ method: "unrouted", people: [] })).notes[0].includes("南外街道网格化服务管理中心"));
});

test("a fix less exact than the line is near says so and names the other grids", () => {
  const [note] = told(located({ uncertain: true, candidates: [GRID, NEXT] }), { accuracy: 120 }).notes;
  assert.ok(note.includes("120 米"));
  assert.ok(note.includes("示范01村第2网格"));
  assert.ok(!note.includes(NEXT.name), "the town goes without saying");
});

test("many other grids are counted, and those of another town keep its name", () => {
  const many = [2, 3, 4, 5].map((i) => ({ code: `36070200400100${i}`, name: `东外街道示范第${i}网格` }));
  const [note] = told(located({ uncertain: true, candidates: [GRID, ...many] })).notes;
  assert.match(note, /东外街道示范第2网格、东外街道示范第3网格、东外街道示范第4网格等 4 个网格/);
});

test("distances are rounded to what people can use", () => {
  const said = [[0.2, "1 米"], [8.4, "8 米"], [33, "35 米"], [347, "350 米"], [1234, "1.2 公里"]];
  said.forEach(([distance, words]) => assert.equal(metres(distance), words));
});

test("a degree of latitude is 111 kilometres, one of longitude here a tenth less", () => {
  const here = { lon: 114.9, lat: 25.85 };
  assert.ok(Math.abs(distanceBetween(here, { lon: 114.9, lat: 26.85 }) - 111_195) < 10);
  assert.ok(Math.abs(distanceBetween(here, { lon: 115.9, lat: 25.85 }) - 100_065) < 50);
  assert.equal(distanceBetween(here, here), 0);
});

test("moments are told in the district's zone, midnight as 00:00", () => {
  assert.equal(moment("2026-11-23T10:00:00+00:00"), "11月23日\uff08周一\uff0918:00");
  assert.equal(moment("2026-11-22T16:00:00Z"), "11月23日\uff08周一\uff0900:00");
});

test("limits get their measure word", () => {
  assert.equal(limitInWords("24紧急工作时"), "24 个紧急工作时");
});

test("every way of not being located has its own sentence and a way on", () => {
  const said = [[0, false], [0, true], [1, true], [2, true], [3, true]].map(([code, secure]) => locationRefused(code, secure));
  assert.equal(new Set(said).size, said.length);
  said.forEach((sentence) => assert.match(sentence, /按地址选/));
});

const WHOLE = { place: { lon: 1, lat: 2, accuracy: null, from: "hand" }, category: "0301", text: "坏了", address: "", name: "", phone: "", photos: [] };

test("a whole report lacks nothing; name and phone may be left out", () => {
  assert.deepEqual(missing(WHOLE, { outside: "" }), []);
});

test("what is missing is named in the page's order", () => {
  const fields = missing({ ...WHOLE, place: null, category: "", text: "  ", phone: "abc" }, { outside: "" }).map((it) => it.field);
  assert.deepEqual(fields, ["place", "category", "text", "phone"]);
});

test("a refused place stops the report with the site's own sentence", () => {
  assert.deepEqual(missing(WHOLE, { outside: "在辖区外" }), [{ field: "place", sentence: "在辖区外" }]);
});
