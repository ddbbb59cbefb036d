// One edition on its map: what it changes over what is in force, what was found wrong; and giving cases their new area.

import { givenToPage, make } from "./dom.js";
import { makeMap, showGround } from "./ground.js";
import { SEVERITY_STYLES, changeWords, legendOf, styleOf } from "./registry_colours.js";
import { Problem, request } from "./request.js";

const L = globalThis.L;
const LISTED = 300;
const page = givenToPage();
const status = document.getElementById("map-status");
const element = document.getElementById("map");
const map = makeMap(element, { label: "这一版与现行边界，可用方向键移动、加减键缩放" });
const ground = showGround(map, { areas: page.areas, rivers: page.rivers, confined: false, onProblem: (problem) => say(problem.message) });

/** @type {Map<string, L.Layer>} by code */
const areas = new Map();
/** @type {Map<string, L.Layer>} by number */
const places = new Map();

/** @param {string} words */
function say(words) {
  status.textContent = words;
}

/** @param {...string} lines */
function popup(...lines) {
  return make("div", {}, ...lines.filter(Boolean).map((it) => make("p", { class: "popup-line" }, it)));
}

async function showChanges() {
  const { features } = await request(page.changes);
  // The larger under the smaller, so that each can be seen and pressed.
  const ranks = ["district", "town", "community", "grid"];
  features.sort((a, b) => ranks.indexOf(a.properties.level) - ranks.indexOf(b.properties.level));
  const layer = L.geoJSON(
    { type: "FeatureCollection", features },
    {
      style: ({ properties }) => styleOf(properties),
      onEachFeature: ({ properties }, drawn) => {
        areas.set(properties.code, drawn);
        drawn.bindPopup(() => popup(properties.name, `${changeWords(properties, page.change_names)} · ${properties.code}`));
      },
    },
  ).addTo(map);
  return { features, bounds: boundsOf(layer) };
}

/** Where the finest of the changes lie: what they are changed in reaches much farther. @param {L.GeoJSON} layer */
function boundsOf(layer) {
  const levels = layer.getLayers().map((it) => it.feature.properties.level);
  const finest = ["grid", "community", "town", "district"].find((level) => levels.includes(level));
  const drawn = layer.getLayers().filter((it) => it.feature.properties.level === finest);
  return drawn.reduce((bounds, it) => bounds.extend(it.getBounds()), L.latLngBounds([]));
}

async function showFindings() {
  if (!page.findings) {
    return [];
  }
  const { features } = await request(page.findings);
  L.geoJSON(
    { type: "FeatureCollection", features },
    {
      style: ({ properties }) => SEVERITY_STYLES[properties.severity] ?? SEVERITY_STYLES.note,
      pointToLayer: ({ properties }, at) => L.circleMarker(at, { radius: 8, ...(SEVERITY_STYLES[properties.severity] ?? SEVERITY_STYLES.note) }),
      onEachFeature: ({ id, properties }, drawn) => {
        places.set(String(id), drawn);
        drawn.bindPopup(() => popup(properties.sentence));
      },
    },
  ).addTo(map);
  return features;
}

/** Go to something on the map and open what it says. @param {L.Layer | undefined} drawn @param {number} zoom */
function lookAt(drawn, zoom) {
  if (!drawn) {
    say("这一处没有画在图上。");
    return;
  }
  element.scrollIntoView({ block: "nearest" });
  const bounds = drawn.getBounds ? drawn.getBounds() : L.latLngBounds([drawn.getLatLng()]);
  map.fitBounds(bounds, { maxZoom: zoom, padding: [30, 30] });
  drawn.openPopup();
}

function writeLegend(features, findings) {
  const rows = legendOf(features, findings, page.change_names).map(({ words, colour, shape, line }) => {
    const swatch = make("span", { class: `swatch swatch-${shape} swatch-${line}`, "aria-hidden": "true" });
    swatch.style.setProperty("--swatch", colour);
    return make("li", {}, swatch, words);
  });
  document.getElementById("map-legend").replaceChildren(...rows);
}

async function start() {
  // What is in force may be elsewhere, or nothing at all: the draft of a first district is shown all the same.
  const standing = ground.ready.catch(() => null);
  const [{ features, bounds }, findings] = await Promise.all([showChanges(), showFindings()]);
  if (bounds.isValid()) {
    map.fitBounds(bounds, { padding: [20, 20], maxZoom: 16, animate: false });
  }
  await standing;
  writeLegend(features, findings);
  listAreas(features);
  say(changedWords(features));
}

/** What the map shows, also for those who do not see it or have no mouse. */
function listAreas(features) {
  const box = document.querySelector("[data-part=areas]");
  if (!box || features.length === 0) {
    return;
  }
  const rows = features.toReversed().slice(0, LISTED).map(({ properties: it }) => {
    const name = make("button", { class: "btn btn-link", type: "button", "data-show": it.code }, it.name);
    return make("li", {}, name, " ", make("small", { class: "muted number" }, it.code), ` ${changeWords(it, page.change_names)}`);
  });
  const rest = features.length > LISTED ? [make("li", { class: "muted" }, `只列出前 ${LISTED} 个，共 ${features.length} 个。`)] : [];
  box.querySelector("ul").replaceChildren(...rows, ...rest);
  box.hidden = false;
}

function changedWords(features) {
  const gone = features.filter((it) => it.properties.gone).length;
  const dashed = gone > 0 ? `，其中虚线的 ${gone} 个撤销` : "";
  if (page.is_published) {
    return `彩色为这一版改动的 ${features.length} 个区域${dashed}；灰线为今天的现行边界。`;
  }
  return features.length > 0 ? `彩色为与现行边界不同的 ${features.length} 个区域${dashed}；灰线为现行边界。` : "与现行边界没有差异。";
}

document.addEventListener("click", (event) => {
  const { look, show } = event.target.closest("[data-look], [data-show]")?.dataset ?? {};
  if (look) {
    lookAt(places.get(look), 18);
  } else if (show) {
    lookAt(areas.get(show), 17);
  }
});
document.querySelector("[data-part=refusal], .has-problem input, .has-problem select")?.focus();
start().catch((problem) => say(problem.message));

// ---- cases into their new areas ------------------------------------------------------------------------------------

const reroute = document.querySelector("[data-part=reroute]");

/** Chunk by chunk until it is finished; each is whole by itself, so that stopping harms nothing. @param {Event} event */
async function rerouteAll(event) {
  event.preventDefault();
  const button = reroute.querySelector("button");
  const bar = reroute.querySelector("[data-part=progress]");
  const words = reroute.querySelector("[data-part=reroute-words]");
  button.disabled = true;
  bar.hidden = false;
  words.textContent = "正在归入…";
  try {
    for (let finished = false; !finished; ) {
      const progress = await request(reroute.action, { form: new FormData(reroute) });
      finished = progress.finished;
      bar.value = finished ? 100 : Math.floor((100 * progress.done) / Math.max(1, progress.total));
      words.textContent = `已看过 ${progress.done} 件，共 ${progress.total} 件；${progress.moved} 件换了网格。${finished ? "全部完成。" : ""}`;
    }
    button.hidden = true;
    markReached(document.querySelector(".edition-steps .current"));
  } catch (problem) {
    words.textContent = problem instanceof Problem ? `${problem.detail}；再按一次接着做。` : String(problem);
    button.disabled = false;
    button.textContent = "接着归入";
  }
}

/** @param {HTMLElement | null} step  of the row of steps */
function markReached(step) {
  step?.classList.replace("current", "reached");
  step?.removeAttribute("aria-current");
}

reroute?.addEventListener("submit", rerouteAll);
