// Areas filled by what is said of them, under the outlines and names of the ground.

import { HatchCanvas } from "./hatch.js";

/** @typedef {import("./scales.js").Look} Look */

const L = globalThis.L;
const PANE = "theme";
/** Between the paper and the rivers: see the panes of the ground. */
const DEPTH = "285";
const EDGE = "#7d8c94";
/** Where the map is farther out than this, edges drawn in full would hide the fills of small areas. */
const NEAR_ZOOM = 12;

/** The pane thematic drawings lie in. @param {L.Map} map @returns {string} */
export function themePane(map) {
  if (!map.getPane(PANE)) {
    const pane = map.createPane(PANE);
    pane.style.zIndex = DEPTH;
    pane.style.pointerEvents = "none";
  }
  return PANE;
}

/** @type {WeakMap<L.Map, L.Canvas>} */
const renderers = new WeakMap();

/** @param {L.Map} map */
function rendererOf(map) {
  if (!renderers.has(map)) {
    renderers.set(map, new HatchCanvas({ pane: themePane(map), padding: 0.3 }));
  }
  return renderers.get(map);
}

/**
 * @param {Look} look
 * @param {boolean} near
 * @returns {L.PathOptions}
 */
function pathOf({ fill, stroke, hatch = false, dashed = false }, near) {
  const strong = Boolean(stroke);
  return {
    color: stroke ?? EDGE,
    weight: dashed ? 1.4 : strong ? 1 : 0.6,
    opacity: near || strong ? 1 : 0.25,
    dashArray: dashed ? "3 3" : null,
    fill: Boolean(fill),
    fillColor: fill,
    fillOpacity: 0.85,
    hatch,
  };
}

/**
 * @param {L.Map} map
 * @param {any} ground
 * @returns {{draw: (level: string, lookOf: (code: string) => Look | null) => Promise<void>, clear: () => void}} `draw`
 *   draws the areas of a level as they are today; null leaves one out. A later call wins over an earlier one
 */
export function choropleth(map, ground) {
  const group = L.layerGroup().addTo(map);
  let turn = 0;
  let near = false;
  /** @type {Map<string, Look>} */
  let looks = new Map();
  const style = (feature) => pathOf(looks.get(feature.id), near);
  function restyle() {
    if (near !== map.getZoom() >= NEAR_ZOOM) {
      near = !near;
      group.eachLayer((it) => it.setStyle(style));
    }
  }
  return {
    async draw(level, lookOf) {
      turn += 1;
      const mine = turn;
      const features = await ground.today(level);
      if (mine !== turn) {
        return;
      }
      group.clearLayers();
      map.on("zoomend", restyle);
      near = map.getZoom() >= NEAR_ZOOM;
      looks = new Map(features.map((it) => [it.id, lookOf(it.id)]));
      const shown = features.filter((it) => looks.get(it.id));
      // Strong outlines last, so that no neighbour covers them.
      shown.sort((a, b) => Number(Boolean(looks.get(a.id).stroke)) - Number(Boolean(looks.get(b.id).stroke)));
      L.geoJSON(
        { type: "FeatureCollection", features: shown },
        { style, pane: themePane(map), renderer: rendererOf(map), interactive: false },
      ).addTo(group);
    },
    clear() {
      turn += 1;
      map.off("zoomend", restyle);
      group.clearLayers();
    },
  };
}
