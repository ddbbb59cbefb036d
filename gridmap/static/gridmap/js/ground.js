// The map of a page: towns, first- and second-level grids by zoom, their names, and one of them highlighted.
// Used by the one map, by reporting and by a case's page. Leaflet is a classic script, hence the global L.

import { request } from "./request.js";
import { labelPlace, levelOf, levelsAt, middleOf, shortName, waterWidth, withoutClutter } from "./shapes.js";

/** @typedef {import("./shapes.js").Level} Level */

/**
 * @typedef {object} AreaFeature A GeoJSON feature of the areas collection.
 * @property {string} id
 * @property {{type: string, coordinates: any}} geometry
 * @property {{code: string, name: string, level: Level, kind: string, parent: string | null}} properties
 */

/**
 * @typedef {object} Ground What is drawn under everything else on a map.
 * @property {Promise<void>} ready  fulfilled when the towns are drawn; rejected with an Error whose message can be shown
 * @property {(code: string | null, options?: {fit?: boolean, maxZoom?: number}) => Promise<L.LatLngBounds | null>} highlight
 *   outlines one area (null: none) and, with `fit`, moves the map to it; gives its bounds, or null when the area is
 *   unknown. A later call wins over an earlier one still loading.
 * @property {(day: string | null, stop?: {day: string, editions: number[]} | null) => Promise<void>} showDay
 *   draws the areas of another day (YYYY-MM-DD, null: today) and points out those that these editions, all beginning on
 *   the stop's day, drew, and dashed those that they ended; rejected with an Error that can be shown. A later call wins
 *   over an earlier one still loading.
 * @property {(features: AreaFeature[], within: string) => void} nameInstead
 *   writes the names of these areas for those of the communities and grids whose codes begin so
 * @property {(code: string) => string} nameOf  the area's name if it was loaded, else ""
 * @property {() => AreaFeature[]} towns         the towns, once ready
 * @property {() => L.LatLngBounds} bounds       of the towns; not valid before they are there
 * @property {(level: Level) => Promise<AreaFeature[]>} today  the areas of a level as they are today, whatever day is drawn
 */

const L = globalThis.L;

const ZOOM_MAX = 19;
const LINES = {
  town: { color: "#3d5a66", weight: 2.5, opacity: 0.9, fill: false },
  community: { color: "#5f7f8c", weight: 1.4, opacity: 0.8, fill: false },
  grid: { color: "#8fa6af", weight: 1, opacity: 0.9, fill: false, dashArray: "3 3" },
};
const PAPER = { stroke: false, fill: true, fillColor: "#fbfcfb", fillOpacity: 1 };
const WATER = { color: "#a9d3e6", opacity: 1 };
const HIGHLIGHT = { color: "#0b6b6b", weight: 4, opacity: 1, fill: true, fillColor: "#0b6b6b", fillOpacity: 0.1 };
const CHANGED = { color: "#9a4a00", weight: 2.5, opacity: 0.95, fill: true, fillColor: "#e07b00", fillOpacity: 0.3 };
const GONE = { color: "#4a2a8a", weight: 3, opacity: 1, dashArray: "8 6", fill: false };
const LABELLED_FROM = { river: 12, town: 0, community: 13.5, grid: 15.5 };
const LABELLED_UNTIL = { river: Infinity, town: 14, community: 16.5, grid: Infinity };
const LETTER = { river: 12, town: 14, community: 12.5, grid: 11.5 };

/**
 * Make the Leaflet map of a page: drawn on a canvas, no base map, used by mouse, finger and keyboard, with a scale in
 * metres.
 *
 * Without `bounds` and `view` the map stands nowhere until {@link showGround} has the towns and fits them.
 *
 * @param {HTMLElement} element  needs a height of its own
 * @param {object} [options]
 * @param {[[number, number], [number, number]]} [options.bounds]  south-west and north-east corner, each [lat, lon]
 * @param {{lat: number, lon: number, zoom: number}} [options.view]  stand here instead of showing all of the bounds
 * @param {string} [options.label]  what a screen reader calls the map
 * @returns {L.Map}
 */
