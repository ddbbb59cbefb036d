// Pieces the layers' parts of the panel and the legends are built from.

import { changed } from "../../../gridmap/js/address.js";
import { make } from "../../../gridmap/js/dom.js";
import { labelPlace } from "../../../gridmap/js/shapes.js";
import { LEVELS } from "./filters.js";

/** @typedef {import("./scales.js").Look} Look */

/**
 * A small sample of a look.
 * @param {Look & {shape?: string}} look
 * @returns {HTMLElement}
 */
export function swatch({ fill, stroke, hatch, dashed, shape }) {
  const classes = ["swatch", hatch && "is-hatched", dashed && "is-dashed", shape && `is-${shape}`].filter(Boolean);
  const element = make("span", { class: classes.join(" "), "aria-hidden": "true" });
  element.style.setProperty("--fill", fill || "transparent");
  element.style.setProperty("--stroke", stroke ?? "#7d8c94");
  return element;
}

/**
 * A legend: what is drawn, its unit, a row for each class with how many there are, and what has to be said besides.
 * @param {object} told
 * @param {string} told.title
 * @param {string} [told.unit]
 * @param {(Look & {shape?: string, n?: number | null, before?: number | null, id?: string})[]} told.rows  `before`: in
 *   the period compared with
 * @param {string[]} [told.notes]
 * @returns {HTMLElement}
 */
export function legend({ title, unit = "", rows, notes = [] }) {
  const compared = rows.some((it) => it.before !== undefined && it.before !== null);
  const count = (n) => make("span", { class: "legend-n number" }, n === undefined || n === null ? "" : String(n));
  return make(
    "div",
    { class: compared ? "key is-compared" : "key" },
    make("p", { class: "key-title" }, title, unit ? make("small", {}, unit) : null),
    compared ? make("p", { class: "key-heads" }, make("span", {}, "本期"), make("span", {}, "上期")) : null,
    make(
      "ul",
      { class: "key-rows" },
      ...rows.map((row) =>
        make("li", { "data-class": row.id ?? null }, swatch(row), make("span", {}, row.words), count(row.n), compared ? count(row.before ?? 0) : null),
      ),
    ),
    ...notes.filter(Boolean).map((words) => make("p", { class: "key-note" }, words)),
  );
}

/**
 * A choice of few, as buttons of which one is pressed.
 * @param {string} label
 * @param {Record<string, string>} options  value → words
 * @param {string} value
 * @param {(value: string) => void} onPick
 * @returns {HTMLElement}
 */
export function segment(label, options, value, onPick) {
  const group = make("div", { class: "periods segment", role: "group", "aria-label": label });
  for (const [option, words] of Object.entries(options)) {
    const attributes = { class: "period", type: "button", "aria-pressed": String(option === value), "data-value": option };
    group.append(make("button", { ...attributes, onclick: () => onPick(option) }, words));
  }
  return group;
}

/**
 * The choice of the areas a layer counts by; the address names its own level by nothing.
 * @param {any} context
 * @param {{levels: string[]}} layer  its own level first
 * @param {string} level  the one chosen
 * @returns {HTMLElement}
 */
export function levelChoice({ open }, { levels }, level) {
  const options = Object.fromEntries(levels.map((it) => [it, LEVELS[it]]));
  return segment("统计到", options, level, (chosen) => open({ level: chosen === levels[0] ? null : chosen }));
}

/**
 * A number that opens what it counts: a real link, followed without loading the page anew.
 * @param {any} context
 * @param {Record<string, string | null>} words  what the address says then, see `listWords`
 * @param {string} text
 * @param {string} [label]  for a screen reader, where the number alone says too little
 * @returns {HTMLElement}
 */
export function opens({ params, open }, words, text, label) {
  const href = changed(String(params()), words) || "?";
  const follow = (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(words, { fit: true });
    }
  };
  return make("a", { class: "opens number", href, "aria-label": label ?? null, title: "打开这些事项", onclick: follow }, text);
}

/** A table row's or list's percent, without decimals. @param {number | null | undefined} share 0 to 1 @returns {string} */
export function percent(share) {
  return share === null || share === undefined ? "—" : `${(100 * share).toFixed(0)} %`;
}

/**
 * The name of an area, as a button that goes to where it is written on the map and asks about the place.
 * @param {any} context
 * @param {{level: string, code: string, name: string, zoom: number}} area  `zoom`: at least so near
 * @returns {HTMLElement}
 */
export function areaDoor({ map, ground, ask }, { level, code, name, zoom }) {
  const goThere = async () => {
    const feature = (await ground.today(level)).find((it) => it.id === code);
    const place = feature && labelPlace(feature.geometry);
    if (place) {
      map.setView([place.lat, place.lon], Math.max(map.getZoom(), zoom), { animate: false });
      ask({ lat: place.lat, lon: place.lon });
    }
  };
  return make("button", { class: "spot-name", type: "button", onclick: goThere }, name);
}

/**
 * Names of the areas of a level.
 * @param {any} ground
 * @param {string} level
 * @returns {Promise<Map<string, string>>}
 */
export async function namesOf(ground, level) {
  return new Map((await ground.today(level)).map((it) => [it.id, it.properties.name]));
}

/**
 * Facts, each with a value that may be a link.
 * @param {[string, Node | string | null][]} facts  those without a value are left out
 * @returns {HTMLElement}
 */
export function factList(facts) {
  const known = facts.filter(([, value]) => value !== null && value !== "");
  return make("dl", { class: "case-facts" }, ...known.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { class: "number" }, value)]));
}

/**
 * A layer's `load`, and with it elements that are filled once what was asked for last is there.
 * @template {(...asked: any[]) => Promise<void>} Load
 * @param {Load} draw
 * @returns {{load: Load, later: (content: () => Node[]) => HTMLElement}}
 */
export function loading(draw) {
  let arrival = Promise.resolve();
  return {
    load: /** @type {Load} */ ((...asked) => {
      arrival = draw(...asked);
      return arrival;
    }),
    later(content) {
      const element = make("div", {}, make("p", { class: "loading", role: "status" }, "正在读取…"));
      arrival.then(
        () => element.replaceChildren(...content()),
        () => element.replaceChildren(),
      );
      return element;
    },
  };
}
