// The desk: the list keeps itself up to date, is walked through by keys, and has a small map beside it where there is room.

import { givenToPage } from "../../gridmap/js/dom.js";
import { follow } from "./desk/follow.js";
import { drawPins } from "./desk/pins_map.js";
import { remember, renew } from "./desk/renew.js";

const WORDS = { live: "", away: "连不上服务器，列表可能不是最新的" };
const page = givenToPage();
const work = document.getElementById("desk-work");
const list = () => document.getElementById("work");
const rowOf = (number) => list().querySelector(`[data-number="${CSS.escape(number)}"]`);
const pinsNow = () => JSON.parse(document.getElementById("pins").textContent);
/** @type {ReturnType<typeof drawPins> | null} */
let map = null;

// ---- up to date

const seen = new Set(pinsNow().map((it) => it.number));

let saying = null;

/** For as long as it takes to read it. @param {string} words */
function say(words) {
  const said = document.getElementById("said");
  said.textContent = words;
  clearTimeout(saying);
  saying = setTimeout(() => said.replaceChildren(), 20_000);
}

function onChange(text) {
  const came = renew(work, new DOMParser().parseFromString(text, "text/html")).filter((number) => !seen.has(number));
  came.forEach((number) => seen.add(number));
  if (came.length > 0) {
    // With the time, so that the same words are said again when it happens again.
    say(`${new Date().toTimeString().slice(0, 5)} 有 ${came.length} 件新的`);
  }
  map?.show(pinsNow());
  countTicks();
}

function onContact(how) {
  const away = document.getElementById("away");
  if (how === "signed-out") {
    const again = document.createElement("a");
    again.href = location.href;
    again.textContent = "重新登录";
    away.replaceChildren("登录已经失效，列表不再更新。", again);
  } else if (away.textContent !== WORDS[how]) {
    away.textContent = WORDS[how];
  }
}

// ---- ticks

function boxes() {
  return [...list().querySelectorAll("input[name=case]")];
}

function countTicks() {
  const bar = document.getElementById("bulk-bar");
  if (!bar) {
    return;
  }
  const all = boxes();
  const ticked = all.filter((it) => it.checked).length;
  bar.hidden = all.length === 0;
  document.getElementById("bulk-count").textContent = String(ticked);
  document.getElementById("bulk-go").disabled = ticked === 0;
  const one = document.getElementById("bulk-all");
  one.checked = all.length > 0 && ticked === all.length;
  one.indeterminate = ticked > 0 && ticked < all.length;
}

work.addEventListener("change", (event) => {
  if (event.target.id === "bulk-all") {
    boxes().forEach((it) => {
      it.checked = event.target.checked;
    });
  }
  countTicks();
});

// ---- keys, while the focus is in the list

const STEPS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

work.addEventListener("keydown", (event) => {
  const row = event.target.closest("#work > li");
  if (!row || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
    return;
  }
  const step = STEPS[event.key];
  if (step) {
    const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
    next?.querySelector("a").focus();
    event.preventDefault();
  } else if (event.key === "x") {
    row.querySelector("input[name=case]")?.click();
  }
});

// ---- the map

for (const [event, on] of [["mouseover", true], ["mouseout", false], ["focusin", true], ["focusout", false]]) {
  work.addEventListener(event, ({ target }) => {
    const row = target.closest("#work > li");
    if (row) {
      map?.mark(row.dataset.number, on);
    }
  });
}

const wide = globalThis.matchMedia("(min-width: 992px)");
function drawOnceWide() {
  if (wide.matches) {
    wide.removeEventListener("change", drawOnceWide);
    map = drawPins({ element: document.getElementById("map"), page, pins: pinsNow(), rowOf });
  }
}
wide.addEventListener("change", drawOnceWide);

remember(work);
countTicks();
drawOnceWide();
follow({ address: page.live, etag: page.etag, onChange, onContact });
