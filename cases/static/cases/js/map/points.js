// Whistles as points on a canvas: shape by level, colour by the time left, a ring where suspended. Tens of thousands of them.

import { LATENESS } from "./scales.js";
import { SHAPES } from "./whistles.js";

const L = globalThis.L;
const SIZE = 7;

/** A circle marker of Leaflet's that draws other shapes; hit and bounds stay a circle's. */
const ShapeMarker = L.CircleMarker.extend({
  _updatePath() {
    const renderer = this._renderer;
    if (!renderer._drawing || this._empty()) {
      return;
    }
    const { x, y } = this._point;
    const { shape, suspended } = this.options;
    const pen = renderer._ctx;
    if (suspended) {
      pen.beginPath();
      pen.arc(x, y, this._radius + 4, 0, 2 * Math.PI);
      pen.lineWidth = 2;
      pen.strokeStyle = "#1b262c";
      pen.stroke();
    }
    pen.beginPath();
    OUTLINES[shape](pen, x, y, this._radius);
    pen.closePath();
    renderer._fillStroke(pen, this);
  },
});

/** @type {Record<string, (pen: CanvasRenderingContext2D, x: number, y: number, r: number) => void>} */
const OUTLINES = {
  square: (pen, x, y, r) => pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7),
  triangle: (pen, x, y, r) => {
    pen.moveTo(x, y - r * 1.15);
    pen.lineTo(x + r * 1.1, y + r * 0.8);
    pen.lineTo(x - r * 1.1, y + r * 0.8);
  },
  circle: (pen, x, y, r) => pen.arc(x, y, r, 0, 2 * Math.PI),
};

/**
 * @param {import("./whistles.js").Whistle} whistle
 * @param {{renderer: L.Canvas, pane: string}} options
 * @returns {L.CircleMarker}
 */
export function whistleMarker({ lat, lon, late, level, suspended }, { renderer, pane }) {
  return new ShapeMarker([lat, lon], {
    renderer,
    pane,
    radius: SIZE,
    shape: SHAPES[level]?.shape ?? "circle",
    suspended,
    weight: 1.2,
    color: "#1b262c",
    fillColor: (LATENESS[late] ?? LATENESS.still).fill,
    fillOpacity: 1,
  });
}
