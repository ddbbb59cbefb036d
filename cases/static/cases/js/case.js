// A case's page: the place with its grid, and forms that help the one who fills them in.

import { givenToPage, make } from "../../gridmap/js/dom.js";
import { makeMap, showGround } from "../../gridmap/js/ground.js";
import { request } from "../../gridmap/js/request.js";
import { pinIcon } from "./pins.js";

const L = globalThis.L;
const page = givenToPage();
const status = document.getElementById("map-status");

/** @param {string} message */
function say(message) {
  status.textContent = message;
  status.hidden = !message;
}

function drawMap() {
  const map = makeMap(document.getElementById("map"), {
    view: { lat: page.lat, lon: page.lon, zoom: 16 },
    label: "事项位置示意图",
  });
  map.scrollWheelZoom.disable();
  L.marker([page.lat, page.lon], { icon: pinIcon("here"), interactive: false, keyboard: false }).addTo(map);
  const ground = showGround(map, { areas: page.areas, rivers: page.rivers, onProblem: (problem) => say(problem.message) });
  ground.ready.catch((problem) => say(problem.message));
  ground.highlight(page.area).catch((problem) => say(problem.message));
  return { map, ground };
}

/** Correcting the grid: a click on the map, a candidate's button or the code itself. */
function helpChoosingArea({ map, ground }) {
  const input = document.querySelector("input[name=area]");
  if (!input) {
    return;
  }
  const name = input.closest(".field").querySelector("[data-part=area-name]");

  /** @param {string} code @param {string} words */
  function choose(code, words) {
    input.value = code;
    name.textContent = words;
    ground.highlight(code).catch((problem) => say(problem.message));
  }

  for (const button of document.querySelectorAll("[data-area]")) {
    button.addEventListener("click", () => choose(button.dataset.area, button.dataset.name));
  }
  input.addEventListener("change", async () => {
    if (input.validity.valid && input.value) {
      const bounds = await ground.highlight(input.value, { fit: true });
      name.textContent = bounds ? ground.nameOf(input.value) : "没有这个编码的网格";
    }
  });
  map.on("click", async ({ latlng }) => {
    if (input.closest("details")?.open === false) {
      return;
    }
    try {
      const { area } = await request(page.locate, { query: { lon: latlng.lng, lat: latlng.lat, coord: "wgs84" } });
      choose(area.code, area.name);
    } catch (problem) {
      name.textContent = problem.message;
    }
  });
}

/** Show what was chosen before it is sent. @param {HTMLInputElement} input */
function previewPhotos(input) {
  const previews = input.closest(".field").querySelector("[data-part=previews]");
  const show = () => {
    const files = [...input.files];
    const most = Number(input.dataset.max);
    input.setCustomValidity(files.length > most ? `至多 ${most} 张照片` : "");
    previews.querySelectorAll("img").forEach((it) => URL.revokeObjectURL(it.src));
    previews.replaceChildren(
      ...files.slice(0, most).map((file) => make("img", { src: URL.createObjectURL(file), alt: file.name })),
    );
  };
  input.addEventListener("change", show);
  show(); // somebody may have been quicker than this script
}

/** The place of whoever signs somebody in, as the device knows it. @param {HTMLElement} field */
function offerHere(field) {
  const said = field.querySelector("[data-part=said]");
  const put = ({ longitude, latitude, accuracy }) => {
    field.querySelector("[name=lon]").value = longitude;
    field.querySelector("[name=lat]").value = latitude;
    said.textContent = `已取得位置，精度 ± ${Math.round(accuracy)} 米`;
  };
  field.querySelector("[data-part=here]").addEventListener("click", () => {
    if (!navigator.geolocation) {
      said.textContent = "这台设备不提供位置，可以不填。";
      return;
    }
    said.textContent = "正在取得位置…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => put(coords),
      () => (said.textContent = "没有取得位置，可以再试，也可以不填。"),
      { enableHighAccuracy: true, timeout: 15_000 },
    );
  });
}

const drawn = drawMap();
document.querySelectorAll("[data-part=place]").forEach(offerHere);
helpChoosingArea(drawn);
document.querySelectorAll("input[type=file]").forEach(previewPhotos);
// Coming back by the browser's button shows the page as it was left: let it be sent again.
globalThis.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    location.reload();
  }
});
document.querySelector("[role=alert]")?.scrollIntoView({ block: "center" });
