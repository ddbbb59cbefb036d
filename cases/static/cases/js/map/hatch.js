// A canvas of Leaflet's that can hatch: for areas about which nothing can be said.

const L = globalThis.L;
const SIDE = 8;
/** @type {HTMLCanvasElement | null} */
let drawn = null;

/** One tile of the hatching. */
function tile() {
  if (!drawn) {
    drawn = document.createElement("canvas");
    drawn.width = drawn.height = SIDE;
    const pen = drawn.getContext("2d");
    pen.strokeStyle = "#8a949a";
    pen.lineWidth = 1.2;
    for (const shift of [-SIDE, 0, SIDE]) {
      pen.moveTo(shift, SIDE);
      pen.lineTo(shift + SIDE, 0);
    }
    pen.stroke();
  }
  return drawn;
}

/** As L.Canvas; paths with the option `hatch` are hatched over their fill. */
export const HatchCanvas = L.Canvas.extend({
  _fillStroke(pen, layer) {
    L.Canvas.prototype._fillStroke.call(this, pen, layer);
    if (layer.options.hatch) {
      pen.save();
      pen.globalAlpha = 1;
      pen.fillStyle = pen.createPattern(tile(), "repeat");
      pen.fill("evenodd");
      pen.restore();
    }
  },
});