export function makeMap(element, { bounds, view, label = "地图，可用方向键移动、加减键缩放" } = {}) {
  const still = globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, {
    preferCanvas: true,
    renderer: L.canvas({ padding: 0.3, tolerance: 6 }),
    attributionControl: false,
    zoomControl: false,
    keyboard: true,
    zoomSnap: 0.5,
    wheelPxPerZoomLevel: 90,
    maxZoom: ZOOM_MAX,
    maxBoundsViscosity: 0.7,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
    inertia: !still,
  });
  element.setAttribute("role", "region");
  element.setAttribute("aria-label", label);
  element.classList.add("ground");
  // Leaflet focuses the map on a press; the ring is for those who came by keyboard.
  element.addEventListener("pointerdown", () => element.classList.add("by-pointer"));
  element.addEventListener("keydown", () => element.classList.remove("by-pointer"));
  element.addEventListener("blur", () => element.classList.remove("by-pointer"));
  L.control.zoom({ position: "topright", zoomInTitle: "放大", zoomOutTitle: "缩小" }).addTo(map);
  L.control.scale({ position: "bottomleft", metric: true, imperial: false, maxWidth: 120 }).addTo(map);
  if (bounds) {
    keepInside(map, L.latLngBounds(bounds));
  }
  if (view) {
    map.setView([view.lat, view.lon], view.zoom, { animate: false });
  } else if (bounds) {
    map.fitBounds(bounds, { animate: false });
  }
  return map;
}

/** The word 示意: the outlines are made up. @returns {L.Control} */
function schematicNote() {
  const note = new L.Control({ position: "bottomright" });
  note.onAdd = () => {
    const words = L.DomUtil.create("p", "schematic ground-note");
    words.textContent = "示意图 · 网格界线非法定界线";
    words.title = "Schematic: the outlines are made up for demonstration";
    return words;
  };
  return note;
}

/** @param {L.Map} map @param {L.LatLngBounds} bounds */
function keepInside(map, bounds) {
  map.setMaxBounds(bounds.pad(0.4));
  map.setMinZoom(Math.floor(map.getBoundsZoom(bounds) * 2) / 2 - 0.5);
}

/**
 * Draw the areas of the district on a map: towns at once, communities and grids when first zoomed to.
 *
 * A map that stands nowhere yet is fitted to the towns. Where the edition says its outlines are schematic, the word
 * 示意 stands in a corner.
 *
 * @param {L.Map} map
 * @param {object} options
 * @param {string} options.areas  address of the areas collection (GeoJSON)
 * @param {boolean} [options.confined]  keep the map about the towns; false where something else may be shown too
 * @param {string | null} [options.on]  the day whose boundaries are drawn first, YYYY-MM-DD; else today
 * @param {string} [options.rivers]  address of the rivers collection; without it no water is drawn
 * @param {(problem: Error) => void} [options.onProblem]  told when a level could not be loaded; it is tried again at
 *   the next move
 * @returns {Ground}
 */
