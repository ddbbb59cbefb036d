// Numbers and times as people read them. Pure.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * A rate with what it is made of, as the article writes it.
 * @param {{numerator: number, denominator: number, percent: number | null}} rate
 * @returns {string} such as "99.8 %(4640/4649)"; "—" of nothing
 */
export function rateWords({ numerator, denominator, percent }) {
  return percent === null ? "—" : `${percent.toFixed(1)} %(${numerator}/${denominator})`;
}

/**
 * @typedef {object} Standing How a case stands, as far as a marker shows it.
 * @property {string} state
 * @property {boolean} open
 * @property {string} due_at  ISO 8601
 */

/**
 * Whether a case is open and past its time limit; due exactly now is in time.
 * @param {Standing} item
 * @param {number} now milliseconds
 * @returns {boolean}
 */
export function isOverdue({ open, due_at }, now) {
  return open && Date.parse(due_at) < now;
}

/**
 * What a cluster stands for.
 * @param {Standing[]} items
 * @param {number} now
 * @returns {{count: number, open: number, overdue: number}}
 */
export function clusterSummary(items, now) {
  const open = items.filter((it) => it.open);
  return { count: items.length, open: open.length, overdue: open.filter((it) => isOverdue(it, now)).length };
}

/**
 * A cluster in words.
 * @param {{count: number, open: number, overdue: number}} summary
 * @returns {string}
 */
export function clusterWords({ count, open, overdue }) {
  const parts = [`${count} 件`];
  if (open) {
    parts.push(`未结 ${open}`);
  }
  if (overdue) {
    parts.push(`超期 ${overdue}`);
  }
  return parts.join("，");
}

/**
 * The time left to a limit, or past it, in words. What is rounded is rounded towards less time.
 * @param {string} due ISO 8601
 * @param {number} now milliseconds
 * @returns {string}
 */
export function timeLeft(due, now) {
  const left = Date.parse(due) - now;
  return left >= 0 ? `还剩 ${length(left, Math.floor)}` : `已超期 ${length(-left, Math.ceil)}`;
}

/** @param {number} span @param {(n: number) => number} round @returns {string} */
function length(span, round) {
  if (span < HOUR) {
    return `${round(span / MINUTE)} 分钟`;
  }
  if (span < 2 * DAY) {
    return `${round(span / HOUR)} 小时`;
  }
  return `${round(span / DAY)} 天`;
}

/**
 * The order of a list: overdue first, then open by limit, then ended, the latest reported first.
 * @param {Standing & {reported_at: string}} a
 * @param {Standing & {reported_at: string}} b
 * @returns {number}
 */
export function byUrgency(a, b) {
  if (a.open !== b.open) {
    return a.open ? -1 : 1;
  }
  return a.open ? Date.parse(a.due_at) - Date.parse(b.due_at) : Date.parse(b.reported_at) - Date.parse(a.reported_at);
}

/**
 * A moment as a clerk writes it, at the offset it was given with.
 * @param {string} moment ISO 8601 with an offset
 * @returns {string} such as "2026-11-22 20:35"
 */
export function momentWords(moment) {
  return moment.slice(0, 16).replace("T", " ");
}
