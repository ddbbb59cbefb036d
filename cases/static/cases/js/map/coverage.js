// Whether departments came when they were asked: by department and town, with what stands behind every share.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { choropleth } from "./choropleth.js";
import { LEVELS, serverQuery } from "./filters.js";
import { daysOf, listWords, sameCases } from "./lists.js";
import { periodWords } from "./periods.js";
import { factList, legend, levelChoice, loading, namesOf, opens, segment } from "./pieces.js";
import { ARRIVAL_LOOKS, STATIONED_LOOKS, arrivalLook, fellDue, stationedLook, summed, tally } from "./scales.js";

const VIEWS = Object.freeze({ arrivals: "按时报到", supply: "派驻力量" });
const GAPS_AT_ONCE = 20;

/**
 * @param {any} context  see Context in the map's layers.js
 * @param {any} layer
 * @returns {any} a Layer
 */
export function mount(context, layer) {
  const { map, ground, root, params, open, given } = context;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const areas = choropleth(map, ground);
  /** @type {any} */
  let answer = null;
  /** @type {any} the same for the period compared with */
  let before = null;
  /** @type {any} */
  let filters = null;
  const { load, later } = loading(draw);

  const ofSupply = () => params().get("view") === "supply";
  const nameOf = (code) => answer.names.get(code) ?? code;

  async function read(chosen, signal) {
    // All departments at once: the table needs them, the map then shows the one chosen.
    const asked = layer.filters.filter((name) => name !== "department");
    const query = { ...serverQuery(chosen, asked), level: chosen.level };
    return sorted(await request(layer.items, { query, signal }), chosen.department);
  }

  async function draw(chosen, signal) {
    writeChoices(chosen);
    const found = await read(chosen, signal);
    [answer, before, filters] = [found, null, chosen];
    await areas.draw(levelDrawn(), (code) => lookOf(found, code));
    await write();
  }

  // Staff are stationed with towns.
  const levelDrawn = () => (ofSupply() ? "town" : filters.level);
  const lookOf = (found, code) => (ofSupply() ? stationedLook(found.supplyOf(code)?.per_10k) : arrivalLook(found.demandOf(code)));

  /** What the drawing counts. Staff are of today, whatever period is chosen. */
  const counted = (found) => (ofSupply() ? `${found.stationed} 人派驻(今天)` : `${summed(found.chosenRows).demanded} 次需求`);

  function writeChoices(chosen) {
    const select = make("select", { class: "form-select", "aria-label": "看哪个部门", onchange: () => open({ department: select.value || null }) });
    select.append(make("option", { value: "" }, "全部部门合计"), ...given.departments.map((it) => make("option", { value: it.code }, it.name)));
    select.value = chosen.department;
    part("choices").replaceChildren(
      select,
      segment("看什么", VIEWS, ofSupply() ? "supply" : "arrivals", (value) => open(value === "arrivals" ? { view: null } : { view: value, before: null })),
      ...(ofSupply() ? [] : [levelChoice(context, layer, chosen.level)]),
    );
  }

  const window = () => daysOf(answer.window);
  /** The cases of which something was demanded, or of which the department came so. */
  const casesOf = (department, code, arrival = "demanded") =>
    listWords({ ...sameCases(filters, layer.filters), ...window(), department, area: code || filters.area, arrival });

  /** How many demands there are of a kind, and what is said after it; it opens their cases. */
  function counting(code, arrival, n, after = "") {
    return n ? opens(context, casesOf(filters.department, code, arrival), `${n}${after}`) : `0${after}`;
  }

  async function write() {
    const towns = await namesOf(ground, "town");
    const places = await namesOf(ground, filters.level);
    const total = summed(answer.chosenRows);
    const due = fellDue(total);
    part("percent").textContent = due ? `${((100 * total.arrived_in_time) / due).toFixed(1)} %` : "—";
    part("made-of").textContent = due ? `(${total.arrived_in_time}/${due})` : "";
    for (const name of ["demanded", "arrived", "waiting"]) {
      part(name).replaceChildren(counting("", name, total[name]));
    }
    part("window").textContent = periodWords(window());
    writeGaps(places);
    writeMatrix(towns);
  }

  /** @param {Map<string, string>} names */
  function writeGaps(names) {
    const gaps = answer.gaps.filter((it) => answer.isChosen(it.department));
    const placeOf = (code) => names.get(code) ?? ground.nameOf(code) ?? code;
    part("gap-count").textContent = `${gaps.length} 处`;
    part("gaps").replaceChildren(
      ...gaps.slice(0, GAPS_AT_ONCE).map(({ department, code, reason }) =>
        make(
          "li",
          { class: "spot", "data-code": code },
          make("strong", {}, `${nameOf(department)} × ${placeOf(code)}`),
          make("span", {}, reason),
          opens(context, casesOf(department, code), "打开事项", `打开${nameOf(department)}在${placeOf(code)}的事项`),
        ),
      ),
    );
    part("gaps-more").hidden = gaps.length <= GAPS_AT_ONCE;
    part("gaps-more").textContent = `另有 ${gaps.length - GAPS_AT_ONCE} 处，见表。`;
    part("no-gaps").hidden = gaps.length > 0;
  }

  /** Departments by towns, each with what its share is made of. @param {Map<string, string>} towns */
  function writeMatrix(towns) {
    const codes = [...towns.keys()].sort();
    const departments = [...new Set(answer.chosenRows.map((it) => it.department))].sort();
    const titles = ["部门", ...codes.map((code) => towns.get(code)), "合计"];
    const head = make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)));
    const rows = departments.map((department) => {
      const own = (code) => summed(answer.chosenRows.filter((it) => it.department === department && it.code.startsWith(code)));
      const cells = [...codes, ""].map((code) => cell(department, code, own(code), towns.get(code) ?? "全区"));
      return make("tr", {}, make("th", { scope: "row" }, nameOf(department)), ...cells);
    });
    part("matrix").replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
  }

  function cell(department, code, demand, name) {
    const look = arrivalLook(demand);
    const due = fellDue(demand);
    const element = make("td", { class: look.hatch ? "is-hatched" : "", title: `${nameOf(department)}，${name}：${look.words}` });
    element.style.setProperty("--look", look.hatch ? "transparent" : look.fill);
    const words = `${nameOf(department)}在${name}：需报到 ${demand.demanded} 次，到期 ${due} 次，按时报到 ${demand.arrived_in_time} 次`;
    element.append(demand.demanded ? opens(context, casesOf(department, code), `${demand.arrived_in_time}/${due}`, words) : "—");
    return element;
  }

  /** What is said of an area. */
  function figures(code) {
    const own = answer.chosenRows.filter((it) => it.code === code);
    const demand = summed(own);
    const due = fellDue(demand);
    const missing = due - demand.arrived;
    const earlier = before?.demandOf(code);
    const one = own.length === 1 && filters.department ? own[0] : null;
    const supply = answer.supplyOf(code.slice(0, 9));
    return make(
      "div",
      {},
      make("p", {}, arrivalLook(demand).words),
      factList([
        ["部门", filters.department ? nameOf(filters.department) : "全部部门合计"],
        ["需求", counting(code, "demanded", demand.demanded, " 次")],
        ["已报到", counting(code, "arrived", demand.arrived, " 次")],
        ["按时", due ? counting(code, "in_time", demand.arrived_in_time, `/${due}`) : null],
        ["到限未报到", missing ? counting(code, "missing", missing, " 次") : null],
        ["还在时限内", demand.waiting ? counting(code, "waiting", demand.waiting, " 次") : null],
        ["中位用时", one?.median_hours ? `${one.median_hours} 个工作小时` : null],
        ["办结", one ? `${one.done} 次，按时 ${one.done_in_time}` : null],
        ["考核均分", one?.mean_result ? `${one.mean_result}${one.interval ? `(${one.interval.join("–")})` : ""}，n = ${one.scored}` : null],
        ["超期未办", one?.overdue ? `${one.overdue} 次` : null],
        ["派驻", supply ? `${supply.stationed} 人，每万居民 ${supply.per_10k ?? "—"} 人；下放权力 ${supply.powers} 项` : null],
        ["上期按时", earlier ? `${earlier.arrived_in_time}/${fellDue(earlier)}` : null],
      ]),
    );
  }

  function counts(found, level) {
    return ground.today(level).then((features) => tally(features.map((it) => lookOf(found, it.id).words)));
  }

  function key() {
    const looks = ofSupply() ? STATIONED_LOOKS : ARRIVAL_LOOKS;
    const box = make("div", {});
    const level = levelDrawn();
    Promise.all([counts(answer, level), before ? counts(before, level) : null]).then(([now, then]) =>
      box.replaceChildren(
        legend({
          title: ofSupply() ? "每万居民派驻人员" : "按时报到率",
          unit: `${LEVELS[level]}，个`,
          rows: looks.map((it) => ({ ...it, id: it.words, n: now[it.words] ?? 0, before: then && (then[it.words] ?? 0) })),
          notes: [filters.department ? nameOf(filters.department) : "全部部门合计", `n = ${counted(answer)}`, ofSupply() ? "" : periodWords(window())],
        }),
      ),
    );
    return box;
  }

  return {
    show: () => {},
    hide: () => {
      areas.clear();
      [answer, before] = [null, null];
    },
    load,
    headline: () => (answer ? counted(answer) : ""),
    legend: () => answer && key(),
    twin: (other, otherGround) => {
      const theirs = choropleth(other, otherGround);
      return {
        load: async (chosen, signal) => {
          before = await read(chosen, signal);
          await theirs.draw(levelDrawn(), (code) => lookOf(before, code));
          return counted(before);
        },
        clear: theirs.clear,
      };
    },
    atPlace: (located) => later(() => {
      const area = located.area.path?.find((it) => it.level === levelDrawn()) ?? located.area;
      return [make("h3", {}, `部门到位：${area.name}`), figures(area.code)];
    }),
  };
}

/** @param {any[]} rows @param {string} name  of a number, null where there is none @returns {number} */
const sumOf = (rows, name) => rows.reduce((n, it) => n + (it[name] ?? 0), 0);

/** What the server answered, with what is asked of it again and again. @param {any} found @param {string} department  chosen; "" for all */
function sorted(found, department) {
  const isChosen = (code) => !department || code === department;
  const chosenRows = found.rows.filter((it) => isChosen(it.department));
  const supply = found.supply.filter((it) => isChosen(it.department));
  return {
    ...found,
    isChosen,
    chosenRows,
    stationed: sumOf(supply, "stationed"),
    names: new Map(found.departments.map((it) => [it.code, it.name])),
    demandOf: (code) => {
      const own = chosenRows.filter((it) => it.code === code);
      return own.length ? summed(own) : undefined;
    },
    supplyOf: (code) => {
      const own = supply.filter((it) => it.code === code);
      return own.length
        ? {
            stationed: sumOf(own, "stationed"),
            powers: sumOf(own, "powers"),
            per_10k: Math.round(100 * sumOf(own, "per_10k")) / 100,
          }
        : undefined;
    },
  };
}
