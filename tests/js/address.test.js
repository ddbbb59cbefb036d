import assert from "node:assert/strict";
import test from "node:test";

import { changed, placeWords, readPlace, readView, viewWords } from "../../gridmap/static/gridmap/js/address.js";

test("a view survives the way through an address", () => {
  const view = { lat: 25.85123, lon: 114.93456, zoom: 14.5 };
  assert.deepEqual(readView(new URLSearchParams(changed("", viewWords(view)))), view);
});

test("a link without a view, or with nonsense for one, stands nowhere", () => {
  for (const query of ["", "lon=114", "lon=a&lat=25&zoom=12", "lon=114&lat=95&zoom=12", "lon=114&lat=25&zoom=", "lon=1&lat=1&zoom=99"]) {
    assert.equal(readView(new URLSearchParams(query)), null, query);
  }
});

test("a place survives the way through an address and leaves it again", () => {
  const place = { lat: 25.851234, lon: 114.934567 };
  const query = changed("?state=open", placeWords(place));
  assert.deepEqual(readPlace(new URLSearchParams(query)), place);
  assert.equal(changed(query, placeWords(null)), "?state=open");
  for (const bad of ["", "place=1", "place=1,2,3", "place=x,y", "place=,"]) {
    assert.equal(readPlace(new URLSearchParams(bad)), null, bad);
  }
});

test("changing some values keeps the others and drops what is nothing", () => {
  assert.equal(changed("?a=1&b=2", { b: null, c: "x,y" }), "?a=1&c=x,y");
  assert.equal(changed("?a=1", { a: "" }), "");
});
