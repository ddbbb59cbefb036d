// The day the map shows: the published editions as stops on a slider, any other day by its date, and back to today.

import { make } from "./dom.js";

/**
 * @typedef {object} Edition As the list of published editions gives it.
 * @property {number} id
 * @property {string} name
 * @property {string} valid_from  YYYY-MM-DD
 * @property {Record<string, number>} changed  how many areas of each level it drew
 * @property {Record<string, number>} gone     how many it ended
 */

/**
 * @typedef {object} Stop A day on which boundaries change.
 * @property {string} day  YYYY-MM-DD
 * @property {string} name  of the edition, or of all that begin on this day
 * @property {number[]} editions
 * @property {Record<string, number>} changed
 * @property {Record<string, number>} gone
 */

export const DAY_NAME = "on";
const DAY = /^(19|[2-9]\d)\d{2}-\d{2}-\d{2}$/;
const LEVELS = [["district", "区"], ["town", "镇街"], ["community", "村(社区)"], ["grid", "二级网格"]];

/**
 * The day a link asks for.
 * @param {URLSearchParams} params
 * @returns {string | null} null for today, and for what is no day
 */
export function readDay(params) {
  const text = params.get(DAY_NAME) ?? "";
  const moment = Date.parse(`${text}T00:00:00Z`);
  // Date rolls 31 February over into March.
  return DAY.test(text) && !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(text) ? text : null;
}

/**
 * The days on which boundaries change, the first first; editions that begin on one day are one stop.
 * @param {Edition[]} editions
 * @returns {Stop[]}
 */
export function stopsOf(editions) {
  /** @type {Map<string, Stop>} */
  const stops = new Map();
  for (const { id, name, valid_from: day, changed, gone } of editions) {
    const stop = stops.get(day) ?? { day, name: "", editions: [], changed: {}, gone: {} };
    stop.name = stop.name ? `${stop.name}、${name}` : name;
    stop.editions.push(id);
    addTo(stop.changed, changed);
    addTo(stop.gone, gone);
    stops.set(day, stop);
  }
  return [...stops.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** @param {Record<string, number>} sums @param {Record<string, number>} counts */
function addTo(sums, counts) {
  for (const [level, count] of Object.entries(counts)) {
    sums[level] = (sums[level] ?? 0) + count;
  }
}

/**
 * Which stop is in force on a day.
 * @param {Stop[]} stops
 * @param {string} day
 * @returns {number} -1 before the first
 */
export function stopOn(stops, day) {
  return stops.filter((it) => it.day <= day).length - 1;
}

/**
 * The stop whose work is worth pointing out on a day: not the first, which drew everything.
 * @param {Stop[]} stops
 * @param {string | null} day  null for today, when nothing is pointed out
 * @returns {Stop | null}
 */
export function pointedOut(stops, day) {
  const index = day === null ? -1 : stopOn(stops, day);
  return index > 0 ? stops[index] : null;
}

/** How many of each level, from the top down. @param {Record<string, number>} counts @returns {string} */
export function levelWords(counts) {
  return LEVELS.filter(([level]) => counts[level])
    .map(([level, word]) => `${word} ${counts[level]} 个`)
    .join("、");
}

/**
 * @typedef {object} Days
 * @property {(day: string | null) => void} show  the address says this day now
 * @property {(day: string | null) => Stop | null} pointedOut
 */

/**
 * The box on the map. With one edition and no day asked for it stays hidden.
 *
 * @param {HTMLDetailsElement} box
 * @param {object} options
 * @param {Edition[]} options.editions
 * @param {string} options.today  YYYY-MM-DD, as the site counts days
 * @param {(day: string | null) => void} options.onPick
 * @returns {Days}
 */
export function mountDays(box, { editions, today, onPick }) {
  const stops = stopsOf(editions);
  const part = (name) => box.querySelector(`[data-part="${name}"]`);
  const [slider, date, back] = ["day-slider", "day-date", "day-today"].map(part);
  slider.max = String(Math.max(0, stops.length - 1));
  part("day-slide").hidden = stops.length < 2;
  part("day-ends").replaceChildren(...[stops.at(0), stops.at(-1)].map((it) => make("span", {}, it?.day ?? "")));

  /** @param {number} index @returns {string} */
  const words = (index) => (index < 0 ? "还没有生效的边界" : `${stops[index].name}，${stops[index].day} 起`);

  function announce(index) {
    part("day-edition").textContent = words(index);
    slider.setAttribute("aria-valuetext", words(index));
  }

  function show(day) {
    const index = stopOn(stops, day ?? today);
    box.hidden = stops.length < 2 && day === null;
    // On a phone it would cover half of what it is about.
    box.open ||= day !== null && matchMedia("(min-width: 768px)").matches;
    box.classList.toggle("is-other-day", day !== null);
    part("day-now").textContent = day ?? "今天";
    slider.value = String(Math.max(0, index));
    date.value = day ?? today;
    back.disabled = day === null;
    announce(index);
    const stop = pointedOut(stops, day);
    for (const word of ["changed", "gone"]) {
      const words = stop ? levelWords(stop[word]) : "";
      part(`day-${word}-legend`).hidden = !words;
      part(`day-${word}`).textContent = words;
    }
  }

  // While it is dragged only the words follow; the map is drawn anew once it is let go.
  slider.addEventListener("input", () => announce(Number(slider.value)));
  slider.addEventListener("change", () => onPick(stops[Number(slider.value)].day));
  date.addEventListener("change", () => {
    const asked = readDay(new URLSearchParams({ [DAY_NAME]: date.value }));
    if (asked) {
      onPick(asked === today ? null : asked);
    }
  });
  back.addEventListener("click", () => {
    onPick(null);
    slider.focus();
  });

  return { show, pointedOut: (day) => pointedOut(stops, day) };
}
