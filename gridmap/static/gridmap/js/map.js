// The one map: the ground, the panel, the search, the address; layers named by the settings come on top.

import { changed, placeWords, readPlace, readView, viewWords } from "./address.js";
import { mountBeside } from "./beside.js";
import { mountDays, readDay } from "./days.js";
import { givenToPage, make } from "./dom.js";
import { makeMap, showGround } from "./ground.js";
import { mountLayers } from "./layers.js";
import { mountPanel } from "./panel.js";
import { whoAnswers } from "./place_panel.js";
import { mountPrinting } from "./printing.js";
import { request } from "./request.js";
import { mountSearch } from "./search.js";

/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("./place_panel.js").Located} Located */
/** @typedef {import("./address.js").Place} Place */

/** @typedef {import("./layers.js").Context} Context */
/** @typedef {import("./layers.js").Shared} Shared */

const L = globalThis.L;
const page = givenToPage();
const status = document.getElementById("map-status");
const legend = document.getElementById("legend");
// On a phone it would cover half of what it explains.
legend.open = matchMedia("(min-width: 768px)").matches;
const params = () => new URLSearchParams(location.search);

/** @param {string} message */
function say(message) {
  status.textContent = message;
  status.hidden = !message;
}

/** @param {Record<string, string | null>} words */
function go(words) {
  const query = changed(location.search, words);
  if (query !== location.search) {
    history.pushState(null, "", query || location.pathname);
  }
}

const map = makeMap(document.getElementById("map"), { view: readView(params()) ?? undefined });
let day = readDay(params());
const ground = showGround(map, { areas: page.areas, rivers: page.rivers, on: day, onProblem: (problem) => say(problem.message) });
const panel = mountPanel(document.getElementById("panel"), {
  onClose: () => {
    forget();
    go(nothingShown());
  },
});
const here = L.marker([0, 0], {
  icon: L.divIcon({ className: "here", html: "<span></span>", iconSize: [30, 40], iconAnchor: [15, 38] }),
  interactive: false,
  keyboard: false,
  zIndexOffset: 1000,
});
/** @type {import("./layers.js").Layers | null} null until the ground is there */
let layers = null;
/** @type {Shared | null} */
let shared = null;
let asking = new AbortController();
/** @type {import("./days.js").Days | null} null until the editions are known */
let days = null;

/** The words that take what the panel shows out of the address. */
function nothingShown() {
  return { ...placeWords(null), ...Object.fromEntries((layers?.names() ?? []).map((name) => [name, null])) };
}

/** @param {Place} place @param {{move?: boolean}} [options] */
async function tell(place, { move = false } = {}) {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  layers.forget();
  here.setLatLng([place.lat, place.lon]).addTo(map);
  panel.showDetail("这里归谁管", make("p", { class: "loading", role: "status" }, "正在查询…"));
  let located;
  try {
    located = await request(page.locate, { query: { ...place, coord: "wgs84", on: day }, signal });
  } catch (error) {
    if (error.name !== "AbortError") {
      ground.highlight(null);
      panel.showDetail("这里归谁管", make("p", { class: "notice notice-warn", role: "alert" }, error.message));
      if (map.getBounds().contains([place.lat, place.lon])) {
        keepInSight(place);
      }
    }
    return;
  }
  if (move || !map.getBounds().pad(-0.05).contains([place.lat, place.lon])) {
    map.setView([place.lat, place.lon], Math.max(map.getZoom(), 15.5));
  }
  const { code } = located.area;
  ground.highlight(code).catch((problem) => say(problem.message));
  const part = await layers.atPlace(located, place).catch(() => null);
  if (signal.aborted) {
    return;
  }
  const then = day && make("p", { class: "notice" }, `按 ${day} 的边界和任职；事项是今天的。`);
  const who = whoAnswers(located, { onCloser: () => ground.highlight(code, { fit: true, maxZoom: 17 }) });
  panel.showDetail(located.area.name, ...[then, who, part].filter(Boolean));
  keepInSight(place);
}

/** On a phone the sheet covers part of the map: the place asked about stays above it. @param {Place} place */
function keepInSight(place) {
  map.panInside([place.lat, place.lon], { paddingTopLeft: [30, 110], paddingBottomRight: [30, panel.covers(map.getContainer()) + 20] });
}

