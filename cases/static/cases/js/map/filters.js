// Which cases are looked at, whatever the layer: read from a link, written to one, and asked of the server. Pure.

import { dayAfter, isDay } from "./periods.js";

/**
 * @typedef {object} Filters
 * @property {string} since       first day, YYYY-MM-DD; "" for any
 * @property {string} until       last day, itself included; "" for any
 * @property {string} category    code or beginning of one; "" for any
 * @property {string[]} states    codes; empty for any
 * @property {boolean} overdue    only open ones past their time limit
 * @property {string} channel     where they came from; "" for anywhere
 * @property {string} department  code of an organisation that was asked to do something; "" for any
 * @property {string} arrival     how a department came that was asked; "" for any
 * @property {string} area        code or beginning of one; "" for any
 * @property {string} level       of the areas a layer counts by; "" for the layer's own
 */

/** @typedef {{code: string, name: string, children?: {code: string, name: string, icon: string}[], icon: string}} Category */
/** @typedef {{code: string, name: string, open: boolean}} State */
/** @typedef {{code: string, name: string}} Named */
/** @typedef {{categories: Set<string>, states: Set<string>, channels: Set<string>, departments: Set<string>, arrivals: Set<string>}} Known codes there are */

/** @type {Filters} */
export const NO_FILTERS = Object.freeze({
  since: "",
  until: "",
  category: "",
  states: [],
  overdue: false,
  channel: "",
  department: "",
  arrival: "",
  area: "",
  level: "",
});

/** The levels areas are counted by, the finest first. */
export const LEVELS = Object.freeze({ grid: "二级网格", community: "社区(村)", town: "镇街" });

/** What each name of the address is called in front of people, in the order chips are shown. */
const FIELDS = ["area", "department", "arrival", "category", "channel", "state", "overdue", "since", "until"];

/** What the address calls the filters. */
export const FILTER_NAMES = Object.freeze([...FIELDS, "level"]);

/**
 * The filters a link names; what cannot be is left out, so that an old link still opens.
 * @param {URLSearchParams} params
 * @param {Known} known
 * @returns {Filters}
 */
export function readFilters(params, known) {
  const word = (name) => params.get(name) ?? "";
  /** @param {string} name @param {Set<string>} codes */
  const among = (name, codes) => (codes.has(word(name)) ? word(name) : "");
  return {
    since: day(word("since")),
    until: day(word("until")),
    category: among("category", known.categories),
    states: word("state").split(",").filter((code) => known.states.has(code)),
    overdue: word("overdue") === "true",
    channel: among("channel", known.channels),
    department: among("department", known.departments),
    arrival: among("arrival", known.arrivals),
    area: /^\d{6,15}$/.test(word("area")) ? word("area") : "",
    level: Object.hasOwn(LEVELS, word("level")) ? word("level") : "",
  };
}

/**
 * The filters as a link carries them; null takes a name out.
 * @param {Filters} filters
 * @returns {Record<string, string | null>}
 */
export function filterWords({ states, overdue, ...plain }) {
  const words = { ...plain, state: states.join(","), overdue: overdue ? "true" : "" };
  return Object.fromEntries(FILTER_NAMES.map((name) => [name, words[name] || null]));
}

/**
 * The filters as the server is asked. A last day is meant with its whole length; the server's `until` is the first
 * moment no longer meant.
 * @param {Filters} filters
 * @param {string[]} [understood]  the names an address understands; others are not sent
 * @returns {Record<string, string>}
 */
export function serverQuery(filters, understood = FIELDS) {
  const words = { ...filterWords(filters), until: filters.until ? dayAfter(filters.until) : null };
  return Object.fromEntries(Object.entries(words).filter(([name, value]) => value !== null && understood.includes(name)));
}

/**
 * The filters without one of them.
 * @param {Filters} filters
 * @param {string} name  as the address calls it
 * @param {string} [code]  of the state that goes
 * @returns {Filters}
 */
function without(filters, name, code) {
  if (name === "state") {
    return { ...filters, states: filters.states.filter((other) => other !== code) };
  }
  return { ...filters, [name]: NO_FILTERS[name] };
}

/**
 * The filters in force, each in words and with what is left without it.
 * @param {Filters} filters
 * @param {Record<"category" | "state" | "channel" | "department" | "arrival" | "area", (code: string) => string>} names
 * @returns {{name: string, words: string, without: Filters}[]}
 */
export function inForce(filters, names) {
  /** @type {Record<string, (value: string) => string>} */
  const words = { ...names, overdue: () => "已超期", since: (from) => `${from} 起`, until: (to) => `到 ${to}` };
  return FIELDS.flatMap((name) => {
    const values = name === "state" ? filters.states : [String(filters[name] || "")];
    return values
      .filter(Boolean)
      .map((value) => ({ name, words: words[name](value) || value, without: without(filters, name, value) }));
  });
}

/** @param {string} text @returns {string} */
function day(text) {
  return isDay(text) ? text : "";
}
