// Quick choices of a period, in whole months: those are counted beforehand. Pure.

import { daysLater, monthsBefore } from "../map/periods.js";

/** @typedef {{id: string, words: string, since: string, until: string}} Choice  days; "" for no bound; until itself included */

/**
 * @param {string} today YYYY-MM-DD
 * @returns {Choice[]}
 */
export function periods(today) {
  const first = (back) => monthsBefore(`${today.slice(0, 7)}-01`, back);
  return [
    { id: "all", words: "全部", since: "", until: "" },
    { id: "month", words: "本月", since: first(0), until: "" },
    { id: "last-month", words: "上月", since: first(1), until: daysLater(first(0), -1) },
    { id: "3", words: "近 3 个月", since: first(2), until: "" },
    { id: "12", words: "近 12 个月", since: first(11), until: "" },
    { id: "year", words: "今年", since: `${today.slice(0, 4)}-01-01`, until: "" },
  ];
}

/**
 * The last day of a month.
 * @param {string} month YYYY-MM
 * @returns {string}
 */
export function lastDay(month) {
  return daysLater(monthsBefore(`${month}-01`, -1), -1);
}
