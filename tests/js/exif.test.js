import assert from "node:assert/strict";
import test from "node:test";

import { photoPlace } from "../../cases/static/cases/js/report/exif.js";

const ASCII = 2;
const LONG = 4;
const RATIONAL = 5;

/** A JPEG's first bytes with an Exif block holding these GPS tags and, perhaps, a time. */
function jpegWith({ little, gps, taken = "2026:11:20 09:12:33", before = [] }) {
  const tiff = new Uint8Array(600);
  const view = new DataView(tiff.buffer);
  let free = 300;
  const at = { first: 8, exif: 100, gps: 150 };

  function entry(start, index, tag, type, values) {
    const from = start + 2 + index * 12;
    const size = { [ASCII]: 1, [LONG]: 4, [RATIONAL]: 8 }[type] * values.length;
    view.setUint16(from, tag, little);
    view.setUint16(from + 2, type, little);
    view.setUint32(from + 4, values.length, little);
    let place = from + 8;
    if (size > 4) {
      view.setUint32(place, free, little);
      place = free;
      free += size;
    }
    values.forEach((value, i) => {
      if (type === ASCII) tiff[place + i] = value;
      if (type === LONG) view.setUint32(place + 4 * i, value, little);
      if (type === RATIONAL) {
        view.setUint32(place + 8 * i, value[0], little);
        view.setUint32(place + 8 * i + 4, value[1], little);
      }
    });
  }
  const letters = (text) => [...`${text}\0`].map((it) => it.charCodeAt(0));

  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, at.first, little);
  view.setUint16(at.first, gps ? 3 : 2, little);
  entry(at.first, 0, 0x010f, ASCII, letters("A maker with a name far longer than anything the reader has to look at"));
  entry(at.first, 1, 0x8769, LONG, [at.exif]);
  view.setUint16(at.exif, 1, little);
  entry(at.exif, 0, 0x9003, ASCII, letters(taken));
  if (gps) {
    entry(at.first, 2, 0x8825, LONG, [at.gps]);
    view.setUint16(at.gps, 4, little);
    entry(at.gps, 0, 1, ASCII, letters(gps.latRef));
    entry(at.gps, 1, 2, RATIONAL, gps.lat);
    entry(at.gps, 2, 3, ASCII, letters(gps.lonRef));
    entry(at.gps, 3, 4, RATIONAL, gps.lon);
  }
  const length = tiff.length + 8;
  return new Uint8Array([0xff, 0xd8, ...before, 0xff, 0xe1, length >> 8, length & 255, ...letters("Exif"), 0, ...tiff, 0xff, 0xda, 0, 2]).buffer;
}

// 25° 51' 7.6608" N, 114° 55' 1.0704" E: a doorstep in the demonstration district.
const HERE = { latRef: "N", lat: [[25, 1], [51, 1], [76608, 10000]], lonRef: "E", lon: [[114, 1], [55, 1], [10704, 10000]] };
const JFIF = [0xff, 0xe0, 0, 16, ...Array(14).fill(0)];

for (const little of [true, false]) {
  test(`the place and time are read, ${little ? "little" : "big"}-endian`, () => {
    const found = photoPlace(jpegWith({ little, gps: HERE, before: JFIF }));
    assert.ok(Math.abs(found.lat - 25.852128) < 1e-9, String(found.lat));
    assert.ok(Math.abs(found.lon - 114.916964) < 1e-9, String(found.lon));
    assert.equal(found.takenAt, "2026-11-20 09:12");
  });
}

test("south and west are negative", () => {
  const found = photoPlace(jpegWith({ little: true, gps: { ...HERE, latRef: "S", lonRef: "W" } }));
  assert.ok(found.lat < 0 && found.lon < 0);
});

test("a photo without a time still has a place", () => {
  assert.equal(photoPlace(jpegWith({ little: true, gps: HERE, taken: "no time" })).takenAt, null);
});

test("no place: none written, zero and zero, beyond the earth, or divided by nothing", () => {
  const zero = [[0, 1], [0, 1], [0, 1]];
  assert.equal(photoPlace(jpegWith({ little: true, gps: null })), null);
  assert.equal(photoPlace(jpegWith({ little: true, gps: { ...HERE, lat: zero, lon: zero } })), null);
  assert.equal(photoPlace(jpegWith({ little: true, gps: { ...HERE, lat: [[91, 1], [0, 1], [0, 1]] } })), null);
  assert.equal(photoPlace(jpegWith({ little: true, gps: { ...HERE, lon: [[114, 0], [0, 1], [0, 1]] } })), null);
});

test("a file that is no JPEG, or none at all, has no place", () => {
  assert.equal(photoPlace(new ArrayBuffer(0)), null);
  assert.equal(photoPlace(new TextEncoder().encode("\x89PNG\r\n\x1a\n and more than ten bytes").buffer), null);
});

test("a file cut anywhere answers with a place or with nothing, and never fails", () => {
  const whole = jpegWith({ little: false, gps: HERE, before: JFIF });
  for (let length = 0; length < whole.byteLength; length += 1) {
    const found = photoPlace(whole.slice(0, length));
    assert.ok(found === null || Math.abs(found.lat - 25.852128) < 1e-9, `cut at ${length}`);
  }
});

test("any byte turned over never fails or hangs", () => {
  const whole = new Uint8Array(jpegWith({ little: true, gps: HERE }));
  for (let at = 2; at < whole.length; at += 1) {
    const damaged = whole.slice();
    damaged[at] ^= 0xff;
    const found = photoPlace(damaged.buffer);
    assert.ok(found === null || (Math.abs(found.lat) <= 90 && Math.abs(found.lon) <= 180), `byte ${at}`);
  }
});
