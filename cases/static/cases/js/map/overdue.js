// Whistles by how much of their time is left: whose desk each lies on, since when.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { labelPlace } from "../../../gridmap/js/shapes.js";
import { momentWords } from "../figures.js";
import { serverQuery } from "./filters.js";
import { factList, legend, loading, namesOf, segment } from "./pieces.js";
import { whistleMarker } from "./points.js";
import { LATENESS } from "./scales.js";
import { SHAPES, countedBy, isLate, waitWords, whistleOf } from "./whistles.js";

/** @typedef {import("./whistles.js").Whistle} Whistle */

const L = globalThis.L;
/** More than so many are drawn one by one only where the map is near. */
const DRAWN_FAR = 5000;
const NEAR_ZOOM = 14;
const ROWS_AT_ONCE = 40;
/** How many of too many the list begins with. */
const FIRST = 200;
/** What the list can be narrowed to, as the address says it: what the server is asked, and where it says how many there are. */
const LISTS = Object.freeze({
  "": { words: "全部", asked: {}, counted: "open" },
  over: { words: "超期", asked: { overdue: "true" }, counted: "overdue" },
  soon: { words: "24 工时内到期", asked: { soon: "true" }, counted: "due_soon" },
});
const LIST_WORDS = Object.freeze(Object.fromEntries(Object.entries(LISTS).map(([late, { words }]) => [late, words])));

/**
 * @param {any} context  see Context in the map's layers.js
 * @param {any} layer
 * @returns {any} a Layer
 */
