// What the server says of hot spots, in the order and the words people are told. Pure.

import { PATROL_ONLY, SPOTS } from "./scales.js";

/**
 * @typedef {object} Spot
 * @property {string} code
 * @property {number} observed
 * @property {number | null} expected
 * @property {number | null} rate
 * @property {number | null} eb_rate
 * @property {number | null} z
 * @property {number | null} p
 * @property {number | null} q
 * @property {string} class
 * @property {number | null} patrol_share  0 to 1
 * @property {boolean} patrol_only
 * @property {string | null} persistence
 * @property {string | null} [reason]
 */

/** What became of a hot spot from window to window. */
export const COURSES = Object.freeze({ new: "新增", persistent: "持续", fading: "消退" });

/** What rates are made by. */
export const DENOMINATORS = Object.freeze({ residents: "千名居民", enterprises: "家企业", km2: "平方公里" });

const HEAT = ["hot_99", "hot_95", "hot_90"];

/** @param {{class: string}} spot @returns {boolean} */
export function isHot(spot) {
  return HEAT.includes(spot.class);
}

/**
 * The hot spots, the hottest first; after them what is fading and what only patrols raise.
 * @param {Spot[]} spots
 * @returns {Spot[]}
 */
export function hottest(spots) {
  const rank = (it) => (isHot(it) ? HEAT.indexOf(it.class) : it.persistence === "fading" ? 3 : 4);
  return spots
    .filter((it) => isHot(it) || it.persistence === "fading" || it.patrol_only)
    .sort((a, b) => rank(a) - rank(b) || (a.q ?? 1) - (b.q ?? 1) || b.observed - a.observed || (a.code < b.code ? -1 : 1));
}

/**
 * How an area is drawn.
 * @param {Spot | undefined} spot
 * @param {{classes: Record<string, number>}} answer
 * @returns {import("./scales.js").Look}
 */
export function spotLook(spot, { classes }) {
  if (!spot) {
    return classes.too_few ? SPOTS.too_few : SPOTS.none;
  }
  return spot.patrol_only ? PATROL_ONLY : (SPOTS[spot.class] ?? SPOTS.none);
}

/**
 * Why nothing is tested.
 * @param {any} answer
 * @param {string} level  in words
 * @returns {string}
 */
export function whyTooFew({ n, too_few: said, method }, level) {
  const floor = method?.floor?.cases ? `(至少要 ${method.floor.cases} 件、${method.floor.days} 天)` : "";
  const why = typeof said === "string" && said ? said : `这一时段、这些条件下只有 ${n} 件，不够检验${level}${floor}。可以拉长时段，或看更大的区域。`;
  return why.startsWith("样本不足") ? why : `样本不足：${why}`;
}
