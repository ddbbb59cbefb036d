// Cases on the one map: figures, clusters, the list of what is seen, and what is open at a place.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { caseFacts, caseRow } from "../case_rows.js";
import { byUrgency, rateWords } from "../figures.js";
import { asItem, caseGroup, caseMarker, cellMarker } from "../markers.js";
import { NO_FILTERS, filterWords, serverQuery } from "./filters.js";

/** @typedef {import("../markers.js").Item} Item */
/** @typedef {import("./filters.js").Filters} Filters */

/**
 * @typedef {object} Described The layer as the server describes it (cases/layers.py).
 * @property {string} id
 * @property {string} items    address of the cases collection (GeoJSON)
 * @property {string} cells    address of the counts by cells of the map
 * @property {string} summary
 * @property {string} page     a case's page, with NUMBER in its place
 * @property {string} report
 * @property {string[]} filters  the names of the shared filters its addresses understand
 */

const L = globalThis.L;
const ROWS_AT_ONCE = 40;
const OPEN_AT_PLACE = 20;
/** More than so many are counted by the server where the map is far out, and read by what is in view where it is near. */
const ALL_AT_ONCE = 20_000;
const NEAR_ZOOM = 16;

/**
 * Put the layer on the map.
 * @param {any} context  see Context in the map's layers.js
 * @param {Described} layer
 * @returns {any} a Layer
 */
export function mount({ map, panel, root, params, go, open, again, given }, layer) {
  const parts = partsOf(root);
  const states = new Map(given.states.map((it) => [it.code, it]));
  const group = caseGroup(pick);
  const counted = L.layerGroup();
  const ring = L.circleMarker([0, 0], { radius: 20, weight: 4, color: "#c8371b", fill: false, interactive: false });
  /** @type {Filters} */
  let filters = NO_FILTERS;
  /** @type {Item[]} what the filters leave, the most pressing first */
  let items = [];
  let loaded = false;
  /** @type {any} what the summary answered */
  let figures = null;
  /** Whether there are too many to have all at once: then each view is asked for by itself. */
  let byView = false;
  /** Whether the map has moved: then the figures of the same filters still hold. */
  let moved = false;
  let rowsShown = ROWS_AT_ONCE;

  /** Everything anew: figures first, for they say how many there are. */
  async function load(chosen, signal) {
    const known = moved && JSON.stringify(chosen) === JSON.stringify(filters);
    moved = false;
    filters = chosen;
    clear();
    if (!known) {
      figures = await request(layer.summary, { query: serverQuery(filters, layer.filters), signal });
      writeFigures(parts, figures, { partial: filters.states.length > 0 || filters.overdue });
      byView = figures.collected > ALL_AT_ONCE;
    }
    await loadView(signal);
    items.sort(byUrgency);
    loaded = true;
    writeRows();
  }

  function clear() {
    loaded = false;
    items = [];
    group.clearLayers();
    counted.clearLayers();
    writeRows();
  }

  /** What is in view of too many: counts where the map is far out, cases where it is near. @param {AbortSignal} signal */
  async function loadView(signal) {
    const query = serverQuery(filters, layer.filters);
    if (!byView) {
      await loadItems(query, signal);
      return;
    }
    const zoom = Math.floor(map.getZoom());
    const bbox = map.getBounds().pad(0.1).toBBoxString();
    if (zoom >= NEAR_ZOOM) {
      await loadItems({ ...query, bbox }, signal);
      return;
    }
    const { cells } = await request(layer.cells, { query: { ...query, bbox, zoom }, signal });
    cells.forEach((it) => cellMarker(it, map).addTo(counted));
  }

  /** Page after page, until the server names no next one: no case is left out. */
  async function loadItems(first, signal) {
    let query = first;
    while (query) {
      const answer = await request(layer.items, { query, signal });
      const now = Date.now();
      const more = answer.features.map((it) => asItem(it, states));
      group.addLayers(more.map((it) => caseMarker(it, now)));
      items.push(...more);
      query = answer.next ? Object.fromEntries(new URL(answer.next, location.href).searchParams) : null;
    }
  }

  function writeRows() {
    const view = map.getBounds();
    const seen = items.filter((it) => view.contains([it.lat, it.lon]));
    const now = Date.now();
    const far = byView && map.getZoom() < NEAR_ZOOM;
    const others = items.length > seen.length ? `，共 ${items.length} 件` : "";
    const told = loaded && !far;
    parts.seenCount.textContent = told ? `当前范围 ${seen.length} 件${byView ? "" : others}` : "";
    const merged = told ? seen.filter((it) => it.state === "merged").length : 0;
    parts.seenMerged.hidden = merged === 0;
    parts.seenMerged.textContent = `含已并入别件的 ${merged} 件，收集里不算。`;
    parts.rows.replaceChildren(
      ...(loaded ? seen.slice(0, rowsShown) : []).map((it) => caseRow(it, { now, icons: given.icons, onPick: pick })),
    );
    parts.more.hidden = !loaded || seen.length <= rowsShown;
    parts.more.replaceChildren(
      make("button", { class: "btn btn-plain", type: "button", onclick: moreRows }, `再显示一些(还有 ${seen.length - rowsShown} 件)`),
    );
    parts.empty.hidden = !loaded || seen.length > 0;
    parts.empty.textContent = far ? "事项太多，图上只显示件数；放大地图后在这里列出。" : items.length ? "当前范围内没有事项，可以移动或缩小地图。" : "没有符合条件的事项。";
  }

  function moreRows() {
    rowsShown += ROWS_AT_ONCE;
    writeRows();
    parts.rows.children[rowsShown - ROWS_AT_ONCE]?.querySelector("button").focus();
  }

  /** @param {Item} item */
  function pick(item) {
    go({ case: item.number, place: null });
    show(item);
  }

  /** @param {Item} item */
  function show(item) {
    ring.setLatLng([item.lat, item.lon]).addTo(map);
    panel.showDetail(item.category_name, caseFacts(item, { now: Date.now(), page: layer.page }));
  }

  /** The case the address names, if it is among those shown. */
  function settle() {
    const number = params().get("case");
    const item = number && items.find((it) => it.number === number);
    if (item) {
      show(item);
    }
  }

  /** Where a place lies, what is open there and what can be done about it. */
  function atPlace(located, place) {
    const list = make("ul", { class: "rows" });
    const note = make("p", { class: "loading", role: "status" }, "正在读取未结事项…");
    const query = { area: located.area.code, state: given.states.filter((it) => it.open).map((it) => it.code).join(","), limit: OPEN_AT_PLACE };
    request(layer.items, { query }).then(
      (answer) => {
        const now = Date.now();
        const found = answer.features.map((it) => asItem(it, states)).sort(byUrgency);
        list.replaceChildren(...found.map((it) => caseRow(it, { now, icons: given.icons, onPick: pick })));
        note.className = "muted";
        note.textContent = found.length ? `${found.length}${answer.next ? " 件以上" : " 件"}未结` : "这里没有未结事项。";
      },
      (problem) => {
        note.className = "notice notice-bad";
        note.textContent = problem.message;
      },
    );
    const here = `lon=${place.lon.toFixed(6)}&lat=${place.lat.toFixed(6)}`;
    return make(
      "div",
      {},
      make(
        "div",
        { class: "case-doors" },
        make("a", { class: "btn btn-primary", href: `${layer.report}?${here}` }, "在这里上报"),
        make("button", { class: "btn btn-plain", type: "button", onclick: () => onlyArea(located.area.code) }, "只看本网格"),
      ),
      make("h3", {}, "未结事项"),
      note,
      list,
    );
  }

  /** @param {string} code */
  function onlyArea(code) {
    open({ ...filterWords({ ...filters, area: code }), place: null }, { fit: true });
  }

  map.on("moveend", () => {
    if (!map.hasLayer(group)) {
      return;
    }
    rowsShown = ROWS_AT_ONCE;
    if (byView) {
      moved = true;
      again();
    } else {
      writeRows();
    }
  });

  return {
    show: () => [group, counted].forEach((it) => it.addTo(map)),
    hide: () => {
      [group, counted, ring].forEach((it) => it.remove());
      clear();
      parts.stateCounts.forEach((it) => it.replaceChildren());
    },
    load,
    settle,
    headline: () => (figures ? `收集 ${figures.collected} 件` : ""),
    legend: () => figures && stateLegend(figures, given.states),
    atPlace,
    forget: () => ring.remove(),
  };
}

