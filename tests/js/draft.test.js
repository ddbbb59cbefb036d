import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import test from "node:test";

import { Draft, storageOrMemory } from "../../cases/static/cases/js/report/draft.js";
import { newId } from "../../cases/static/cases/js/report/identity.js";

// Browsers have it everywhere, Node.js since version 19.
globalThis.crypto ??= webcrypto;

const HOUR = 3600 * 1000;
const UUID4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function storage() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
    kept,
  };
}

test("an id is a random UUID, on an encrypted page and on a plain one", () => {
  const plain = { getRandomValues: (bytes) => globalThis.crypto.getRandomValues(bytes) };
  assert.match(newId(), UUID4);
  const ids = new Set(Array.from({ length: 200 }, () => newId(plain)));
  assert.equal(ids.size, 200);
  ids.forEach((id) => assert.match(id, UUID4));
});

test("what was entered is there again after a reload, under the same id", () => {
  const browser = storage();
  const before = new Draft(browser);
  before.set({ text: "路灯不亮", place: { lon: 114.9, lat: 25.8, accuracy: 20, from: "device" } });
  const after = new Draft(browser);
  assert.equal(after.clientId, before.clientId);
  assert.deepEqual(after.content, before.content);
  assert.notEqual(after.restoredFrom, null);
});

test("a new page has nothing to restore", () => {
  assert.equal(new Draft(storage()).restoredFrom, null);
});

test("trying again keeps the id, changing what was tried takes a new one", () => {
  const draft = new Draft(storage());
  draft.set({ text: "路灯不亮" });
  const first = draft.clientId;
  draft.set({ text: "路灯不亮了" });
  assert.equal(draft.clientId, first, "nothing was sent yet");
  draft.markTried(true);
  assert.equal(draft.clientId, first);
  draft.set({ text: "两盏路灯不亮" });
  assert.notEqual(draft.clientId, first);
  assert.equal(draft.tried, false);
});

test("that it was tried survives a reload", () => {
  const browser = storage();
  const before = new Draft(browser);
  before.set({ text: "路灯不亮" });
  before.markTried(true);
  const after = new Draft(browser);
  after.set({ text: "路灯还是不亮" });
  assert.notEqual(after.clientId, before.clientId);
});

test("a draft left for days is not shown to the next person", () => {
  const browser = storage();
  let now = 0;
  new Draft(browser, () => now).set({ phone: "13800000000" });
  now = 80 * HOUR;
  const later = new Draft(browser, () => now);
  assert.equal(later.content.phone, "");
  assert.equal(later.restoredFrom, null);
});

test("what another version of the page left is passed over", () => {
  for (const text of ["", "{", "null", '"text"', '{"clientId": 3}', '{"clientId":"a","savedAt":"x","content":{}}']) {
    const browser = storage();
    browser.setItem("gridmap.report.draft", text);
    assert.equal(new Draft(browser).restoredFrom, null, text);
  }
});

test("sent means forgotten, with a new id for the next one", () => {
  const browser = storage();
  const draft = new Draft(browser);
  draft.set({ text: "路灯不亮" });
  const sent = draft.clientId;
  draft.clear();
  assert.equal(draft.content.text, "");
  assert.notEqual(draft.clientId, sent);
  assert.equal(browser.kept.size, 0);
});

test("listeners hear what changed", () => {
  const heard = [];
  const draft = new Draft(storage());
  draft.onChange((content, changed) => heard.push([content.text, Object.keys(changed)]));
  draft.set({ text: "一" });
  assert.deepEqual(heard, [["一", ["text"]]]);
});

test("a browser that keeps nothing is told, and the page still works", () => {
  let told = 0;
  const refusing = storageOrMemory(
    () => {
      throw new Error("SecurityError");
    },
    () => (told += 1),
  );
  new Draft(refusing).set({ text: "路灯不亮" });
  assert.equal(told, 1);
  assert.equal(new Draft(refusing).content.text, "路灯不亮");
});

test("storage that fills up is told once", () => {
  let told = 0;
  const full = { ...storage(), setItem: () => { throw new Error("QuotaExceededError"); } };
  const draft = new Draft(storageOrMemory(() => full, () => (told += 1)));
  draft.set({ text: "一" });
  draft.set({ text: "二" });
  assert.equal(told, 1);
  assert.equal(draft.content.text, "二");
});
