// The desk: the list's switch, and beside it on a desk a small map of the same cases.

import { givenToPage } from "../../gridmap/js/dom.js";
import { makeMap, showGround } from "../../gridmap/js/ground.js";
import { pinIcon } from "./pins.js";

const L = globalThis.L;
const page = givenToPage();
const work = document.getElementById("work");
const onlyMine = document.getElementById("only-mine");

function choose() {
  let shown = 0;
  for (const item of work.children) {
    item.hidden = onlyMine.checked && !("mine" in item.dataset);
    shown += Number(!item.hidden);
  }
  document.getElementById("none-mine").hidden = shown > 0;
}

async function drawMap() {
  const around = L.latLngBounds(page.cases.map((it) => [it.lat, it.lon])).pad(0.2);
  const map = makeMap(document.getElementById("map"), { label: "事项位置示意图" });
  map.fitBounds(around, { maxZoom: 16, animate: false });
  const ground = showGround(map, { areas: page.areas, rivers: page.rivers });
  for (const it of page.cases) {
    const row = work.querySelector(`[data-number="${CSS.escape(it.number)}"]`);
    const marker = L.marker([it.lat, it.lon], { icon: pinIcon(it.state), title: `${it.name} ${it.number}`, riseOnHover: true }).addTo(map);
    const mark = (on) => {
      row.classList.toggle("is-marked", on);
      marker.getElement()?.classList.toggle("is-marked", on);
    };
    marker.on("mouseover focus", () => mark(true)).on("mouseout blur", () => mark(false));
    marker.on("click", () => row.querySelector("a").focus());
    for (const [event, on] of [["mouseenter", true], ["mouseleave", false], ["focusin", true], ["focusout", false]]) {
      row.addEventListener(event, () => mark(on));
    }
  }
  await ground.ready;
}

onlyMine.addEventListener("change", choose);
choose();

const wide = globalThis.matchMedia("(min-width: 992px)");
function drawOnceWide() {
  if (wide.matches) {
    wide.removeEventListener("change", drawOnceWide);
    drawMap().catch((problem) => {
      document.getElementById("map").textContent = problem.message;
    });
  }
}
wide.addEventListener("change", drawOnceWide);
drawOnceWide();
