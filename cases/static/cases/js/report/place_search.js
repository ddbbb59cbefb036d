// Finding a place by name instead of on the map: a combobox with a listbox (WAI-ARIA APG, "combobox with list
// autocomplete"). The focus stays in the field; arrows walk the options.

import { request } from "../../../gridmap/js/request.js";
import { latest } from "./latest.js";

/**
 * @typedef {object} Found
 * @property {string} name
 * @property {string} detail
 * @property {"building" | "area"} kind
 * @property {number} lon
 * @property {number} lat
 */

/**
 * @param {object} elements
 * @param {HTMLInputElement} elements.field
 * @param {HTMLElement} elements.list
 * @param {HTMLElement} elements.hint
 * @param {HTMLTemplateElement} elements.option
 * @param {object} options
 * @param {string} options.places  address of the search
 * @param {(found: Found) => void} options.onChoose
 */
export function placeSearch({ field, list, hint, option }, { places, onChoose }) {
  /** @type {Found[]} */
  let found = [];
  let active = -1;

  const search = latest({
    ask: (words, signal) => request(places, { query: { q: words }, signal }),
    onAnswer: show,
    onProblem: (problem) => {
      close();
      hint.textContent = problem.message;
    },
    wait: 250,
  });

  function show(answer, words) {
    found = answer;
    list.replaceChildren(...found.map(optionFor));
    hint.textContent = found.length > 0 ? `找到 ${found.length} 处，用上下键选、回车确定` : `没有叫“${words}”的地方，换个名字试试`;
    open(found.length > 0);
  }

  function optionFor(place, index) {
    const item = option.content.firstElementChild.cloneNode(true);
    item.id = `place-option-${index}`;
    item.querySelector("strong").textContent = place.name;
    item.querySelector("span").textContent = place.detail === place.name ? (place.kind === "building" ? "楼栋" : "") : place.detail;
    // Before the field loses the focus, or the list would close under the finger.
    item.addEventListener("mousedown", (event) => event.preventDefault());
    item.addEventListener("click", () => choose(index));
    return item;
  }

  function open(isOpen) {
    list.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
    activate(-1);
  }

  function close() {
    search.cancel();
    open(false);
  }

  function activate(index) {
    active = index;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    if (index < 0) {
      field.removeAttribute("aria-activedescendant");
    } else {
      field.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    }
  }

  function choose(index) {
    const place = found[index];
    field.value = place.name;
    hint.textContent = `已选 ${place.name}`;
    close();
    onChoose(place);
  }

  field.addEventListener("input", () => {
    const words = field.value.trim();
    hint.textContent = "";
    if (words) {
      search.call(words);
    } else {
      close();
    }
  });
  field.addEventListener("blur", () => open(false));
  field.addEventListener("focus", () => open(found.length > 0 && field.value.trim() !== "" && !hint.textContent.startsWith("已选")));
  field.addEventListener("keydown", (event) => {
    const last = list.children.length - 1;
    if (event.key === "Enter") {
      event.preventDefault(); // never sends the report
      if (!list.hidden && last >= 0) {
        choose(Math.max(active, 0));
      }
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "ArrowDown" && last >= 0) {
      event.preventDefault();
      if (list.hidden) {
        open(true);
      }
      activate(active >= last ? 0 : active + 1);
    } else if (event.key === "ArrowUp" && last >= 0 && !list.hidden) {
      event.preventDefault();
      activate(active <= 0 ? last : active - 1);
    }
  });

  return {
    clear() {
      field.value = "";
      hint.textContent = "";
      found = [];
      close();
    },
  };
}
