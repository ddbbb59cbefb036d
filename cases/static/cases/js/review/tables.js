// The figures as tables: for those who listen, and for copying. Each number leads to the cases it counts.

import { make } from "../../../gridmap/js/dom.js";
import { rateWords } from "../figures.js";
import { CLASSES } from "./charts.js";

const DASH = "—";

/**
 * @param {string} caption
 * @param {string[]} heads  a head that begins with "#" is of numbers
 * @param {(string | number | null | Node)[][]} rows  the first cell that is no rank names the row
 * @returns {HTMLElement}
 */
function table(caption, heads, rows) {
  const numbers = heads.map((it) => it.startsWith("#"));
  const cell = (value, column) =>
    make(column === 0 ? "th" : "td", { scope: column === 0 ? "row" : null, class: numbers[column] ? "number" : null }, text(value));
  return make(
    "table",
    { class: "review-table" },
    make("caption", { class: "visually-hidden" }, caption),
    make("thead", {}, make("tr", {}, ...heads.map((it, at) => make("th", { scope: "col", class: numbers[at] ? "number" : null }, it.replace("#", ""))))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell)))),
  );
}

const text = (value) => (value instanceof Node ? value : String(value ?? DASH));
const link = (href, words) => make("a", { href }, String(words));
const tenths = (value) => (value === null ? DASH : value.toFixed(1));
const between = (interval) => (interval ? interval.map(tenths).join("–") : DASH);
const ranked = (rank) => (rank === null ? "不排名" : String(rank));

/** @param {any[]} months @param {any} links */
export function trendTable(months, links) {
  return table(
    "逐月",
    ["月份", "#收集", "#办结", "#按期办结", "#按期办结率", "#巡查占比"],
    months.map((it) => [
      link(links.month(it.month), it.whole ? it.month : `${it.month}(未完)`),
      link(links.month(it.month), it.collected),
      it.done,
      it.in_time,
      rateWords(it.on_time_rate),
      rateWords(it.patrol_rate),
    ]),
  );
}

/** @param {any[]} rows @param {any} links @param {string} caption */
export function funnelTable(rows, links, caption) {
  return table(
    caption,
    ["社区", "镇街", "#收集", "#吹二级哨", "#比例", "判断"],
    rows.map((it) => [
      link(links.whole(it.code), it.name),
      it.town,
      link(links.whole(it.code), it.whistle_rate.denominator),
      it.whistle_rate.numerator,
      rateWords(it.whistle_rate),
      CLASSES[it.class].words,
    ]),
  );
}

/** @param {any} busiest @param {any} links @param {string} caption */
export function busiestTable(busiest, links, caption) {
  return table(
    caption,
    ["名称", "#名次", "#每千人", "#95 % 区间", "#件", "#人口"],
    busiest.rows.map((it) => [
      link(links.area(it.code), it.name),
      ranked(it.rank),
      tenths(it.per_1000),
      between(it.interval),
      link(links.area(it.code), it.collected),
      it.residents,
    ]),
  );
}

/** @param {any} overdue @param {any} links @param {string} caption */
export function overdueTable(overdue, links, caption) {
  return table(
    caption,
    ["名称", "#名次", "#超期", "#未结"],
    overdue.rows.map((it) => [link(links.overdue(it.code), it.name), ranked(it.rank), link(links.overdue(it.code), it.overdue), it.open]),
  );
}

/** @param {any} departments @param {any} links */
export function departmentsTable({ rows, total }, links) {
  const cells = (it) => [
    link(links.asked(it.code, "demanded"), it.demanded),
    link(links.asked(it.code, "waiting"), it.waiting),
    link(links.arrivals(it.code), rateWords(it.arrival_rate)),
    tenths(it.median_hours),
    rateWords(it.done_rate),
    link(links.departmentOverdue(it.code), it.overdue),
    tenths(it.mean_result),
    between(it.interval),
    it.scored,
  ];
  const found = table(
    "部门",
    ["部门", "#名次", "#需报到", "#未到限", "#按时报到率", "#报到用时", "#按期办结率", "#超期", "#平均考核", "#95 % 区间", "#评分件数", "#排名用分"],
    rows.map((it) => [
      link(links.arrivals(it.code), it.name),
      ranked(it.rank),
      ...cells(it),
      tenths(it.shrunken_mean),
    ]),
  );
  const sums = ["全部", "", ...cells(total).map((it) => (it instanceof Node ? it.textContent : it)), ""];
  found.append(make("tfoot", {}, make("tr", {}, ...sums.map((it, at) => make(at ? "td" : "th", { scope: at ? null : "row", class: at ? "number" : null }, text(it))))));
  return found;
}

/** @param {any[]} steps */
export function stepsTable(steps) {
  return table(
    "九个步骤",
    ["步骤", "#件", "#中位数(工作时)", "#九成以内(工作时)"],
    steps.map((it) => [`${it.step} ${it.name}`, it.n, tenths(it.median_hours), tenths(it.p90_hours)]),
  );
}
