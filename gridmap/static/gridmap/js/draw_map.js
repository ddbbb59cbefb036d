// The map under the pen: the draft's grids over the edition in force, those chosen, and what an edit would make.

import { countWords, groundWords, holds } from "./draw_shapes.js";
import { makeMap, showGround } from "./ground.js";
import { labelPlace } from "./shapes.js";

/** @typedef {import("./ground.js").AreaFeature} AreaFeature */

const L = globalThis.L;
const GRID = { color: "#33505b", weight: 1.2, opacity: 0.9, fill: true, fillColor: "#fff", fillOpacity: 0.01 };
const CHANGED = { ...GRID, fillColor: "#e0a100", fillOpacity: 0.22 };
const ABOVE = { color: "#33505b", weight: 2.6, opacity: 0.85, fill: false };
const CHOSEN = { color: "#0b6b6b", weight: 4, opacity: 1, fill: true, fillColor: "#0b6b6b", fillOpacity: 0.14 };
const TAKER = { ...CHOSEN, color: "#6b3fa0", fillColor: "#6b3fa0" };
// Told apart by lightness too; the swatches in the style sheet have the same colours.
const PIECES = [
  { color: "#08434c", weight: 3, opacity: 1, fill: true, fillColor: "#0b6b6b", fillOpacity: 0.45 },
  { color: "#7a4b00", weight: 3, opacity: 1, fill: true, fillColor: "#ffc857", fillOpacity: 0.6 },
];
const MARK = { radius: 12, color: "#b3261e", weight: 4, fill: false, interactive: false };
const CLOSE = 17;
// From afar full lines would be one dark patch.
const widths = (zoom) => (zoom < 13 ? { grid: 0.5, above: 1.1 } : { grid: GRID.weight, above: ABOVE.weight });

/**
 * @param {HTMLElement} element
 * @param {{areas: string, rivers: string, scope: string}} page
 * @param {{onPlace: (at: L.LatLng) => void, onProblem: (problem: Error) => void}} told
 */
export function mountDraftMap(element, page, { onPlace, onProblem }) {
  const map = makeMap(element, { label: "草稿地图，方向键移动、加减键缩放；画线时空格在地图中心加点" });
  const ground = showGround(map, { areas: page.areas, rivers: page.rivers, onProblem });
  ground.ready.catch(onProblem);
  const layers = { draft: L.layerGroup(), chosen: L.layerGroup(), preview: L.layerGroup(), mark: L.layerGroup() };
  Object.values(layers).forEach((it) => it.addTo(map));
  // On a phone the panel grows and shrinks below the map.
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);
  /** @type {Map<string, AreaFeature>} */
  let grids = new Map();
  /** @type {{grid: L.GeoJSON | null, above: L.GeoJSON | null}} */
  let lines = { grid: null, above: null };
  map.on("click", ({ latlng }) => onPlace(latlng));
  map.on("zoomend", thin);

  function thin() {
    const wide = widths(map.getZoom());
    lines.grid?.setStyle({ weight: wide.grid });
    lines.above?.setStyle({ weight: wide.above });
  }

  /** @param {AreaFeature[]} features @param {L.PathOptions | ((it: AreaFeature) => L.PathOptions)} style */
  const outline = (features, style) => L.geoJSON({ type: "FeatureCollection", features }, { style, interactive: false });

  return {
    map,
    /** The draft's areas, all anew. @param {AreaFeature[]} features */
    show(features) {
      const lowest = features.filter((it) => it.properties.lowest);
      grids = new Map(lowest.map((it) => [it.id, it]));
      layers.draft.clearLayers();
      lines = {
        grid: outline(lowest, (it) => (it.properties.changed ? CHANGED : GRID)).addTo(layers.draft),
        above: outline(features.filter((it) => !it.properties.lowest && it.properties.level === "community"), ABOVE).addTo(layers.draft),
      };
      thin();
      ground.nameInstead(features.map(withParent), page.scope);
    },
    /** @param {string} code @returns {AreaFeature} */
    grid: (code) => grids.get(code),
    /** @param {L.LatLng} at @returns {string | null} */
    gridAt: (at) => [...grids.values()].find((it) => holds(it.geometry, [at.lng, at.lat]))?.id ?? null,
    /** By code or name, whole. @param {string} words @returns {string | null} */
    find: (words) => (grids.has(words) ? words : [...grids.values()].find((it) => it.properties.name === words)?.id ?? null),
    /** @param {string[]} codes @param {string} tool */
    choose(codes, tool) {
      layers.chosen.clearLayers();
      codes.forEach((code, order) => {
        outline([grids.get(code)], tool === "hand-over" && order === 1 ? TAKER : CHOSEN).addTo(layers.chosen);
      });
    },
    /** What an edit would make, or nothing. @param {AreaFeature[] | null} features */
    preview(features) {
      layers.preview.clearLayers();
      (features ?? []).forEach((feature, order) => {
        outline([feature], PIECES[order % PIECES.length]).addTo(layers.preview);
        const place = labelPlace(feature.geometry);
        if (place) {
          L.marker([place.lat, place.lon], { icon: label(feature.properties), interactive: false, keyboard: false }).addTo(layers.preview);
        }
      });
    },
    /** Where something is wrong, or nowhere. @param {[number, number] | null} place */
    mark(place) {
      layers.mark.clearLayers();
      if (place) {
        const at = L.latLng(place[1], place[0]);
        L.circleMarker(at, MARK).addTo(layers.mark);
        if (!map.getBounds().contains(at)) {
          map.panTo(at);
        }
      }
    },
    /** Move the map to a grid, or to the whole draft. @param {string | null} code */
    goTo(code) {
      const shown = outline(code ? [grids.get(code)] : [...grids.values()], GRID).getBounds();
      if (shown.isValid()) {
        map.invalidateSize({ animate: false });
        map.fitBounds(shown, { padding: [30, 30], maxZoom: CLOSE, animate: false });
      }
    },
  };
}

/** @param {AreaFeature} it @returns {AreaFeature} */
function withParent(it) {
  return { ...it, properties: { ...it.properties, parent: it.id.slice(0, -3) } };
}

/** @param {{area_m2: number, residents: number | null}} it */
function label({ area_m2: m2, residents }) {
  const element = document.createElement("span");
  element.append(groundWords(m2));
  if (residents !== null) {
    element.append(document.createElement("br"), countWords(residents, "人"));
  }
  return L.divIcon({ className: "draw-label", html: element, iconSize: [0, 0] });
}