/** @param {Place} place @param {{move?: boolean}} [options] */
function ask(place, options) {
  go({ ...nothingShown(), ...placeWords(place) });
  tell(place, options);
}

/** Nothing is asked about any more. */
function forget() {
  asking.abort();
  here.remove();
  layers.forget();
  outline();
  panel.showOverview();
}

/** Outline what the filters are narrowed to, or nothing. @param {{fit?: boolean}} [options] */
async function outline({ fit = false } = {}) {
  try {
    await ground.highlight(shared?.area() ?? null, { fit, maxZoom: 17 });
    layers.rewrite();
  } catch (problem) {
    say(problem.message);
  }
}

/** Draw the day the address names, if it is another one than before, with what its edition changed. */
function showDay() {
  const asked = readDay(params());
  const note = document.getElementById("day-note");
  note.hidden = asked === null;
  note.querySelector("b").textContent = asked ?? "";
  days?.show(asked);
  if (asked !== day) {
    say("");
  }
  day = asked;
  ground.showDay(day, days?.pointedOut(day)).catch((problem) => say(problem.message));
}

/** @param {string | null} picked */
function pickDay(picked) {
  go({ on: picked });
  showDay();
  const place = readPlace(params());
  if (place) {
    tell(place);
  } else {
    outline();
  }
}

/** Show what the address says: after back, forward, or opening a link. */
function restore() {
  const view = readView(params());
  if (view) {
    map.setView([view.lat, view.lon], view.zoom, { animate: false });
  }
  showDay();
  showSaid();
}

/** All of the address but where the map stands and which day it shows. */
function showSaid() {
  const place = readPlace(params());
  if (place) {
    tell(place);
  } else {
    forget();
  }
  layers.restore().catch((problem) => say(problem.message));
}

/** @type {Context["open"]} */
function open(words, { fit = false } = {}) {
  go(words);
  showSaid();
  if (fit && shared?.area()) {
    outline({ fit });
  } else if (fit) {
    map.fitBounds(ground.bounds());
  }
}

/** The view is written into the present entry: moving about makes no history. */
function noteView() {
  const { lat, lng: lon } = map.getCenter();
  const query = changed(location.search, viewWords({ lat, lon, zoom: map.getZoom() }));
  history.replaceState(null, "", query);
}

/** @param {Node | null} content  of the legend */
function explain(content) {
  legend.hidden = content === null;
  legend.querySelector("[data-part=legend]").replaceChildren(...(content ? [content] : []));
}

async function start() {
  await ground.ready;
  map.on("moveend", noteView);
  map.on("click", (event) => ask({ lat: event.latlng.lat, lon: event.latlng.lng }));
  mountSearch(document.getElementById("search"), {
    places: page.places,
    onPick: ({ lat, lon }) => ask({ lat, lon }, { move: true }),
  });
  const context = { map, ground, panel, today: page.today, given: page.filters, params, go, open, outline, say, ask };
  shared = page.filters && (await import(page.filters.module)).mount(context, page.filters);
  const beside = mountBeside(map, {
    pair: document.getElementById("pair"),
    ground: { areas: page.areas, rivers: page.rivers },
    whole: ground.bounds,
    onAsk: ask,
    onProblem: (problem) => say(problem.message),
  });
  layers = mountLayers(context, {
    beside,
    described: page.layers,
    shared,
    tabs: document.getElementById("layers"),
    common: document.getElementById("layers-common"),
    waiting: document.getElementById("layers-loading"),
    explain,
  });
  mountPrinting({
    button: document.getElementById("print"),
    legend,
    sheet: document,
    map,
    second: beside.map,
    whole: ground.bounds,
    words: layers.words,
    now: () => new Date(),
  });
  globalThis.addEventListener("popstate", restore);
  document.getElementById("day-back").addEventListener("click", () => pickDay(null));
  restore();
  if (shared?.area() && !readView(params())) {
    outline({ fit: true });
  }
  const editions = await request(page.editions);
  days = mountDays(document.getElementById("days"), { editions, today: page.today, onPick: pickDay });
  showDay();
}

start().catch((problem) => say(problem.message));
