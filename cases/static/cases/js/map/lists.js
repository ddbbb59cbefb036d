// What the address says to open the list of the cases a number counts. Pure.

import { NO_FILTERS, filterWords } from "./filters.js";
import { daysLater } from "./periods.js";

/** @typedef {import("./filters.js").Filters} Filters */
/** @typedef {import("./periods.js").Period} Period */

/** What of the address is about a single thing or another layer, and would stand in the way of a list. */
const AWAY = Object.freeze({ layer: null, place: null, case: null, before: null, lon: null, lat: null, zoom: null });

/**
 * @param {Partial<Filters>} chosen  only these are in force
 * @returns {Record<string, string | null>} for the address; the layer of cases is the one that is named by nothing
 */
export function listWords(chosen) {
  return { ...AWAY, ...filterWords({ ...NO_FILTERS, ...chosen }) };
}

/**
 * The days of a window the server speaks of.
 * @param {{since: string | null, until: string | null}} window  moments; `until` is the first no longer meant
 * @returns {Period} both days included
 */
export function daysOf({ since, until }) {
  const atMidnight = until && /^\d{4}-\d{2}-\d{2}(T00:00(:00(\.0+)?)?.*)?$/.test(until);
  return { since: since ? since.slice(0, 10) : "", until: until ? (atMidnight ? daysLater(until.slice(0, 10), -1) : until.slice(0, 10)) : "" };
}

/**
 * The part of filters that says which cases, without where.
 * @param {Filters} filters
 * @param {string[]} understood  by the layer whose number it is: what it did not look at is left out
 * @returns {Partial<Filters>}
 */
export function sameCases(filters, understood) {
  /** @type {Record<string, keyof Filters>} */
  const fields = { since: "since", until: "until", category: "category", state: "states", channel: "channel", department: "department" };
  const kept = Object.entries(fields).filter(([name]) => understood.includes(name));
  return Object.fromEntries(kept.map(([, field]) => [field, filters[field]]));
}
