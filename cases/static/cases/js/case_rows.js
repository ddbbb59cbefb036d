// Cases as rows of a list and as a few facts in the panel.

import { icon, make } from "../../gridmap/js/dom.js";
import { isOverdue, momentWords, timeLeft } from "./figures.js";

/** @typedef {import("./markers.js").Item} Item */

/**
 * @param {Item} item
 * @param {number} now
 * @returns {HTMLElement} the state in words, colour and shape
 */
export function stateBadge(item, now) {
  const late = isOverdue(item, now);
  return make("span", { class: `state state-${late ? "overdue" : item.state}` }, late ? "超期" : item.state_name);
}

/**
 * @param {Item} item
 * @param {{now: number, icons: Record<string, string>, onPick: (item: Item) => void}} options
 * @returns {HTMLElement}
 */
export function caseRow(item, { now, icons, onPick }) {
  const when = item.open ? timeLeft(item.due_at, now) : momentWords(item.reported_at).slice(0, 10);
  return make(
    "li",
    {},
    make(
      "button",
      { class: "row-case", type: "button", "data-number": item.number, onclick: () => onPick(item) },
      icon(icons[item.category]),
      make(
        "span",
        { class: "row-case-words" },
        make("strong", {}, item.category_name),
        make("small", {}, `${when} · ${item.area_name}`),
      ),
      stateBadge(item, now),
    ),
  );
}

/**
 * @param {Item} item
 * @param {{now: number, page: string}} options  `page`: the case's own page, with NUMBER in its place
 * @returns {HTMLElement}
 */
export function caseFacts(item, { now, page }) {
  const facts = [
    ["编号", item.number],
    ["网格", item.area_name],
    ["上报", momentWords(item.reported_at)],
    ["时限", momentWords(item.due_at) + (item.open ? `(${timeLeft(item.due_at, now)})` : "")],
    ...(item.closed_at ? [["结束", momentWords(item.closed_at)]] : []),
    ...(item.voices ? [["附议", `${item.voices} 人`]] : []),
  ];
  return make(
    "div",
    {},
    make("p", {}, stateBadge(item, now)),
    make("dl", { class: "case-facts" }, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { class: "number" }, value)])),
    item.exact ? null : make("p", { class: "notice" }, "为保护当事人，这类事项只标在所在网格的代表点上。"),
    make(
      "div",
      { class: "case-doors" },
      make("a", { class: "btn btn-primary", href: page.replace("NUMBER", encodeURIComponent(item.number)) }, "打开事项"),
    ),
    make("p", { class: "muted" }, "事项全文和办理过程，登录后在自己的辖区内可见。"),
  );
}
