// Where a number leads: the map with the cases it counts. Pure.

import { filterWords, NO_FILTERS } from "../map/filters.js";
import { lastDay } from "./periods.js";

/** @typedef {import("../map/filters.js").Filters} Filters */

/**
 * @param {{map: string, done: string[], open: string[]}} page
 * @param {Filters} filters  those of the page
 */
export function linksFrom(page, filters) {
  const within = (more, layer = "cases") => `${page.map}?${query({ layer, ...filterWords({ ...NO_FILTERS, ...filters, ...more }) })}`;
  const narrower = (area) => (filters.area.startsWith(area) ? filters.area : area);
  return {
    collected: () => within({}),
    done: () => within({ states: page.done }),
    open: () => within({ states: page.open }),
    overdue: (area = "") => within({ overdue: true, area: area || filters.area }),
    area: (area) => within({ area: narrower(area) }),
    whole: (area) => within({ area }),
    month: (month) => within({ since: later(`${month}-01`, filters.since), until: sooner(lastDay(month), filters.until) }),
    asked: (department, arrival) => within({ department, arrival }),
    arrivals: (department) => within({ department }, "coverage"),
    departmentOverdue: (department) => within({ department }, "overdue"),
  };
}

/** @param {string} day @param {string} bound "" for none */
const later = (day, bound) => (bound > day ? bound : day);
/** @param {string} day @param {string} bound "" for none */
const sooner = (day, bound) => (bound && bound < day ? bound : day);

/** @param {Record<string, string | null>} words @returns {string} */
function query(words) {
  const given = Object.entries(words).filter(([, value]) => value);
  return new URLSearchParams(given).toString().replaceAll("%2C", ",");
}
