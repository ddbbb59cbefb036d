import assert from "node:assert/strict";
import test from "node:test";

import { follow } from "../../cases/static/cases/js/desk/follow.js";

const EVERY = 10;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const turns = (number) => pause(number * EVERY * 3);

/** Wait until so much is heard, however busy the machine is; if it never is, what is asserted next says so. */
async function until(heard, number) {
  for (let waited = 0; heard.length < number && waited < 1000; waited += 1) {
    await pause(EVERY);
  }
}

/** A server whose answers are taken from a list, the last again and again; null: nobody answers. */
function following(answers, page = { hidden: false, addEventListener: () => {} }) {
  const asked = [];
  const heard = [];
  const running = follow({
    address: "/desk/live",
    etag: "first",
    every: EVERY,
    page,
    ask: async (address, { headers }) => {
      asked.push(headers["If-None-Match"]);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === null) {
        throw new TypeError("Failed to fetch");
      }
      const [status, etag, text] = answer;
      return { status, headers: { get: () => etag }, text: async () => text };
    },
    onChange: (text) => heard.push(text),
    onContact: (how) => heard.push(how),
  });
  return { following: running, asked, heard };
}

/** The same for answers written as a status and a version. */
function followingStatuses(answers) {
  return following(
    answers.map((it) => {
      const [status, etag] = it.split(" ");
      return [Number(status), etag, "the list"];
    }),
  );
}

test("what has changed is told once, and asked about by its new version", async () => {
  const { following: running, asked, heard } = followingStatuses(["304", "200 second", "304"]);
  await until(heard, 4);
  running.stop();
  assert.deepEqual(asked.slice(0, 3), ["first", "first", "second"]);
  assert.deepEqual(heard.slice(0, 4), ["live", "the list", "live", "live"]);
});

test("a network that is away is told and asked again, as is a server that fails", async () => {
  const { following: running, heard } = following([null, [502, null, "<html>"], [304, "first", ""]]);
  await until(heard, 3);
  running.stop();
  assert.deepEqual(heard.slice(0, 3), ["away", "away", "live"]);
});

test("signed out is the last that is heard", async () => {
  const { asked, heard } = followingStatuses(["401"]);
  await turns(3);
  assert.deepEqual(heard, ["signed-out"]);
  assert.equal(asked.length, 1);
});

test("a hidden page asks nothing, and at once when it is shown", async () => {
  let shown;
  const page = { hidden: true, addEventListener: (_name, listener) => (shown = listener) };
  const { following: running, asked } = following([[304, "first", ""]], page);
  await turns(3);
  assert.equal(asked.length, 0);
  page.hidden = false;
  shown();
  assert.equal(asked.length, 1);
  running.stop();
});