/**
 * What pins and circles mean: the states there are cases in, with how many.
 * @param {any} figures
 * @param {import("./filters.js").State[]} states
 */
function stateLegend({ collected, overdue, states: counts }, states) {
  const row = (code, name, n) =>
    make("li", {}, make("span", { class: `state state-${code}` }, name), make("span", { class: "legend-n number" }, String(n)));
  const there = states.filter(({ code }) => counts[code]);
  return make(
    "div",
    { class: "key key-states" },
    make("p", { class: "key-title" }, "状态", make("small", {}, "件")),
    make("ul", { class: "key-rows" }, ...there.map(({ code, name }) => row(code, name, counts[code])), overdue ? row("overdue", "超过时限", overdue) : null),
    make("p", { class: "key-note" }, make("span", { class: "cluster cluster-sample" }, make("b", {}, "12")), " 聚在一起；深色弧为未结的份额"),
    make("p", { class: "key-note" }, `n = ${collected} 件收集`),
  );
}

/** @param {HTMLElement} root */
function partsOf(root) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  return {
    figure: (name) => root.querySelector(`[data-figure="${name}"]`),
    // In the shared filters: the legend of states says how many there are of each.
    stateCounts: [...document.querySelectorAll("[data-state-count]")],
    seenCount: part("seen-count"),
    seenMerged: part("seen-merged"),
    empty: part("empty"),
    rows: part("rows"),
    more: part("more"),
  };
}

/**
 * @param {ReturnType<typeof partsOf>} parts
 * @param {any} figures  what the summary answers
 * @param {{partial: boolean}} options  `partial`: only some states are counted, so the rate is not the district's
 */
function writeFigures(parts, figures, { partial }) {
  const { percent, numerator, denominator } = figures.completion_rate;
  parts.figure("percent").textContent = percent === null ? "—" : `${percent.toFixed(1)} %`;
  parts.figure("made-of").textContent = percent === null ? "" : `(${numerator}/${denominator})${partial ? " 只含所选状态" : ""}`;
  parts.figure("on-time").textContent = rateWords(figures.on_time_rate);
  for (const name of ["collected", "open", "overdue"]) {
    parts.figure(name).textContent = String(figures[name]);
  }
  parts.figure("overdue").parentElement.classList.toggle("is-some", figures.overdue > 0);
  for (const count of parts.stateCounts) {
    const code = count.dataset.stateCount;
    count.textContent = String(code === "overdue" ? figures.overdue : figures.states[code]);
  }
}
