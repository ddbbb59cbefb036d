// The small map beside the list: one pin a case, and pin and row mark each other.

import { makeMap, showGround } from "../../../gridmap/js/ground.js";
import { pinIcon } from "../pins.js";

const L = globalThis.L;

/** @typedef {{number: string, name: string, state: string, lon: number, lat: number}} Pin */

/**
 * @param {object} given
 * @param {HTMLElement} given.element
 * @param {{areas: string, rivers: string}} given.page
 * @param {Pin[]} given.pins
 * @param {(number: string) => HTMLElement | null} given.rowOf
 * @returns {{show: (pins: Pin[]) => void, mark: (number: string, on: boolean) => void}}
 */
export function drawPins({ element, page, pins, rowOf }) {
  const map = makeMap(element, { label: "事项位置示意图" });
  if (pins.length > 0) {
    map.fitBounds(L.latLngBounds(pins.map((it) => [it.lat, it.lon])).pad(0.2), { maxZoom: 16, animate: false });
  }
  const ground = showGround(map, { areas: page.areas, rivers: page.rivers });
  ground.ready.catch((problem) => {
    element.textContent = problem.message;
  });
  /** @type {Map<string, {marker: L.Marker, pin: string}>} */
  const markers = new Map();

  function mark(number, on) {
    rowOf(number)?.classList.toggle("is-marked", on);
    markers.get(number)?.marker.getElement()?.classList.toggle("is-marked", on);
  }

  /** @param {Pin} it */
  function add(it) {
    const marker = L.marker([it.lat, it.lon], { icon: pinIcon(it.state), title: `${it.name} ${it.number}`, riseOnHover: true });
    marker.on("mouseover focus", () => mark(it.number, true)).on("mouseout blur", () => mark(it.number, false));
    marker.on("click", () => rowOf(it.number)?.querySelector("a").focus());
    markers.set(it.number, { marker: marker.addTo(map), pin: JSON.stringify(it) });
  }

  /** Only what has changed is drawn anew, so that a pin pointed at stays. @param {Pin[]} now */
  function show(now) {
    const kept = new Map(now.map((it) => [it.number, JSON.stringify(it)]));
    for (const [number, { marker, pin }] of markers) {
      if (kept.get(number) !== pin) {
        marker.remove();
        markers.delete(number);
      }
    }
    now.filter((it) => !markers.has(it.number)).forEach(add);
  }

  show(pins);
  return { show, mark };
}
