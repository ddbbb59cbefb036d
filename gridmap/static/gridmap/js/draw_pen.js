// The pen: a line drawn on a map by mouse, finger or keyboard, point by point, snapping to corners and lines.

import { extended, isClosed, snap } from "./draw_shapes.js";

/** @typedef {import("./shapes.js").Position} Position */

/**
 * @typedef {object} Pen
 * @property {(shapes: import("./draw_shapes.js").Geometry[], options?: {closes?: boolean}) => void} start  draw over these
 *   shapes, whose corners and lines attract; with `closes` the line may come back to its beginning
 * @property {() => void} stop     no more drawing; the line is gone
 * @property {(at: L.LatLng) => void} add  the next point, where the map was clicked
 * @property {() => void} clear    begin the line again
 * @property {() => void} back     take the last point away
 * @property {() => void} finish   the line is done, as a double click says
 * @property {() => Position[]} line
 * @property {() => boolean} isDrawing
 */

const L = globalThis.L;
const LINE = { color: "#b3261e", weight: 3, opacity: 1, interactive: false };
const RUBBER = { ...LINE, weight: 2, dashArray: "6 6", opacity: 0.8 };
const POINT = { radius: 5, color: "#b3261e", weight: 2, fillColor: "#fff", fillOpacity: 1, interactive: false };
const CAUGHT = { corner: { radius: 8, weight: 3 }, edge: { radius: 6, weight: 2 } };
const REACH = { fine: 12, coarse: 20 };
// A finger moves between the two taps of a double tap.
const SAME_PIXELS = 6;

/**
 * @param {L.Map} map
 * @param {object} told
 * @param {(line: Position[]) => void} told.onChange  a point was added or taken away
 * @param {(line: Position[]) => void} told.onFinish  the line is done
 * @param {() => boolean} told.isHeld  while the line may not be changed
 * @returns {Pen}
 */
export function makePen(map, { onChange, onFinish, isHeld }) {
  const layer = L.layerGroup();
  const drawn = L.polyline([], LINE).addTo(layer);
  const rubber = L.polyline([], RUBBER).addTo(layer);
  const points = L.layerGroup().addTo(layer);
  const caught = L.circleMarker([0, 0], { color: "#08434c", fill: false, interactive: false });
  const reach = globalThis.matchMedia("(pointer: coarse)").matches ? REACH.coarse : REACH.fine;
  const toPixel = ([lon, lat]) => map.latLngToContainerPoint([lat, lon]);
  /** @type {import("./draw_shapes.js").Geometry[]} */
  let shapes = [];
  /** @type {Position[]} */
  let line = [];
  let drawing = false;
  let closes = false;

  /** @param {L.LatLng} at */
  function meant(at) {
    const also = closes && line.length >= 3 ? [line[0]] : [];
    return snap([at.lng, at.lat], shapes, { toPixel, reach, also });
  }

  function show() {
    drawn.setLatLngs(line.map(([lon, lat]) => [lat, lon]));
    points.clearLayers();
    line.forEach(([lon, lat]) => L.circleMarker([lat, lon], POINT).addTo(points));
    rubber.setLatLngs([]);
    caught.remove();
  }

  /** @param {L.LatLng} at */
  function follow(at) {
    const { place, on } = meant(at);
    const [lon, lat] = place;
    const last = line.at(-1);
    rubber.setLatLngs(last ? [[last[1], last[0]], [lat, lon]] : []);
    if (on) {
      caught.setLatLng([lat, lon]).setStyle(CAUGHT[on]).setRadius(CAUGHT[on].radius).addTo(layer);
    } else {
      caught.remove();
    }
  }

  /** @param {L.LatLng} at */
  function add(at) {
    const { place } = meant(at);
    const last = line.at(-1);
    const near = last && toPixel(last).distanceTo(toPixel(place)) < SAME_PIXELS;
    const longer = near || isHeld() ? line : extended(line, place);
    if (longer === line) {
      return;
    }
    line = longer;
    show();
    onChange(line);
    if (closes && isClosed(line)) {
      finish();
    }
  }

  function finish() {
    if (drawing && !isHeld() && line.length >= 2) {
      onFinish(line);
    }
  }

  function back() {
    if (drawing && !isHeld() && line.length > 0) {
      line = line.slice(0, -1);
      show();
      onChange(line);
    }
  }

  function clear() {
    line = [];
    show();
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const deeds = { Enter: finish, Backspace: back, Delete: back, " ": () => add(map.getCenter()) };
    if (drawing && deeds[event.key]) {
      event.preventDefault();
      deeds[event.key]();
    }
  }

  map.on("dblclick", () => finish());
  map.on("mousemove", (event) => drawing && follow(event.latlng));
  map.on("move", () => drawing && map.getContainer().matches(":focus-visible:not(.by-pointer)") && follow(map.getCenter()));
  map.getContainer().addEventListener("keydown", key);

  return {
    start(over, options = {}) {
      shapes = over;
      closes = options.closes ?? false;
      drawing = true;
      clear();
      layer.addTo(map);
      map.doubleClickZoom.disable();
      map.getContainer().classList.add("is-drawing");
    },
    stop() {
      drawing = false;
      clear();
      layer.remove();
      map.doubleClickZoom.enable();
      map.getContainer().classList.remove("is-drawing");
    },
    add: (at) => drawing && add(at),
    clear,
    back,
    finish,
    line: () => line,
    isDrawing: () => drawing,
  };
}
