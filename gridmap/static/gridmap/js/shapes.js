// What can be known of areas from their codes and outlines alone: no map, no network.

/** @typedef {"district" | "town" | "community" | "grid"} Level */
/** @typedef {[number, number]} Position Longitude and latitude in degrees (CGCS2000). */
/** @typedef {{west: number, south: number, east: number, north: number}} Box Degrees. */

/** @type {Record<number, Level>} */
const LEVEL_OF_LENGTH = { 6: "district", 9: "town", 12: "community", 15: "grid" };

/** From which zoom on each level is drawn. @type {{level: Level, from: number}[]} */
const DRAWN_FROM = [
  { level: "town", from: 0 },
  { level: "community", from: 13 },
  { level: "grid", from: 14.5 },
];

/**
 * The level of an area, told by the length of its code.
 * @param {string} code
 * @returns {Level | null} null when no area has a code of that length
 */
export function levelOf(code) {
  return LEVEL_OF_LENGTH[code.length] ?? null;
}

/**
 * The levels drawn at a zoom, the coarsest first.
 * @param {number} zoom
 * @returns {Level[]}
 */
export function levelsAt(zoom) {
  return DRAWN_FROM.filter((it) => zoom >= it.from).map((it) => it.level);
}

/**
 * A name without its parent's in front of it: on the map the parent is beside it already.
 * @param {string} name
 * @param {string} [parent]
 * @returns {string}
 */
export function shortName(name, parent = "") {
  return parent && name.startsWith(parent) && name.length > parent.length ? name.slice(parent.length) : name;
}

/**
 * The outer rings of a polygon or multipolygon.
 * @param {{type: string, coordinates: any}} geometry GeoJSON, RFC 7946
 * @returns {Position[][]}
 */
export function outerRings(geometry) {
  if (geometry.type === "Polygon") {
    return [geometry.coordinates[0]];
  }
  if (geometry.type === "MultiPolygon") {
    return geometry.coordinates.map((/** @type {Position[][]} */ polygon) => polygon[0]);
  }
  return [];
}

/**
 * @param {Position[]} ring
 * @returns {Box}
 */
export function boxOf(ring) {
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const [lon, lat] of ring) {
    box.west = Math.min(box.west, lon);
    box.east = Math.max(box.east, lon);
    box.south = Math.min(box.south, lat);
    box.north = Math.max(box.north, lat);
  }
  return box;
}

/**
 * Where an area's name is written, and the box of the part it is written in: inside the largest part, in the
 * middle of the widest stretch at one of three heights. A centroid can lie outside; this point cannot.
 * @param {{type: string, coordinates: any}} geometry
 * @returns {{lon: number, lat: number, box: Box} | null} null when there is no area to write in
 */
export function labelPlace(geometry) {
  let best = null;
  for (const ring of outerRings(geometry)) {
    const box = boxOf(ring);
    const size = (box.east - box.west) * (box.north - box.south);
    if (!best || size > best.size) {
      best = { ring, box, size };
    }
  }
  if (!best) {
    return null;
  }
  const { ring, box } = best;
  let widest = null;
  for (const share of [0.5, 0.4, 0.6]) {
    const lat = box.south + (box.north - box.south) * share;
    const stretch = widestStretch(ring, lat);
    // The middle height is preferred unless another is clearly wider.
    if (stretch && (!widest || stretch.width > widest.width * 1.2)) {
      widest = { ...stretch, lat };
    }
  }
  return widest && { lon: widest.middle, lat: widest.lat, box };
}

/**
 * The widest stretch inside a ring along one line of latitude.
 * @param {Position[]} ring
 * @param {number} lat
 * @returns {{middle: number, width: number} | null}
 */
function widestStretch(ring, lat) {
  const crossings = [];
  for (let i = 1; i < ring.length; i += 1) {
    const [x1, y1] = ring[i - 1];
    const [x2, y2] = ring[i];
    if (y1 <= lat !== y2 <= lat) {
      crossings.push(x1 + ((lat - y1) / (y2 - y1)) * (x2 - x1));
    }
  }
  crossings.sort((a, b) => a - b);
  let widest = null;
  for (let i = 1; i < crossings.length; i += 2) {
    const width = crossings[i] - crossings[i - 1];
    if (!widest || width > widest.width) {
      widest = { middle: (crossings[i] + crossings[i - 1]) / 2, width };
    }
  }
  return widest;
}

/**
 * A point half-way along the longest part of a line, by its corners: where a river's name is written.
 * @param {{type: string, coordinates: any}} geometry
 * @returns {{lon: number, lat: number} | null}
 */
export function middleOf(geometry) {
  const parts = geometry.type === "MultiLineString" ? geometry.coordinates : [geometry.coordinates];
  const longest = parts.reduce((a, b) => (b.length > a.length ? b : a), []);
  const corner = longest[Math.floor(longest.length / 2)];
  return corner ? { lon: corner[0], lat: corner[1] } : null;
}

/**
 * How wide a river is drawn: only its middle line is known, and it has to show beside the border it often is.
 * @param {number} zoom
 * @returns {number} pixels
 */
export function waterWidth(zoom) {
  return Math.min(26, Math.max(7, 7 + (zoom - 11) * 3.5));
}

/**
 * @typedef {object} Label
 * @property {number} x      centre, pixels
 * @property {number} y
 * @property {number} width  of the words, pixels
 * @property {number} height
 * @property {number} room   width of the area it names, pixels
 */

/**
 * Which labels can be written without one covering another and without running far out of the area named.
 * Earlier ones go first.
 * @template {Label} T
 * @param {T[]} labels
 * @returns {T[]}
 */
export function withoutClutter(labels) {
  /** @type {T[]} */
  const kept = [];
  for (const label of labels) {
    const fits = label.room >= label.width * 0.9;
    if (fits && !kept.some((other) => overlap(label, other))) {
      kept.push(label);
    }
  }
  return kept;
}

/** @param {Label} a @param {Label} b @returns {boolean} */
function overlap(a, b) {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + 4 && Math.abs(a.y - b.y) < (a.height + b.height) / 2 + 2;
}