export function showGround(map, { areas, rivers, confined = true, on = null, onProblem = () => {} }) {
  let day = on;
  /** Counts the days that were shown: what is still being read for an earlier one is not drawn. */
  let turn = 0;
  /** Counts the calls of showDay, likewise for what it points out. */
  let pointing = 0;
  /** @param {Record<string, string>} [query] @returns {Promise<AreaFeature[]>} */
  const read = async (query) => (await request(areas, { query: { ...query, on: day } })).features;
  /** @type {Map<string, AreaFeature>} */
  const known = new Map();
  /** @type {Map<Level, {outline: L.GeoJSON, features: AreaFeature[]}>} */
  const drawn = new Map();
  /** @type {Set<Level>} */
  const loading = new Set();
  /** @type {{features: AreaFeature[], within: string} | null} */
  let instead = null;
  const names = L.layerGroup().addTo(map);
  const paper = L.layerGroup().addTo(map);
  const changes = L.layerGroup().addTo(map);
  const note = schematicNote();
  PANES.forEach(([name, depth]) => paneBelow(map, name, depth));

  /** @param {Level} level */
  async function load(level) {
    const mine = turn;
    loading.add(level);
    try {
      const features = await read({ level });
      if (mine !== turn) {
        return;
      }
      features.forEach((it) => known.set(it.id, it));
      const outline = L.geoJSON(
        { type: "FeatureCollection", features },
        { style: LINES[level], ...inPane(map, "ground") },
      );
      drawn.set(level, { outline, features });
    } finally {
      if (mine === turn) {
        loading.delete(level);
      }
    }
  }

  function refresh() {
    const wanted = levelsAt(map.getZoom());
    for (const level of wanted) {
      if (!drawn.has(level) && !loading.has(level)) {
        load(level).then(refresh, onProblem);
      }
    }
    for (const [level, { outline }] of drawn) {
      if (level === "river" || wanted.includes(level)) {
        outline.addTo(map);
      } else {
        outline.remove();
      }
    }
    writeNames(map, names, new Map([...drawn].map(([level, { features }]) => [level, named(level, features)])), known);
  }

  /** @param {Level} level @param {AreaFeature[]} features */
  function named(level, features) {
    if (!instead || !["community", "grid"].includes(level)) {
      return features;
    }
    const others = features.filter((it) => !it.id.startsWith(instead.within));
    return [...others, ...instead.features.filter((it) => it.properties.level === level)];
  }

  async function loadRivers() {
    const { features } = await request(rivers);
    await ready;
    const water = L.geoJSON({ type: "FeatureCollection", features }, { style: WATER, ...inPane(map, "water") }).addTo(map);
    const swell = () => water.setStyle({ weight: waterWidth(map.getZoom()) });
    map.on("zoomend", swell);
    swell();
    drawn.set("river", { outline: L.layerGroup(), features });
    refresh();
  }

  /** The towns with the paper under them; false when another day was asked for meanwhile. */
  async function drawTowns() {
    const mine = turn;
    await load("town");
    if (mine !== turn) {
      return false;
    }
    const { features, outline } = drawn.get("town");
    paper.clearLayers();
    L.geoJSON({ type: "FeatureCollection", features }, { style: PAPER, ...inPane(map, "paper") }).addTo(paper);
    if (features.some((it) => it.properties.schematic)) {
      note.addTo(map);
    } else {
      note.remove();
    }
    await standOn(outline.getBounds());
    return true;
  }

  /** @param {L.LatLngBounds} bounds  of the towns; nothing on a day before the first edition */
  async function standOn(bounds) {
    if (!bounds.isValid() && day !== null) {
      onProblem(new Error(`${day} 还没有生效的边界 (nothing in force on that day)`));
      bounds = L.geoJSON((await request(areas, { query: { level: "district" } })).features).getBounds();
    }
    if (!bounds.isValid()) {
      throw new Error("还没有发布区域边界 (no district is published yet)");
    }
    if (confined) {
      keepInside(map, bounds);
    }
    if (!isPlaced(map)) {
      map.fitBounds(bounds, { animate: false });
    }
  }

  const ready = drawTowns().then(() => {
    map.on("zoomend moveend", refresh);
    refresh();
  });

  /** @type {Ground["showDay"]} */
  async function showDay(other, stop = null) {
    pointing += 1;
    const mine = pointing;
    if (other !== day) {
      turn += 1;
      day = other;
      clear();
      if (!(await drawTowns())) {
        return;
      }
      refresh();
    }
    const drawnThen = Promise.all((stop?.editions ?? []).map((edition) => read({ edition: String(edition) })));
    const goneThen = stop ? request(areas, { query: { on: stop.day, gone: "true" } }) : { features: [] };
    const [made, { features: gone }] = await Promise.all([drawnThen, goneThen]);
    if (mine === pointing) {
      changes.clearLayers();
      for (const [features, style] of [[made.flat(), CHANGED], [gone, GONE]]) {
        L.geoJSON({ type: "FeatureCollection", features: finest(features) }, { style, ...inPane(map, "changes") }).addTo(changes);
      }
    }
  }

  /** @type {Map<Level, Promise<AreaFeature[]>>} */
  const nowadays = new Map();

  /** @type {Ground["today"]} */
  function today(level) {
    if (!nowadays.has(level)) {
      const reading = request(areas, { query: { level } }).then(({ features }) => features);
      reading.catch(() => nowadays.delete(level));
      nowadays.set(level, reading);
    }
    return nowadays.get(level);
  }

  function clear() {
    for (const [level, { outline }] of drawn) {
      if (level !== "river") {
        outline.remove();
        drawn.delete(level);
      }
    }
    known.clear();
    loading.clear();
    changes.clearLayers();
    names.clearLayers();
    outlined?.remove();
    outlined = null;
    asked += 1;
  }

  if (rivers) {
    loadRivers().catch(onProblem);
  }

  /** @type {L.GeoJSON | null} */
  let outlined = null;
  let asked = 0;

  /** @type {Ground["highlight"]} */
  async function highlight(code, { fit = false, maxZoom = 16.5 } = {}) {
    asked += 1;
    const mine = asked;
    const feature = code ? await featureOf(code, known, read) : null;
    if (mine !== asked) {
      return null;
    }
    outlined?.remove();
    outlined = null;
    if (!feature) {
      return null;
    }
    await ready;
    outlined = L.geoJSON(feature, {
      style: HIGHLIGHT,
      ...inPane(map, "ground"),
    }).addTo(map);
    outlined.bringToFront();
    const bounds = outlined.getBounds();
    if (fit) {
      map.fitBounds(bounds, { padding: [24, 24], maxZoom });
    }
    return bounds;
  }

  return {
    ready,
    highlight,
    showDay,
    nameInstead: (features, within) => {
      instead = { features, within };
      if (isPlaced(map)) {
        refresh();
      }
    },
    nameOf: (code) => known.get(code)?.properties.name ?? "",
    towns: () => drawn.get("town")?.features ?? [],
    bounds: () => drawn.get("town")?.outline.getBounds() ?? L.latLngBounds([]),
    today,
  };
}

