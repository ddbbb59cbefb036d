// Open cases close by that may be the same: one more voice is worth more than a second case.

import { request } from "../../../gridmap/js/request.js";
import { metres, moment } from "./answer.js";
import { newId } from "./identity.js";
import { latest } from "./latest.js";

/**
 * @param {object} elements
 * @param {HTMLElement} elements.section
 * @param {HTMLElement} elements.title
 * @param {HTMLElement} elements.cards
 * @param {HTMLButtonElement} elements.goOn
 * @param {HTMLTemplateElement} elements.card
 * @param {object} options
 * @param {string} options.similar  address
 * @param {string} options.voices   address with NUMBER for the case's
 * @param {() => string} options.text  what the person has written so far
 * @param {(answer: {number: string, voices: number}) => void} options.onVoice
 * @param {(problem: Error) => void} options.onProblem
 * @param {(held: boolean) => void} options.onGoOn  told when it is none of them, and whether that held up a sending
 */
export function similarCases({ section, title, cards, goOn, card }, { similar, voices, text, onVoice, onProblem, onGoOn }) {
  /** Numbers the person has said are something else. */
  const dismissed = new Set();
  /** One id per case and page, so that a second tap counts once. */
  const ids = new Map();
  let shown = [];
  /** Whether the person wanted to send and was asked to look first. */
  let held = false;

  const search = latest({ ask: find, onAnswer: show, onProblem: () => show([]), wait: 400 });

  function find({ place, category }, signal) {
    // The first two digits are the larger kind: people choose neighbouring kinds for one thing.
    const query = { lon: place.lon, lat: place.lat, coord: "wgs84", category: category.slice(0, 2) };
    return request(similar, { query, signal });
  }

  function show(answer) {
    shown = answer.filter((it) => !dismissed.has(it.number));
    held = false;
    cards.replaceChildren(...shown.map(cardFor));
    section.hidden = shown.length === 0;
  }

  function cardFor(it) {
    const item = card.content.firstElementChild.cloneNode(true);
    item.querySelector("strong").textContent = `${it.category.name} · 距这里 ${metres(it.distance_m)}`;
    const state = item.querySelector(".state");
    state.textContent = it.state_name;
    state.classList.add(`state-${it.state}`);
    const voicesSaid = it.voices > 0 ? ` · 另有 ${it.voices} 人也反映了` : "";
    item.querySelector(".report-card-facts").textContent = `${it.number} · ${moment(it.reported_at)}上报 · ${it.area.name}${voicesSaid}`;
    const button = item.querySelector("button");
    button.addEventListener("click", () => voice(it.number, button));
    return item;
  }

  async function voice(number, button) {
    if (!ids.has(number)) {
      ids.set(number, newId());
    }
    button.disabled = true;
    try {
      onVoice(await request(voices.replace("NUMBER", number), { json: { client_id: ids.get(number), text: text().slice(0, 1000) } }));
    } catch (problem) {
      onProblem(problem);
    } finally {
      button.disabled = false;
    }
  }

  goOn.addEventListener("click", () => {
    const wasHeld = held;
    shown.forEach((it) => dismissed.add(it.number));
    show([]);
    onGoOn(wasHeld);
  });

  return {
    /** Look again, soon, once both are known. @param {import("./draft.js").Content} content */
    look(content) {
      if (content.place && content.category) {
        search.call(content);
      } else {
        search.cancel();
        show([]);
      }
    },
    /**
     * Look now, before sending.
     * @param {import("./draft.js").Content} content
     * @returns {Promise<boolean>} whether the person has to look at something first
     */
    async mustLook(content) {
      search.cancel();
      show(await find(content));
      if (shown.length > 0) {
        held = true;
        section.scrollIntoView({ block: "center" });
        title.focus();
      }
      return shown.length > 0;
    },
    clear() {
      search.cancel();
      dismissed.clear();
      show([]);
    },
  };
}
