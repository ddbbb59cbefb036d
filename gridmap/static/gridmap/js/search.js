// Find a place by name: a box with suggestions, by mouse, finger or keyboard (WAI-ARIA combobox).

import { make } from "./dom.js";
import { request } from "./request.js";

/** @typedef {{name: string, detail: string, kind: "area" | "building", lon: number, lat: number}} Found */

const PAUSE_MS = 250;

/**
 * @param {HTMLFormElement} form  with an input, a listbox and a status line in it
 * @param {{places: string, onPick: (place: Found) => void}} options
 */
export function mountSearch(form, { places, onPick }) {
  const input = form.querySelector("input");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[role=status]");
  /** @type {Found[]} */
  let found = [];
  let active = -1;
  let timer = 0;
  let aborter = new AbortController();

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  function pick(index) {
    const place = found[index];
    input.value = place.name;
    status.textContent = "";
    close();
    onPick(place);
  }

  /** @param {number} index */
  function activate(index) {
    active = (index + found.length) % found.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    list.children[active].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[active].id);
  }

  async function search() {
    aborter.abort();
    const words = input.value.trim();
    if (!words) {
      status.textContent = "";
      close();
      return;
    }
    aborter = new AbortController();
    try {
      found = await request(places, { query: { q: words }, signal: aborter.signal });
    } catch (error) {
      if (error.name === "AbortError") {
        return;
      }
      found = [];
      close();
      status.textContent = error.message;
      return;
    }
    // Areas are few and looked for most; the server names them after the buildings.
    found.sort((a, b) => Number(b.kind === "area") - Number(a.kind === "area"));
    list.replaceChildren(...found.map(asOption));
    active = -1;
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    status.textContent = found.length ? "" : `没有找到“${words}”`;
  }

  /** @param {Found} place @param {number} index */
  function asOption(place, index) {
    return make(
      "li",
      { role: "option", id: `${list.id}-${index}`, "aria-selected": "false", onclick: () => pick(index) },
      make("strong", {}, place.name),
      make("small", {}, place.detail === place.name ? "楼栋" : place.detail),
    );
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      activate(event.key === "ArrowDown" ? active + 1 : active < 0 ? found.length - 1 : active - 1);
    }
  });
  // A press on a suggestion takes the focus only after its click.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  input.addEventListener("blur", close);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    if (list.hidden || active < 0) {
      await search();
    }
    if (found.length && input.value.trim()) {
      pick(Math.max(active, 0));
    }
  });
}