export function mount(context, layer) {
  const { map, ground, panel, root, params, go, open, say } = context;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const points = L.layerGroup();
  const sums = L.layerGroup();
  const ring = L.circleMarker([0, 0], { radius: 18, weight: 4, color: "#111111", fill: false, interactive: false });
  let renderer = null;
  /** @type {any} sums by town, and of all */
  let answer = null;
  /** @type {Whistle[]} the longest overdue first: all of them, or the first of many */
  let whistles = [];
  /** Whether there are too many to have all at once: then points are read by what is in view, where the map is near. */
  let many = false;
  let filters = null;
  let rowsShown = ROWS_AT_ONCE;
  /** @type {AbortSignal | null} of what was loaded last */
  let alive = null;
  /** What is drawn: points, or circles that count by this level. */
  let drawn = "";

  /** Which whistles are listed; "" for all. */
  function which() {
    const late = params().get("late") ?? "";
    return Object.hasOwn(LISTS, late) ? late : "";
  }
  const query = () => ({ ...serverQuery(filters, layer.filters), ...LISTS[which()].asked });

  const { load, later } = loading(readAll);

  async function readAll(chosen, signal) {
    [filters, alive, rowsShown] = [chosen, signal, ROWS_AT_ONCE];
    clear();
    answer = await request(layer.sums, { query: { ...serverQuery(filters, layer.filters), level: "town" }, signal });
    many = answer.total.open > DRAWN_FAR;
    whistles = await readPoints(many ? { limit: FIRST } : {}, signal, !many);
    await writeSums();
    writeList();
    await draw();
  }

  /** Open whistles, page after page or only the first. @returns {Promise<Whistle[]>} */
  async function readPoints(more, signal, all = true) {
    const found = [];
    let next = { ...query(), ...more };
    while (next) {
      const page = await request(layer.items, { query: next, signal });
      found.push(...page.features.map(whistleOf));
      next = all && page.next ? Object.fromEntries(new URL(page.next, location.href).searchParams) : null;
    }
    return found;
  }

  function clear() {
    points.clearLayers();
    sums.clearLayers();
    drawn = "";
    [answer, whistles, many] = [null, [], false];
  }

  /** Points where they are few or the map is near, circles of sums elsewhere. */
  async function draw() {
    if (!many) {
      drawPoints(whistles);
    } else if (map.getZoom() >= NEAR_ZOOM) {
      const bbox = map.getBounds().pad(0.1).toBBoxString();
      drawPoints(await readPoints({ bbox }, alive));
    } else {
      await drawSums();
    }
  }

  /** @param {Whistle[]} some */
  function drawPoints(some) {
    drawn = "points";
    sums.clearLayers();
    points.clearLayers();
    renderer ??= L.canvas({ padding: 0.3, tolerance: 4, pane: pointPane(map) });
    // The most pressing lie on top.
    for (const whistle of some.toReversed()) {
      whistleMarker(whistle, { renderer, pane: pointPane(map) })
        .on("click", (event) => {
          L.DomEvent.stopPropagation(event);
          pick(whistle);
        })
        .addTo(points);
    }
  }

  async function drawSums() {
    const by = countedBy(map.getZoom());
    if (drawn === by) {
      return;
    }
    drawn = by;
    const [counted, features] = await Promise.all([
      by === "town" ? answer : request(layer.sums, { query: { ...serverQuery(filters, layer.filters), level: by }, signal: alive }),
      ground.today(by),
    ]);
    if (drawn !== by) {
      return;
    }
    points.clearLayers();
    sums.clearLayers();
    const rows = new Map(counted.rows.map((it) => [it.code, it]));
    for (const feature of features.filter((it) => rows.get(it.id)?.open)) {
      const { lat, lon } = labelPlace(feature.geometry);
      sumMarker(lat, lon, rows.get(feature.id), feature.properties.name, () => map.setView([lat, lon], map.getZoom() + 2)).addTo(sums);
    }
  }

  async function writeSums() {
    const names = await namesOf(ground, "town");
    const { total } = answer;
    part("open").replaceChildren(counting(total.open, "", "全部未结"));
    part("due-soon").replaceChildren(counting(total.due_soon, "soon", "24 工时内到期"));
    part("overdue").replaceChildren(counting(total.overdue, "over", "超期"));
    part("median").textContent = total.median_overdue_hours === null ? "—" : String(total.median_overdue_hours);
    const rows = [...answer.rows].sort((a, b) => b.overdue - a.overdue || b.open - a.open || (a.code < b.code ? -1 : 1));
    part("towns").hidden = rows.length === 0;
    part("towns").querySelector("tbody").replaceChildren(...rows.map((it) => townRow(it, names.get(it.code) ?? it.code)));
  }

  /** A number that narrows the list below to what it counts. @param {string} late  one of LISTS @param {string | undefined} [area]  and there */
  function counting(count, late, words, area) {
    const narrow = () => open({ late: late || null, ...(area && { area }) }, { fit: Boolean(area) });
    const attributes = { class: "btn-number number", type: "button", "aria-label": `${words} ${count}，列出`, onclick: narrow };
    return count ? make("button", attributes, String(count)) : "0";
  }

  function townRow({ code, open: n, due_soon: soon, overdue, median_overdue_hours: median }, name) {
    return make(
      "tr",
      { "data-code": code },
      make("th", { scope: "row" }, name),
      make("td", {}, counting(n, "", `${name}未结`, code)),
      make("td", {}, counting(soon, "soon", `${name}24 工时内到期`, code)),
      make("td", { class: overdue ? "is-late" : "" }, counting(overdue, "over", `${name}超期`, code)),
      make("td", { class: "number" }, median === null ? "—" : String(median)),
    );
  }

  function writeList() {
    part("which").replaceChildren(segment("列出", LIST_WORDS, which(), (value) => open({ late: value || null })));
    const n = answer.total[LISTS[which()].counted];
    part("count").textContent = n > whistles.length ? `${n} 件，最早到期的 ${whistles.length} 件` : `${n} 件，最早到期的在前`;
    part("rows").replaceChildren(...whistles.slice(0, rowsShown).map((it) => make("li", {}, row(it))));
    part("empty").hidden = whistles.length > 0;
    part("more").hidden = whistles.length <= rowsShown;
    part("more").replaceChildren(make("button", { class: "btn btn-plain", type: "button", onclick: moreRows }, "再显示一些"));
  }

  function moreRows() {
    rowsShown += ROWS_AT_ONCE;
    writeList();
    part("rows").children[rowsShown - ROWS_AT_ONCE]?.querySelector("button").focus();
  }

  /** @param {Whistle} it */
  function row(it) {
    return make(
      "button",
      { class: "row-case row-whistle", type: "button", "data-number": it.number, "data-late": it.late, onclick: () => pick(it) },
      sign(it),
      make(
        "span",
        { class: "row-case-words" },
        make("strong", {}, it.holder || "还没有派出"),
        make("small", {}, `${it.category_name} · ${it.area_name}`),
        make("small", { class: "number" }, waitWords(it)),
      ),
      make("span", { class: `lateness lateness-${it.late}` }, latenessWords(it)),
    );
  }

  /** @param {Whistle} it */
  function pick(it) {
    go({ case: it.number, place: null });
    show(it);
  }

  /** @param {Whistle} it */
  function show(it) {
    ring.setLatLng([it.lat, it.lon]).addTo(map);
    if (!map.getBounds().contains([it.lat, it.lon])) {
      map.panTo([it.lat, it.lon]);
    }
    panel.showDetail(
      it.holder || "还没有派出",
      make("p", {}, sign(it), ` ${(LATENESS[it.late] ?? LATENESS.still).words}${it.suspended ? "，已挂账" : ""}`),
      factList([
        ["编号", it.number],
        ["事项", it.category_name],
        ["哨", `${SHAPES[it.level]?.words ?? it.level}${it.part ? `，${{ lead: "主办", assist: "协办" }[it.part] ?? it.part}` : ""}`],
        ["在谁手里", it.holder],
        ["从何时起", it.since && momentWords(it.since)],
        ["时限", it.due_at && momentWords(it.due_at)],
        ["已超期", isLate(it) ? `${it.overdue_hours} 个工作小时` : null],
        ["转手", `${it.hops} 次`],
        ["网格", it.area_name],
      ]),
      make("div", { class: "case-doors" }, make("a", { class: "btn btn-primary", href: pageOf(it) }, "打开事项")),
    );
  }

  /** @param {Whistle} it @returns {string} */
  function pageOf(it) {
    return layer.page.replace("NUMBER", encodeURIComponent(it.number));
  }

  function settle() {
    const number = params().get("case");
    const found = number && whistles.find((it) => it.number === number);
    if (found) {
      show(found);
    }
  }

  map.on("moveend", async () => {
    if (!answer || !many || !map.hasLayer(points)) {
      return;
    }
    try {
      await draw();
    } catch (problem) {
      if (!alive?.aborted) {
        say(problem.message);
      }
    }
  });

  return {
    show: () => [sums, points].forEach((it) => it.addTo(map)),
    hide: () => {
      [sums, points, ring].forEach((it) => it.remove());
      clear();
    },
    load,
    settle,
    headline: () => (answer ? `未结 ${answer.total.open} 件，超期 ${answer.total.overdue} 件` : ""),
    forget: () => ring.remove(),
    legend: () => answer && lateLegend(answer, many ? null : whistles),
    atPlace: (located) =>
      later(() => {
        const here = whistles.filter((it) => it.area === located.area.code);
        return [make("h3", {}, `这里的哨 ${here.length} 件`), make("ul", { class: "rows" }, ...here.map((it) => make("li", {}, row(it))))];
      }),
  };
}

