// The pin on the map: tapped, dragged, or moved with the arrow keys.

import { makeMap, showGround } from "../../../gridmap/js/ground.js";

const L = globalThis.L;
const STEP_PX = 10;
const LONG_STEP_PX = 60;
const NEAR_ZOOM = 16;
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/**
 * @param {HTMLElement} element
 * @param {object} options
 * @param {string} options.areas  address of the areas
 * @param {string} options.rivers  address of the rivers
 * @param {string} options.shape  the pin as SVG text
 * @param {(lon: number, lat: number) => void} options.onMove  told when a person moved the pin
 * @param {() => void} options.onShown  told when the map stands there, or will not
 * @param {(problem: Error) => void} options.onProblem
 */
export function pinMap(element, { areas, rivers, shape, onMove, onShown, onProblem }) {
  const map = makeMap(element, { label: "示意地图。方向键移动图钉，按住 Shift 走大步，加减号缩放" });
  map.keyboard.disable();
  // Keys go to the pin here, so a screen reader must pass them on.
  element.setAttribute("role", "application");
  element.tabIndex = 0;
  const ground = showGround(map, { areas, rivers, onProblem });
  ground.ready.catch(onProblem).finally(onShown);

  const icon = L.divIcon({ html: shape, className: "report-pin", iconSize: [32, 44], iconAnchor: [16, 43] });
  const pin = L.marker([0, 0], { icon, draggable: true, autoPan: true, keyboard: false });
  const circle = L.circle([0, 0], { radius: 0, color: "#c8371b", weight: 1, fillOpacity: 0.08, interactive: false });

  function moved(latlng) {
    const { lat, lng } = latlng.wrap();
    draw(lng, lat, null);
    onMove(lng, lat);
  }

  function draw(lon, lat, accuracy) {
    pin.setLatLng([lat, lon]).addTo(map);
    if (accuracy === null) {
      circle.remove();
    } else {
      circle.setLatLng([lat, lon]).setRadius(accuracy).addTo(map);
    }
  }

  map.on("click", (event) => moved(event.latlng));
  pin.on("dragend", () => moved(pin.getLatLng()));

  element.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (event.target !== element || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    if (arrow || ((event.key === "Enter" || event.key === " ") && !map.hasLayer(pin))) {
      event.preventDefault();
      moved(stepped(arrow ?? [0, 0], event.shiftKey ? LONG_STEP_PX : STEP_PX));
      map.panInside(pin.getLatLng(), { padding: [60, 60], animate: false });
    } else if (event.key === "+" || event.key === "=") {
      map.zoomIn();
    } else if (event.key === "-") {
      map.zoomOut();
    }
  });

  /** Where a step leads; the first one puts the pin in the middle of what is seen. */
  function stepped([right, down], pixels) {
    if (!map.hasLayer(pin)) {
      return map.getCenter();
    }
    const from = map.latLngToContainerPoint(pin.getLatLng());
    return map.containerPointToLatLng(from.add([right * pixels, down * pixels]));
  }

  return {
    /**
     * Put the pin somewhere and bring it into view.
     * @param {import("./draft.js").Place} place
     */
    show(place) {
      draw(place.lon, place.lat, place.accuracy);
      map.setView([place.lat, place.lon], Math.max(map.getZoom() || 0, NEAR_ZOOM), { animate: false });
    },
    /** Outline the grid the pin is in; null for none. @param {string | null} code */
    outline(code) {
      ground.highlight(code).catch(onProblem);
    },
    /** Take the pin away. */
    clear() {
      pin.remove();
      circle.remove();
      ground.highlight(null).catch(onProblem);
    },
    /** Take the pin away and show the whole district. */
    home() {
      this.clear();
      const bounds = ground.towns().reduce((all, town) => all.extend(L.geoJSON(town).getBounds()), L.latLngBounds([]));
      if (bounds.isValid()) {
        map.fitBounds(bounds, { animate: false });
      }
    },
    /** The element's size changed, or it is seen again. */
    resized() {
      map.invalidateSize();
    },
  };
}
