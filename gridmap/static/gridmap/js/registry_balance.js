// Advice on grids of the wrong size: the proposed cuts on a map, and the row each belongs to.

import { givenToPage } from "./dom.js";
import { makeMap, showGround } from "./ground.js";

const L = globalThis.L;
const CUT = { color: "#b3261e", weight: 4, opacity: 0.95 };

const page = givenToPage();
const form = document.querySelector("[data-part=balance]");
const map = makeMap(document.getElementById("map"), { label: "建议的拆分线" });
const ground = showGround(map, { areas: page.areas, onProblem: (problem) => say(problem.message) });

/** @param {string} message */
function say(message) {
  const note = document.createElement("p");
  note.className = "notice notice-bad";
  note.setAttribute("role", "alert");
  note.textContent = message;
  form.prepend(note);
}

/** @param {HTMLElement} row */
function show(row) {
  form.querySelector("li.is-shown")?.classList.remove("is-shown");
  row.classList.add("is-shown");
  ground.highlight(row.dataset.code, { fit: true, maxZoom: 17 }).catch((problem) => say(problem.message));
}

async function start() {
  await ground.ready;
  const cuts = L.geoJSON({ type: "FeatureCollection", features: page.cuts }, { style: CUT });
  cuts.bindTooltip((cut) => cut.feature.properties.name);
  cuts.on("click", ({ layer }) => {
    const row = form.querySelector(`li[data-code="${layer.feature.properties.code}"]`);
    row.scrollIntoView({ block: "nearest" });
    show(row);
  });
  cuts.addTo(map);
  // The first of the list is shown at once, so that the map says what the list is about.
  show(form.querySelector("li"));
}

form.addEventListener("click", ({ target }) => {
  if (target.matches("[data-part=show]")) {
    show(target.closest("li"));
  } else if (target.matches("[data-part=all]")) {
    const boxes = [...form.querySelectorAll("[name=grids]")];
    const some = boxes.some((box) => !box.checked);
    boxes.forEach((box) => {
      box.checked = some;
    });
    target.textContent = some ? "全部不选" : "全部勾选";
  }
});

start().catch((problem) => say(problem.message));
