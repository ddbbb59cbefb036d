// How things stand: asks for the figures of the filters in the address and draws them. The filters are the map's own.

import { changed } from "../../gridmap/js/address.js";
import { givenToPage, make } from "../../gridmap/js/dom.js";
import { request } from "../../gridmap/js/request.js";
import { momentWords, rateWords } from "./figures.js";
import { readFields, writeFields } from "./map/fields.js";
import { filterWords, NO_FILTERS, readFilters, serverQuery } from "./map/filters.js";
import { periodWords } from "./map/periods.js";
import { funnelOption, stepsOption, trendOption } from "./review/charts.js";
import { linksFrom } from "./review/links.js";
import { periods } from "./review/periods.js";
import { busiestTable, departmentsTable, funnelTable, overdueTable, stepsTable, trendTable } from "./review/tables.js";

const page = givenToPage();
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const form = part("form");
const choices = periods(page.today);
const known = {
  categories: new Set(page.categories),
  states: new Set(),
  channels: codesOf("channel"),
  departments: codesOf("department"),
  arrivals: new Set(),
};
const stillness = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
const NARROW_PX = 600;

/** @type {Map<string, {chart: any, option: (look: any) => any}>} */
const charts = new Map();
let loading = new AbortController();
let drawnWidth = 0;

/** What can be chosen in a field. @param {string} name */
function codesOf(name) {
  return new Set([...form.elements[name].options].map((it) => it.value).filter(Boolean));
}

/** The filters the address names. */
function asked() {
  // Reviews are of what was reported, whatever became of it.
  return { ...readFilters(new URLSearchParams(location.search), known), states: [], overdue: false, level: "" };
}

/** @param {import("./map/filters.js").Filters} filters */
function addressOf(filters) {
  return changed("", filterWords(filters)) || location.pathname;
}

/** @param {import("./map/filters.js").Filters} filters */
function choose(filters) {
  history.pushState(null, "", addressOf(filters));
  show();
}

function writeForm(filters) {
  writeFields(form, filters);
  const { area } = form.elements;
  area.querySelector("[data-part=finer]")?.remove();
  area.value = filters.area;
  if (area.value !== filters.area) {
    // A grid, or a place that is no more: a link may name it all the same.
    area.append(make("option", { value: filters.area, "data-part": "finer" }, filters.area));
    area.value = filters.area;
  }
  part("choices").replaceChildren(
    ...choices.map(({ words, since, until }) =>
      make(
        "button",
        {
          class: "btn btn-plain",
          type: "button",
          "aria-pressed": String(since === filters.since && until === filters.until),
          onclick: () => choose({ ...asked(), since, until }),
        },
        words,
      ),
    ),
  );
}

function writeDoors(filters) {
  part("map-door").href = linksFrom(page, filters).collected();
  part("report-door").href = page.report + changed("", serverQuery(filters));
}

/** Ask for what the address says, in place of what was asked before. */
async function show() {
  const filters = asked();
  writeForm(filters);
  writeDoors(filters);
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  state({ loading: true, problem: false, empty: false });
  part("figures").setAttribute("aria-busy", "true");
  let told;
  try {
    told = await request(page.figures, { query: serverQuery(filters), signal });
  } catch (problem) {
    if (!signal.aborted) {
      part("figures").hidden = true;
      part("problem").querySelector("p").textContent = problem.message;
      state({ loading: false, problem: true, empty: false });
    }
    return;
  }
  const empty = told.headline.collected === 0 && told.headline.open === 0;
  state({ loading: false, problem: false, empty });
  part("figures").hidden = empty;
  part("figures").setAttribute("aria-busy", "false");
  writePeriod(filters, told);
  if (!empty) {
    write(told, linksFrom(page, filters));
  }
}

/** @param {Record<string, boolean>} shown */
function state(shown) {
  for (const [name, is] of Object.entries(shown)) {
    part(name).hidden = !is;
  }
}

function writePeriod(period, told) {
  part("period").textContent = `${periodWords(period)}上报的事项，按现在的办理情况。`;
  part("made").textContent = `统计于 ${momentWords(told.generated_at)}。每个比率都写明分子和分母，件数少的不排名。`;
}

function write(told, links) {
  writeHeadline(told.headline, links);
  fill("trend", trendTable(told.trend, links));
  draw("trend", (look) => trendOption(told.trend, look));
  writeFunnel(told.funnel, links);
  writePlaces(told.places, links);
  writeDepartments(told.departments, links);
  writeSteps(told.steps);
}

function writeHeadline(figures, links) {
  const mean = figures.satisfaction;
  const satisfaction = mean.mean === null ? "—" : `${mean.mean.toFixed(2)}(${mean.numerator}/${mean.denominator})`;
  const shown = [
    ["collected", "收集", figures.collected, links.collected()],
    ["done", "办结", figures.done, links.done()],
    ["completion_rate", "办结率", rateWords(figures.completion_rate), links.done()],
    ["on_time_rate", "按期办结率", rateWords(figures.on_time_rate), links.done()],
    ["open", "未结", figures.open, links.open()],
    ["overdue", "超期", figures.overdue, links.overdue()],
    ["patrol_rate", "巡查占比", rateWords(figures.patrol_rate), links.collected()],
    ["survey_rate", "评价率", rateWords(figures.survey_rate), links.done()],
    ["solved_rate", "解决率", rateWords(figures.solved_rate), links.done()],
    ["satisfaction", "满意程度(1–5)", satisfaction, links.done()],
  ];
  part("headline").replaceChildren(
    ...shown.map(([name, words, value, href]) =>
      make("div", {}, make("dt", {}, words), make("dd", {}, make("a", { href, "data-figure": name, class: "number" }, ...parts(String(value))))),
    ),
  );
}

