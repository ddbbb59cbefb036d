// What the server says of open assignments, as the map shows it. Pure.

import { momentWords } from "../figures.js";

/**
 * @typedef {object} Whistle An open assignment, or a whistled case nobody was asked about yet.
 * @property {string} number
 * @property {string} category_name
 * @property {number} level   2 or 3
 * @property {string} part    lead or assist; "" before anybody was asked
 * @property {string} holder  whose desk it lies on
 * @property {string | null} since
 * @property {string | null} due_at
 * @property {number | null} left  share of the time left, negative when overdue
 * @property {string} late    a key of LATENESS
 * @property {boolean} suspended
 * @property {number} hops
 * @property {number} overdue_hours  working hours
 * @property {string} area
 * @property {string} area_name
 * @property {number} lat
 * @property {number} lon
 */

/** @type {Readonly<Record<string, {shape: string, words: string}>>} */
export const SHAPES = Object.freeze({ 2: { shape: "square", words: "二级哨" }, 3: { shape: "triangle", words: "三级哨" } });

/** @param {any} feature  of overdue.geojson @returns {Whistle} */
export function whistleOf({ geometry, properties }) {
  const [lon, lat] = geometry.coordinates;
  return { ...properties, lat, lon };
}

/** @param {{late: string}} whistle @returns {boolean} */
export function isLate({ late }) {
  return late === "over" || late === "far_over";
}

/** Since when it lies there, and how often it changed hands. @param {Whistle} whistle @returns {string} */
export function waitWords({ since, hops }) {
  const parts = [since ? `${momentWords(since)} 起` : "", hops ? `转手 ${hops} 次` : ""];
  return parts.filter(Boolean).join(" · ");
}

/**
 * The level that circles count by where points would be too many.
 * @param {number} zoom
 * @returns {"town" | "community" | "grid"}
 */
export function countedBy(zoom) {
  return zoom < 12.5 ? "town" : zoom < 14.5 ? "community" : "grid";
}
