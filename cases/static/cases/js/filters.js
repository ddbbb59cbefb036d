// Which cases are looked at: read from a link, written to one, and asked of the server. Pure.

/**
 * @typedef {object} Filters
 * @property {string} category  code or beginning of one; "" for any
 * @property {string[]} states  codes; empty for any
 * @property {string} since     first day, YYYY-MM-DD; "" for any
 * @property {string} until     last day, itself included; "" for any
 * @property {boolean} overdue  only open ones past their time limit
 * @property {string} area      code or beginning of one; "" for any
 */

/** @typedef {{code: string, name: string, children?: {code: string, name: string, icon: string}[], icon: string}} Category */
/** @typedef {{code: string, name: string, open: boolean}} State */

/** @type {Filters} */
export const NO_FILTERS = Object.freeze({ category: "", states: [], since: "", until: "", overdue: false, area: "" });

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * The filters a link names; what cannot be is left out, so that an old link still opens.
 * @param {URLSearchParams} params
 * @param {{categories: Set<string>, states: Set<string>}} known  codes there are
 * @returns {Filters}
 */
export function readFilters(params, known) {
  const category = params.get("category") ?? "";
  const area = params.get("area") ?? "";
  return {
    category: known.categories.has(category) ? category : "",
    states: (params.get("state") ?? "").split(",").filter((code) => known.states.has(code)),
    since: day(params.get("since")),
    until: day(params.get("until")),
    overdue: params.get("overdue") === "true",
    area: /^\d{6,15}$/.test(area) ? area : "",
  };
}

/**
 * The filters as a link carries them; null takes a name out.
 * @param {Filters} filters
 * @returns {Record<string, string | null>}
 */
export function filterWords({ category, states, since, until, overdue, area }) {
  return {
    category: category || null,
    state: states.join(",") || null,
    since: since || null,
    until: until || null,
    overdue: overdue ? "true" : null,
    area: area || null,
  };
}

/**
 * The filters as the server is asked. A last day is meant with its whole length; the server's `until` is the first
 * moment no longer meant.
 * @param {Filters} filters
 * @returns {Record<string, string>}
 */
export function serverQuery(filters) {
  const words = { ...filterWords(filters), until: filters.until ? dayAfter(filters.until) : null };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== null));
}

/**
 * The following day, by the calendar alone.
 * @param {string} text YYYY-MM-DD
 * @returns {string}
 */
export function dayAfter(text) {
  const date = new Date(`${text}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/**
 * The filters in force, each in words and with what is left without it.
 * @param {Filters} filters
 * @param {{category: (code: string) => string, state: (code: string) => string, area: (code: string) => string}} names
 * @returns {{words: string, without: Filters}[]}
 */
export function inForce(filters, names) {
  const found = [];
  if (filters.area) {
    found.push({ words: names.area(filters.area) || filters.area, without: { ...filters, area: "" } });
  }
  if (filters.category) {
    found.push({ words: names.category(filters.category), without: { ...filters, category: "" } });
  }
  for (const code of filters.states) {
    found.push({
      words: names.state(code),
      without: { ...filters, states: filters.states.filter((other) => other !== code) },
    });
  }
  if (filters.overdue) {
    found.push({ words: "已超期", without: { ...filters, overdue: false } });
  }
  if (filters.since) {
    found.push({ words: `${filters.since} 起`, without: { ...filters, since: "" } });
  }
  if (filters.until) {
    found.push({ words: `到 ${filters.until}`, without: { ...filters, until: "" } });
  }
  return found;
}

/** @param {string | null} text @returns {string} */
function day(text) {
  return text && DAY.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) ? text : "";
}
