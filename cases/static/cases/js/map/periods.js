// Days and spans of days, by the calendar alone: no clock, no time zone. Pure.

/** @typedef {{since: string, until: string}} Period Both days included, YYYY-MM-DD; "" for open. */

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const LENGTH = 86_400_000;

/** @param {string | null} text @returns {boolean} */
export function isDay(text) {
  return DAY.test(text ?? "") && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && asText(asDate(text)) === text;
}

/**
 * @param {string} day YYYY-MM-DD
 * @param {number} count may be negative
 * @returns {string}
 */
export function daysLater(day, count) {
  return asText(new Date(asDate(day).getTime() + count * LENGTH));
}

/** @param {string} day YYYY-MM-DD @returns {string} */
export function dayAfter(day) {
  return daysLater(day, 1);
}

/**
 * The same day so many months earlier, or the last of that month where it has no such day.
 * @param {string} day YYYY-MM-DD
 * @param {number} count
 * @returns {string}
 */
export function monthsBefore(day, count) {
  const [year, month, date] = day.split("-").map(Number);
  const last = new Date(Date.UTC(year, month - count, 0)).getUTCDate();
  return asText(new Date(Date.UTC(year, month - 1 - count, Math.min(date, last))));
}

/**
 * The first day of so many months that end with a day.
 * @param {string} day YYYY-MM-DD
 * @param {number} count
 * @returns {string}
 */
export function monthsUntil(day, count) {
  return dayAfter(monthsBefore(day, count));
}

/**
 * The choices offered beside the two dates; all of them last until now.
 * @param {string} today YYYY-MM-DD
 * @returns {{name: string, since: string}[]}
 */
export function quickPeriods(today) {
  return [
    { name: "近三个月", since: monthsUntil(today, 3) },
    { name: "近一年", since: monthsUntil(today, 12) },
    { name: "今年", since: `${today.slice(0, 4)}-01-01` },
    { name: "全部", since: "" },
  ];
}

/**
 * The period of the same length just before another.
 * @param {Period} period  with a first day
 * @param {string} today  its last day when it has none
 * @returns {Period | null} null of an open beginning, or an end before it
 */
export function periodBefore({ since, until }, today) {
  const last = until || today;
  if (!since || last < since) {
    return null;
  }
  const days = Math.round((asDate(last).getTime() - asDate(since).getTime()) / LENGTH) + 1;
  return { since: daysLater(since, -days), until: daysLater(since, -1) };
}

/**
 * A period as an address carries it, `2025-01-01..2025-03-31`.
 * @param {string | null} text
 * @returns {Period | null}
 */
export function readPeriod(text) {
  const [since, until, more] = (text ?? "").split("..");
  return isDay(since) && isDay(until) && more === undefined && since <= until ? { since, until } : null;
}

/**
 * @param {Period} period
 * @returns {string} such as "2025-01-01 至 2025-03-31"
 */
export function periodWords({ since, until }) {
  if (!since) {
    return until ? `截至 ${until}` : "全部时段";
  }
  return `${since} 至 ${until || "今天"}`;
}

/** @param {string} day */
function asDate(day) {
  return new Date(`${day}T00:00:00Z`);
}

/** @param {Date} date */
function asText(date) {
  return date.toISOString().slice(0, 10);
}
