// How dense cases lie: a smoothed picture under the outlines. It shows; it does not test.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { themePane } from "./choropleth.js";
import { serverQuery } from "./filters.js";
import { daysOf, listWords, sameCases } from "./lists.js";
import { factList, legend, loading, opens } from "./pieces.js";
import { periodWords } from "./periods.js";
import { boundWords } from "./scales.js";

const L = globalThis.L;

/**
 * @param {any} context  see Context in the map's layers.js
 * @param {any} layer
 * @returns {any} a Layer
 */
export function mount(context, layer) {
  const { map, root } = context;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const surface = picture(map);
  /** @type {any} what the server answered last */
  let answer = null;
  /** @type {any} the same for the period compared with */
  let before = null;
  let filters = null;
  const { load, later } = loading(draw);

  const read = (chosen, signal) => request(layer.items, { query: serverQuery(chosen, layer.filters), signal });

  async function draw(chosen, signal) {
    const found = await read(chosen, signal);
    [answer, before, filters] = [found, null, chosen];
    surface.draw(found);
    const words = listWords({ ...sameCases(chosen, layer.filters), area: chosen.area });
    part("n").replaceChildren(opens(context, words, `${found.n} 件`));
    part("window").textContent = periodWords(daysOf(found.window));
    part("empty").hidden = found.n > 0;
    part("facts").replaceChildren(
      factList([
        ["平滑半径", `城区 ${found.bandwidth_m.urban} 米，乡镇 ${found.bandwidth_m.rural} 米`],
        ["最密", found.classes.length ? `${boundWords(found.classes.at(-1))} ${found.unit}` : null],
      ]),
    );
  }

  function key() {
    const own = (found) => found.classes.map((it) => ({ words: boundWords(it), fill: it.colour }));
    const notes = [`n = ${answer.n} 件${before ? `；上期 ${before.n} 件` : ""}`, periodWords(daysOf(answer.window))];
    const told = legend({ title: answer.note, unit: answer.unit, rows: own(answer), notes });
    if (before && JSON.stringify(before.classes) !== JSON.stringify(answer.classes)) {
      // The classes follow the data: where they differ the same colour does not mean the same.
      told.append(legend({ title: "上期的分级", unit: answer.unit, rows: own(before), notes: ["两期分级不同，同色不同值"] }));
    }
    return told;
  }

  return {
    show: () => {},
    hide: () => {
      surface.clear();
      [answer, before] = [null, null];
    },
    load,
    legend: () => answer && key(),
    twin: (other) => {
      const theirs = picture(other);
      return {
        load: async (chosen, signal) => {
          before = await read(chosen, signal);
          theirs.draw(before);
          return `${before.n} 件`;
        },
        clear: theirs.clear,
      };
    },
    headline: () => (answer ? `${answer.n} 件` : ""),
    atPlace: (located) =>
      later(() => [
        make("h3", {}, "这里的事项"),
        make("p", {}, opens(context, listWords({ ...sameCases(filters, layer.filters), area: located.area.code }), `打开${located.area.name}的事项`)),
      ]),
  };
}

/** @param {L.Map} map */
function picture(map) {
  /** @type {L.ImageOverlay | null} */
  let overlay = null;
  const clear = () => {
    overlay?.remove();
    overlay = null;
  };
  return {
    clear,
    draw({ image, bounds }) {
      clear();
      if (image) {
        const [west, south, east, north] = bounds;
        const corners = [[south, west], [north, east]];
        overlay = L.imageOverlay(image, corners, { pane: themePane(map), className: "density", alt: "" }).addTo(map);
      }
    },
  };
}
