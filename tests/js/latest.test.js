import assert from "node:assert/strict";
import test from "node:test";

import { latest } from "../../cases/static/cases/js/report/latest.js";

const QUIET = 20;
const later = () => new Promise((resolve) => setTimeout(resolve, 4 * QUIET));

/** An asking whose answers come when the test says so. */
function asking() {
  const asked = [];
  const heard = [];
  const search = latest({
    ask: (argument, signal) => new Promise((resolve, reject) => asked.push({ argument, signal, resolve, reject })),
    onAnswer: (answer, argument) => heard.push([argument, answer]),
    onProblem: (problem, argument) => heard.push([argument, problem.message]),
    wait: QUIET,
  });
  return { search, asked, heard };
}

test("calls in quick succession become one, and not at once", async () => {
  const { search, asked } = asking();
  search.call("a");
  search.call("ab");
  assert.equal(asked.length, 0);
  await later();
  assert.deepEqual(asked.map((it) => it.argument), ["ab"]);
});

test("an answer that comes after a newer call is dropped, and its request ended", async () => {
  const { search, asked, heard } = asking();
  search.call("slow");
  await later();
  search.call("quick");
  assert.equal(asked[0].signal.aborted, true);
  await later();
  asked[1].resolve("new");
  asked[0].resolve("old");
  await later();
  assert.deepEqual(heard, [["quick", "new"]]);
});

test("a failure is told, but not one nobody waits for", async () => {
  const { search, asked, heard } = asking();
  search.call("one");
  await later();
  search.call("two");
  asked[0].reject(new Error("aborted"));
  await later();
  asked[1].reject(new Error("offline"));
  await later();
  assert.deepEqual(heard, [["two", "offline"]]);
});

test("after cancelling nothing is asked and nothing heard", async () => {
  const { search, asked, heard } = asking();
  search.call("one");
  await later();
  search.cancel();
  asked[0].resolve("late");
  search.call("two");
  search.cancel();
  await later();
  assert.equal(asked.length, 1);
  assert.deepEqual(heard, []);
});