/** How late it is, in a few words. @param {Whistle} whistle @returns {string} */
function latenessWords(whistle) {
  if (whistle.suspended) {
    return "挂账";
  }
  return isLate(whistle) ? `超 ${whistle.overdue_hours} 工时` : (LATENESS[whistle.late] ?? LATENESS.still).words;
}

/** @param {Whistle} whistle */
function sign({ late, level, suspended }) {
  const classes = ["whistle-sign", `is-${SHAPES[level]?.shape ?? "circle"}`, ...(suspended ? ["is-suspended"] : [])];
  const element = make("span", { class: classes.join(" "), "aria-hidden": "true" }, make("span", {}));
  element.style.setProperty("--fill", (LATENESS[late] ?? LATENESS.still).fill);
  return element;
}

/** Of what is drawn. @param {any} answer @param {Whistle[] | null} whistles  null where not all of them are there to be counted */
function lateLegend({ classes, total }, whistles) {
  const n = whistles ? whistles.length : total.open;
  const suspended = whistles ? whistles.filter((it) => it.suspended).length : total.suspended;
  const rows = Object.entries(LATENESS).map(([id, look]) => ({
    ...look,
    id,
    n: whistles ? whistles.filter((it) => it.late === id).length : (classes[id] ?? 0),
  }));
  const levels = Object.entries(SHAPES).map(([level, { shape, words }]) => ({
    words,
    shape,
    fill: "#52616a",
    n: whistles && whistles.filter((it) => String(it.level) === level).length,
    id: `level-${level}`,
  }));
  return legend({
    title: "未结的哨",
    unit: "件，按所剩时限",
    rows: [...rows, ...levels, { words: "外圈：已挂账", shape: "ring", fill: "#52616a", n: suspended, id: "suspended" }],
    notes: [`n = ${n} 件`, whistles ? "" : "件数多，图上为各区域合计；放大后逐件显示"],
  });
}

/** The pane points lie in: over outlines and names, and clicked on. @param {L.Map} map */
function pointPane(map) {
  if (!map.getPane("points")) {
    map.createPane("points").style.zIndex = "420";
  }
  return "points";
}

/** How many are open in an area, and how many of them overdue; a click goes closer. */
function sumMarker(lat, lon, { open, overdue }, name, closer) {
  const size = open < 10 ? 34 : open < 100 ? 40 : open < 1000 ? 48 : 58;
  const share = open ? Math.round((100 * overdue) / open) : 0;
  const icon = L.divIcon({
    className: "sum-icon",
    html: `<span class="cluster cluster-late" style="--late:${share}%"><b>${open}</b></span>`,
    iconSize: [size, size],
  });
  const marker = L.marker([lat, lon], { icon, title: `${name}：未结 ${open}，超期 ${overdue}`, riseOnHover: true });
  return marker.on("click", closer).on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && closer());
}
