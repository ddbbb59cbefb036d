// Quick choices of a period, in whole months: those are counted beforehand. Pure.

/** @typedef {{id: string, words: string, since: string, until: string}} Period  days; "" for no bound; until itself included */

/**
 * @param {string} today YYYY-MM-DD
 * @returns {Period[]}
 */
export function periods(today) {
  const month = (back) => firstOf(today, back);
  return [
    { id: "all", words: "全部", since: "", until: "" },
    { id: "month", words: "本月", since: month(0), until: "" },
    { id: "last-month", words: "上月", since: month(1), until: dayBefore(month(0)) },
    { id: "3", words: "近 3 个月", since: month(2), until: "" },
    { id: "12", words: "近 12 个月", since: month(11), until: "" },
    { id: "year", words: "今年", since: `${today.slice(0, 4)}-01-01`, until: "" },
  ];
}

/**
 * The last day of a month.
 * @param {string} month YYYY-MM
 * @returns {string}
 */
export function lastDay(month) {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10);
}

/** @param {string} day @param {number} back months @returns {string} */
function firstOf(day, back) {
  const [year, month] = day.split("-").map(Number);
  return new Date(Date.UTC(year, month - 1 - back, 1)).toISOString().slice(0, 10);
}

/** @param {string} day @returns {string} */
function dayBefore(day) {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}
