// The maps of the admin: a geometry to look at, or one point to put in its place.

import { makeMap, showGround } from "./ground.js";
import { request } from "./request.js";
import { asDegrees, asTyped } from "./degrees.js";

const L = globalThis.L;
const SHAPE = { color: "#0b6b6b", weight: 3, fillColor: "#0b6b6b", fillOpacity: 0.12 };
const CLOSE = 17;

/** @param {HTMLElement} frame */
function mount(frame) {
  const canvas = frame.querySelector(".admin-map-canvas");
  const words = frame.querySelector(".admin-map-words");
  const say = (problem) => {
    words.textContent = problem.message;
  };
  const map = makeMap(canvas, { label: frame.dataset.label });
  if (frame.dataset.geojson) {
    show(map, JSON.parse(frame.dataset.geojson));
  } else {
    edit(map, frame, words, say);
  }
  showGround(map, { areas: frame.dataset.areas, onProblem: say }).ready.catch(say);
}

/** @param {L.Map} map @param {object} geometry  GeoJSON */
function show(map, geometry) {
  const shape = L.geoJSON(geometry, { style: SHAPE, interactive: false });
  map.fitBounds(shape.getBounds(), { padding: [16, 16], animate: false });
  shape.addTo(map);
}

/**
 * Keep the pin and the two numbers at one place, and say whose ground it is.
 * @param {L.Map} map
 * @param {HTMLElement} frame
 * @param {HTMLElement} words
 * @param {(problem: Error) => void} say
 */
function edit(map, frame, words, say) {
  const [lon, lat] = ["lon", "lat"].map((axis) => frame.querySelector(`[data-axis=${axis}]`));
  const icon = L.divIcon({ className: "", html: '<div class="admin-pin"></div>', iconSize: [24, 24], iconAnchor: [12, 27] });
  const pin = L.marker([0, 0], { icon, draggable: true, keyboard: false, title: "拖动以修改位置" });
  let asked = 0;

  async function tell(place) {
    asked += 1;
    const mine = asked;
    try {
      const { area } = await request(frame.dataset.locate, { query: { ...place, coord: "cgcs2000" } });
      if (mine === asked) {
        words.textContent = `此处属于：${area.path.map((it) => it.name).join(" › ")}(${area.code})`;
      }
    } catch (problem) {
      if (mine === asked) {
        say(problem);
      }
    }
  }

  /** @param {{lon: number, lat: number}} place */
  function put(place) {
    pin.setLatLng([place.lat, place.lon]).addTo(map);
    tell(place);
  }

  /** @param {L.LatLng} at */
  function chosen(at) {
    lon.value = asTyped(at.lng);
    lat.value = asTyped(at.lat);
    put({ lon: Number(lon.value), lat: Number(lat.value) });
  }

  function typed() {
    const place = asDegrees(lon.value, lat.value);
    if (place) {
      map.setView([place.lat, place.lon], Math.max(map.getZoom() ?? CLOSE, CLOSE), { animate: false });
      put(place);
    } else {
      pin.remove();
      words.textContent = "";
    }
  }

  map.on("click", (event) => chosen(event.latlng));
  pin.on("dragend", () => chosen(pin.getLatLng()));
  lon.addEventListener("change", typed);
  lat.addEventListener("change", typed);
  typed();
}

document.querySelectorAll(".admin-map").forEach(mount);
