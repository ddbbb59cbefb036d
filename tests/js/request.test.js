import assert from "node:assert/strict";
import test from "node:test";

import { csrfToken, Problem, readAnswer, withQuery } from "../../gridmap/static/gridmap/js/request.js";

test("an answer is its JSON", () => {
  assert.deepEqual(readAnswer(201, '{"number": "1"}'), { number: "1" });
});

test("a problem carries the site's sentence, status, code and parameter", () => {
  const body = JSON.stringify({ detail: "请选择类别", code: "bad-parameter", parameter: "category" });
  assert.throws(() => readAnswer(400, body), (problem) => {
    assert.ok(problem instanceof Problem);
    assert.deepEqual(
      [problem.message, problem.status, problem.code, problem.parameter],
      ["请选择类别", 400, "bad-parameter", "category"],
    );
    return !problem.outcomeUnknown;
  });
});

test("a proxy's page instead of an answer is a problem too, even with status 200", () => {
  for (const status of [200, 502]) {
    assert.throws(() => readAnswer(status, "<html>Bad gateway"), (problem) => problem.status === status && problem.message.includes(String(status)));
  }
});

test("whether it was done is unknown when the site was not heard, or failed halfway", () => {
  assert.deepEqual([0, 400, 409, 422, 500, 503].map((status) => new Problem("", { status }).outcomeUnknown), [true, false, false, false, true, true]);
});

test("queries leave out what is empty, keep zero, and join what is there", () => {
  assert.equal(withQuery("/a", { lon: 0, accuracy: null, q: "村 口&" }), "/a?lon=0&q=%E6%9D%91+%E5%8F%A3%26");
  assert.equal(withQuery("/a?on=1", { b: 2 }), "/a?on=1&b=2");
  assert.equal(withQuery("/a", {}), "/a");
});

test("the token is found among the cookies", () => {
  assert.equal(csrfToken("a=1; csrftoken=x%2By; b=2"), "x+y");
  assert.equal(csrfToken("xcsrftoken=1"), "");
});