/** A rate's numerator and denominator are written smaller. @param {string} value */
function parts(value) {
  const at = value.indexOf("(");
  return at < 0 ? [value] : [value.slice(0, at), make("small", {}, value.slice(at))];
}

function writeFunnel(funnel, links) {
  const outside = funnel.rows.filter((it) => /^(above|below)/.test(it.class));
  outside.sort((a, b) => Number(b.class.includes("99.8")) - Number(a.class.includes("99.8")) || b.whistle_rate.percent - a.whistle_rate.percent);
  part("funnel-words").textContent =
    `每个点是一个社区，中线是全区的比例 ${rateWords(funnel.whistle_rate)}。界限内的高低可以用偶然解释；` +
    `不到 ${funnel.floor} 件的 ${funnel.classes.too_few} 个社区不判断(空心，比例高出图外的画在顶边)；其余 ` +
    `${funnel.rows.length - funnel.classes.too_few} 个里，凭偶然最多约有 ${funnel.by_chance["95"]} 个越过 95 % 界限，${funnel.by_chance["99.8"]} 个越过 99.8 % 界限。` +
    "越过界限是去了解情况的理由，不是结论。";
  fill("outside", outside.length ? funnelTable(outside, links, "界限以外的社区") : words("没有越过界限的社区。"));
  fill("funnel", funnelTable(funnel.rows, links, "全部社区"));
  const { chart } = draw("funnel", (look) => funnelOption(funnel, look));
  chart.off("click");
  chart.on("click", ({ data }) => data?.code && location.assign(links.whole(data.code)));
}

function writePlaces(places, links) {
  const { cases, residents, open } = places.floor;
  part("places-words").textContent =
    `每千人的件数只比较不少于 ${cases} 件、${residents} 人的地方(社区另有 ${places.community.busiest.too_few} 个、网格另有 ` +
    `${places.grid.busiest.too_few} 个不够，不排)；未结不到 ${open} 件的，列出超期而不排名。件数多也可能是报得勤。`;
  for (const [level, name] of [["community", "社区"], ["grid", "网格"]]) {
    const { busiest, overdue } = places[level];
    fill(`${level}-busiest`, busiest.rows.length ? busiestTable(busiest, links, `每千人事项最多的${name}`) : words(`没有不少于 ${cases} 件的${name}。`));
    fill(`${level}-overdue`, overdue.rows.length ? overdueTable(overdue, links, `超期未结最多的${name}`) : words("没有超期未结的事项。"));
  }
}

function writeDepartments(departments, links) {
  part("departments-words").textContent =
    `承办需求信函所列的部门。名次按考核结果的平均，件数越少越拉向全部部门的平均(“排名用分”)；评分不到 ${departments.floor} 件的不排名。报到用时是工作时的中位数。`;
  fill("departments", departments.rows.length ? departmentsTable(departments, links) : words("这段时间没有向部门发出信函。"));
}

function writeSteps(steps) {
  part("steps-words").textContent =
    `时段内结束的 ${steps.counted} 件${steps.latest_only ? "(按最近的这些件，更早的没有计入)" : ""}，从留痕计算，工作时；挂账期间不计，“评价反馈”只计到综合评分。`;
  fill("steps", stepsTable(steps.rows));
  draw("steps", (look) => stepsOption(steps.rows, look));
}

/** @param {string} said */
const words = (said) => make("p", { class: "muted" }, said);

/** @param {string} name @param {Node} content */
function fill(name, content) {
  document.querySelector(`[data-table="${name}"]`).replaceChildren(content);
}

/**
 * Draw a chart, in the element that is there for it.
 * @param {string} name
 * @param {(look: any) => any} option
 */
function draw(name, option) {
  const element = document.querySelector(`[data-chart="${name}"]`);
  const drawn = charts.get(name) ?? { chart: globalThis.echarts.init(element), option };
  drawn.option = option;
  charts.set(name, drawn);
  redraw(drawn, { animation: !stillness.matches });
  return drawn;
}

/** What was there before is drawn again at once: only new figures move. */
function redraw({ chart, option }, { animation = false } = {}) {
  chart.resize();
  chart.setOption(option({ animation, narrow: chart.getWidth() < NARROW_PX }), { notMerge: true });
}

form.addEventListener("change", () => choose(readFields(form, asked())));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  choose(NO_FILTERS);
});
part("problem").querySelector("button").addEventListener("click", show);
globalThis.addEventListener("popstate", show);
const width = new ResizeObserver(([it]) => {
  // The same width again is no reason: the observer also tells of the height, which the tables change.
  if (it.contentRect.width !== drawnWidth) {
    drawnWidth = it.contentRect.width;
    charts.forEach((drawn) => redraw(drawn));
  }
});
width.observe(part("figures"));
show();
