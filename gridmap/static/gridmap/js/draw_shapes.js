// What drawing needs to know of shapes: which grid a place is in, and which corner or line a hand means. No map.

/** @typedef {import("./shapes.js").Position} Position */
/** @typedef {{x: number, y: number}} Pixel */
/** @typedef {{type: string, coordinates: any}} Geometry GeoJSON, RFC 7946 */

/**
 * Every ring of a polygon or multipolygon, the first corner again at the end.
 * @param {Geometry} geometry
 * @returns {Position[][]}
 */
export function ringsOf(geometry) {
  if (geometry.type === "Polygon") {
    return geometry.coordinates;
  }
  return geometry.type === "MultiPolygon" ? geometry.coordinates.flat() : [];
}

/**
 * Whether a place lies in a shape; a hole is outside.
 * @param {Geometry} geometry
 * @param {Position} place
 * @returns {boolean}
 */
export function holds(geometry, [lon, lat]) {
  let odd = false;
  for (const ring of ringsOf(geometry)) {
    for (let i = 1; i < ring.length; i += 1) {
      const [x1, y1] = ring[i - 1];
      const [x2, y2] = ring[i];
      if (y1 <= lat !== y2 <= lat && lon < x1 + ((lat - y1) / (y2 - y1)) * (x2 - x1)) {
        odd = !odd;
      }
    }
  }
  return odd;
}

/**
 * @typedef {object} Snapped
 * @property {Position} place
 * @property {"corner" | "edge" | null} on  null: nothing was near, the place is where the hand was
 */

/**
 * The corner a hand means, else the line, else where it is.
 * @param {Position} place
 * @param {Geometry[]} shapes     whose corners and lines are looked at
 * @param {object} screen
 * @param {(place: Position) => Pixel} screen.toPixel
 * @param {number} screen.reach   pixels
 * @param {Position[]} [screen.also]  further corners, those of the line being drawn
 * @returns {Snapped}
 */
export function snap(place, shapes, { toPixel, reach, also = [] }) {
  const at = toPixel(place);
  const rings = shapes.flatMap(ringsOf).map((ring) => ring.map((corner) => ({ corner, pixel: toPixel(corner) })));
  /** @type {{place: Position, away: number} | null} */
  let best = null;
  const closer = (candidate, away) => {
    if (away <= reach && (!best || away < best.away)) {
      best = { place: candidate, away };
    }
  };
  for (const corner of also) {
    closer(corner, distance(at, toPixel(corner)));
  }
  for (const { corner, pixel } of rings.flat()) {
    closer(corner, distance(at, pixel));
  }
  if (best) {
    return { place: best.place, on: "corner" };
  }
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const share = footShare(at, ring[i - 1].pixel, ring[i].pixel);
      const [a, b] = [ring[i - 1], ring[i]];
      const foot = { x: a.pixel.x + share * (b.pixel.x - a.pixel.x), y: a.pixel.y + share * (b.pixel.y - a.pixel.y) };
      closer(between(a.corner, b.corner, share), distance(at, foot));
    }
  }
  return best ? { place: best.place, on: "edge" } : { place, on: null };
}

/** @param {Pixel} a @param {Pixel} b @returns {number} */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** How far along a stretch its nearest point lies, 0 to 1. @param {Pixel} at @param {Pixel} a @param {Pixel} b */
function footShare(at, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const long = dx * dx + dy * dy;
  return long === 0 ? 0 : Math.min(1, Math.max(0, ((at.x - a.x) * dx + (at.y - a.y) * dy) / long));
}

/** @param {Position} a @param {Position} b @param {number} share @returns {Position} */
function between(a, b, share) {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}

/**
 * A line with one more place; the same place twice in a row is one, as the two clicks of a double click are.
 * @param {Position[]} line
 * @param {Position} place
 * @returns {Position[]}
 */
export function extended(line, place) {
  const last = line.at(-1);
  return last && last[0] === place[0] && last[1] === place[1] ? line : [...line, place];
}

/** Whether a line comes back to where it began and has ground inside. @param {Position[]} line @returns {boolean} */
export function isClosed(line) {
  const [first, last] = [line[0], line.at(-1)];
  return line.length >= 4 && first[0] === last[0] && first[1] === last[1];
}

/**
 * Ground in words.
 * @param {number} m2
 * @returns {string}
 */
export function groundWords(m2) {
  return `${Math.round(m2).toLocaleString("zh-CN")} 平方米`;
}

/**
 * A count in words; nobody may have counted.
 * @param {number | null | undefined} count
 * @param {string} unit
 * @returns {string}
 */
export function countWords(count, unit) {
  return count === null || count === undefined ? "未登记" : `${count.toLocaleString("zh-CN")} ${unit}`;
}
