// What is known of the second-level grids themselves: sizes, party organisations, workers, load, routing.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { choropleth } from "./choropleth.js";
import { serverQuery } from "./filters.js";
import { areaDoor, factList, legend, loading, namesOf, opens, segment, swatch } from "./pieces.js";
import { listWords } from "./lists.js";
import { kindLooks } from "./scales.js";

const L = globalThis.L;
const ROWS_AT_ONCE = 40;

/**
 * @param {any} context  see Context in the map's layers.js
 * @param {any} layer
 * @returns {any} a Layer
 */
export function mount(context, layer) {
  const { map, ground, root, params, open } = context;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const areas = choropleth(map, ground);
  const themes = Object.fromEntries(layer.themes.map((it) => [it.code, it.name]));
  const [first] = Object.keys(themes);
  const buildings = L.layerGroup();
  /** @type {any} */
  let answer = null;
  let looks = new Map();
  const { load, later } = loading(draw);

  const theme = () => (Object.hasOwn(themes, params().get("theme") ?? "") ? params().get("theme") : first);

  async function draw(chosen, signal) {
    part("choices").replaceChildren(segment("主题", themes, theme(), (value) => open({ theme: value === first ? null : value })));
    const found = await request(layer.items, { query: { ...serverQuery(chosen, layer.filters), theme: theme() }, signal });
    looks = kindLooks(theme(), found.legend);
    answer = { ...found, rows: new Map(found.rows.map((it) => [it.code, it])) };
    await areas.draw("grid", (code) => looks.get(answer.rows.get(code)?.class) ?? null);
    buildings.clearLayers();
    (found.buildings ?? []).forEach((it) => buildingMarker(it).addTo(buildings));
    part("n").textContent = `${found.rows.length} 个`;
    part("more-words").textContent = moreWords(found);
    writeClasses();
    // The last class but for the hatched is the one to look at.
    const told = found.legend.filter((it) => it.n > 0 && !looks.get(it.class).hatch);
    await list((told.at(-1) ?? found.legend[0])?.class ?? "");
  }

  function writeClasses() {
    part("classes").replaceChildren(
      ...answer.legend.map((it) =>
        make(
          "li",
          {},
          swatch(looks.get(it.class)),
          make("button", { class: "btn btn-link", type: "button", "data-class": it.class, onclick: () => list(it.class) }, it.words),
          make("b", { class: "number" }, `${it.n}`),
        ),
      ),
    );
  }

  /** The grids of one class. @param {string} kind */
  async function list(kind) {
    const names = await namesOf(ground, "grid");
    const found = [...answer.rows.values()].filter((it) => it.class === kind);
    part("list-title").textContent = answer.legend.find((it) => it.class === kind)?.words ?? "";
    part("list-count").textContent = `${found.length} 个`;
    part("rows").replaceChildren(
      ...found.slice(0, ROWS_AT_ONCE).map((it) =>
        make(
          "li",
          { class: "spot", "data-code": it.code },
          areaDoor(context, { level: "grid", code: it.code, name: names.get(it.code) ?? it.code, zoom: 15 }),
          make("span", { class: "number" }, valueWords(it)),
        ),
      ),
    );
    part("more").hidden = found.length <= ROWS_AT_ONCE;
    part("more").textContent = `另有 ${found.length - ROWS_AT_ONCE} 个，见图。`;
  }

  return {
    show: () => buildings.addTo(map),
    hide: () => {
      areas.clear();
      buildings.clearLayers();
      buildings.remove();
      answer = null;
    },
    load,
    headline: () => (answer ? `${themes[theme()]}，${answer.rows.size} 个二级网格` : ""),
    legend: () =>
      answer &&
      legend({
        title: themes[theme()],
        unit: "二级网格，个",
        rows: [
          ...answer.legend.map((it) => ({ ...looks.get(it.class), words: it.words, n: it.n, id: it.class })),
          ...(answer.buildings ? [{ words: "有党组织的楼宇", fill: "#7a0177", shape: "dot", n: answer.buildings.length, id: "buildings" }] : []),
        ],
        notes: [`n = ${answer.rows.size} 个`, moreWords(answer)],
      }),
    atPlace: (located) =>
      later(() => {
        const row = answer.rows.get(located.area.code);
        return [
          make("h3", {}, themes[theme()]),
          row ? factList([["类别", looks.get(row.class)?.words ?? row.class], ["说明", valueWords(row)]]) : make("p", { class: "muted" }, "这里没有登记。"),
          make("p", {}, opens(context, listWords({ area: located.area.code }), "打开本网格的事项")),
        ];
      }),
  };
}

/** @param {{unrouted?: number}} answer */
function moreWords({ unrouted }) {
  return unrouted ? `另有 ${unrouted} 件不在任何二级网格内` : "";
}

/** A building with a party organisation. */
function buildingMarker({ lat, lon, name }) {
  const marker = L.circleMarker([lat, lon], { radius: 5, weight: 1.5, color: "#ffffff", fillColor: "#7a0177", fillOpacity: 1 });
  return marker.bindTooltip(name);
}

/** @param {{value: number | string | null, words?: string}} row */
function valueWords({ value, words }) {
  return words || (value === null || value === undefined ? "—" : String(value));
}