/** Those that hold none of the others: what is drawn inside a redrawn area says more than its outline. @param {AreaFeature[]} features */
function finest(features) {
  const parents = new Set(features.map((it) => it.properties.parent));
  return features.filter((it) => !parents.has(it.id));
}

/** From the deepest: the towns' ground, the rivers on it, what changed, outlines and names. All below every marker. */
const PANES = [
  ["paper", 280],
  ["water", 290],
  ["changes", 295],
  ["ground", 300],
];

/** Nothing in these panes catches a click. @param {L.Map} map @param {string} name @param {number} depth */
function paneBelow(map, name, depth) {
  if (!map.getPane(name)) {
    const pane = map.createPane(name);
    pane.style.zIndex = String(depth);
    pane.style.pointerEvents = "none";
  }
}

/** @type {WeakMap<L.Map, Map<string, L.Canvas>>} */
const renderers = new WeakMap();

/** @param {L.Map} map @param {string} pane @returns {L.PathOptions} */
function inPane(map, pane) {
  const made = renderers.get(map) ?? new Map();
  renderers.set(map, made);
  if (!made.has(pane)) {
    made.set(pane, L.canvas({ pane, padding: 0.3 }));
  }
  return { pane, renderer: made.get(pane), interactive: false };
}

/** Whether the map stands somewhere yet; Leaflet has no question for it. @param {L.Map} map @returns {boolean} */
function isPlaced(map) {
  try {
    map.getCenter();
    return true;
  } catch {
    return false;
  }
}

/**
 * One area, from those loaded or by itself.
 * @param {string} code
 * @param {Map<string, AreaFeature>} known
 * @param {(query: Record<string, string>) => Promise<AreaFeature[]>} read
 * @returns {Promise<AreaFeature | null>}
 */
async function featureOf(code, known, read) {
  const level = levelOf(code);
  if (!known.has(code) && level) {
    const features = await read({ area: code, level });
    features.forEach((it) => known.set(it.id, it));
  }
  return known.get(code) ?? null;
}

/**
 * Write the names that have room, the larger areas' first.
 * @param {L.Map} map
 * @param {L.LayerGroup} names
 * @param {Map<Level, AreaFeature[]>} drawn
 * @param {Map<string, AreaFeature>} known
 */
function writeNames(map, names, drawn, known) {
  const zoom = map.getZoom();
  const view = map.getBounds().pad(0.05);
  const candidates = [];
  for (const [level, features] of drawn) {
    if (zoom < LABELLED_FROM[level] || zoom > LABELLED_UNTIL[level]) {
      continue;
    }
    for (const feature of features) {
      const place = placeOf(feature);
      if (place && view.contains([place.lat, place.lon])) {
        candidates.push(asLabel(map, level, feature, place, known));
      }
    }
  }
  names.clearLayers();
  for (const label of withoutClutter(candidates)) {
    const icon = L.divIcon({
      className: `ground-name ground-name-${label.level}`,
      html: L.Util.template("<span>{text}</span>", { text: escaped(label.text) }),
      iconSize: [0, 0],
    });
    // Leaflet stacks markers by latitude, which would sink the northern ones below the outlines.
    L.marker([label.lat, label.lon], { icon, interactive: false, keyboard: false, pane: "ground", zIndexOffset: 100_000 }).addTo(names);
  }
}

/** @type {WeakMap<AreaFeature, ReturnType<typeof labelPlace>>} */
const places = new WeakMap();

/** @param {AreaFeature} feature */
function placeOf(feature) {
  if (!places.has(feature)) {
    const isLine = feature.geometry.type.endsWith("LineString");
    places.set(feature, isLine ? middleOf(feature.geometry) : labelPlace(feature.geometry));
  }
  return places.get(feature);
}

function asLabel(map, level, feature, place, known) {
  const { name, parent } = feature.properties;
  const text = shortName(name, known.get(parent)?.properties.name);
  const { x, y } = map.latLngToContainerPoint([place.lat, place.lon]);
  return {
    ...place,
    level,
    text,
    x,
    y,
    width: text.length * LETTER[level],
    height: LETTER[level] * 1.5,
    room: place.box ? width(map, place) : Infinity,
  };
}

/** How many pixels wide the part is that a name is written in. */
function width(map, { lat, box }) {
  return map.latLngToContainerPoint([lat, box.east]).x - map.latLngToContainerPoint([lat, box.west]).x;
}

/** @param {string} text @returns {string} */
function escaped(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element.innerHTML;
}
