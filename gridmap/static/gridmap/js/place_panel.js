// Who answers for a place, written out for the panel.

import { make } from "./dom.js";
import { shortName } from "./shapes.js";

/**
 * @typedef {object} Located What the site says of a point.
 * @property {string} method
 * @property {string} method_name
 * @property {number} distance_m  to the line that decides, in metres
 * @property {boolean} uncertain
 * @property {{code: string, name: string, level: string, path: {code: string, name: string, level: string}[]}} area
 * @property {{code: string, name: string}[]} candidates
 * @property {{name: string, role: string, role_name: string, phone: string, area: string}[]} people
 * @property {{code: string, name: string, kind: string}[]} party
 * @property {string} centre
 */

/**
 * @param {Located} located
 * @param {{onCloser: () => void}} options  told when the person wants to see the grid closer
 * @returns {HTMLElement}
 */
export function whoAnswers(located, { onCloser }) {
  const { area } = located;
  return make(
    "div",
    { class: "who" },
    make(
      "p",
      { class: "who-path" },
      pathWords(area.path),
      make("button", { class: "btn btn-link", type: "button", onclick: onCloser }, "放大到本网格"),
    ),
    located.method === "within" ? null : make("p", { class: "notice" }, methodWords(located)),
    make("h3", {}, "谁负责这里"),
    people(located.people),
    make(
      "dl",
      { class: "who-facts" },
      ...located.party.flatMap((it) => [make("dt", {}, it.kind), make("dd", {}, it.name)]),
      ...(located.centre ? [make("dt", {}, "网格中心"), make("dd", {}, located.centre)] : []),
    ),
  );
}

/**
 * The way down to an area: each name without the one above it.
 * @param {{name: string}[]} path
 * @returns {string}
 */
export function pathWords(path) {
  return path.map((it, i) => shortName(it.name, path[i - 1]?.name)).join(" › ");
}

/** @param {Located} located @returns {string} */
function methodWords({ method, method_name, distance_m, candidates }) {
  if (method === "nearest") {
    return `该点不在任何网格内，归入最近的网格(相距 ${distance_m.toFixed(0)} 米)`;
  }
  if (method === "edge") {
    return `该点正在界线上，候选网格：${candidates.map((it) => it.name).join("、")}`;
  }
  return method_name;
}

/** @param {Located["people"]} found */
function people(found) {
  if (!found.length) {
    return make("p", { class: "muted" }, "这里还没有登记负责人");
  }
  return make(
    "ul",
    { class: "people" },
    ...found.map((it) =>
      make(
        "li",
        {},
        make("span", { class: "people-role" }, it.role_name),
        make("strong", {}, it.name),
        it.phone ? make("a", { class: "people-phone number", href: `tel:${it.phone}`, "aria-label": `拨打 ${it.name} ${it.phone}` }, it.phone) : null,
      ),
    ),
  );
}
