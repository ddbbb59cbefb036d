// Hot spots: grids or communities with more cases, or fewer, than chance explains.

import { make } from "../../../gridmap/js/dom.js";
import { request } from "../../../gridmap/js/request.js";
import { momentWords } from "../figures.js";
import { choropleth } from "./choropleth.js";
import { LEVELS, serverQuery } from "./filters.js";
import { daysOf, listWords, sameCases } from "./lists.js";
import { periodWords, quickPeriods } from "./periods.js";
import { areaDoor, factList, legend, levelChoice, loading, namesOf, opens, percent, segment } from "./pieces.js";
import { PATROL_ONLY, SPOTS } from "./scales.js";
import { COURSES, DENOMINATORS, hottest, isHot, spotLook, whyTooFew } from "./spots.js";

/** @typedef {import("./spots.js").Spot} Spot */

const ASK_AGAIN_MS = 1500;
const ROWS_AT_ONCE = 30;

/**
 * @param {any} context  see Context in the map's layers.js
 * @param {any} layer
 * @returns {any} a Layer
 */
export function mount(context, layer) {
  const { map, ground, root, params, open } = context;
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const areas = choropleth(map, ground);
  /** @type {any} */
  let answer = null;
  /** @type {any} the same for the period compared with */
  let before = null;
  /** @type {any} */
  let filters = null;
  const { load, later } = loading(draw);

  const denominator = () => (Object.hasOwn(DENOMINATORS, params().get("denominator") ?? "") ? params().get("denominator") : "residents");

  /** Ask until it is computed. */
  async function read(chosen, signal, wait) {
    const query = { ...serverQuery(chosen, layer.filters), level: chosen.level, denominator: denominator() };
    for (;;) {
      const found = await request(layer.items, { query, signal });
      if (found.status === "failed") {
        throw new Error(`热点没有算成：${found.problem}`);
      }
      if (found.status !== "computing") {
        return { ...found, rows: new Map(found.rows.map((it) => [it.code, it])) };
      }
      wait(`正在计算热点… ${percent(found.progress ?? 0)}`);
      await pause(ASK_AGAIN_MS, signal);
    }
  }

  async function draw(chosen, signal, wait) {
    writeChoices(chosen);
    const found = await read(chosen, signal, wait);
    [answer, before, filters] = [found, null, chosen];
    await areas.draw(chosen.level, (code) => spotLook(found.rows.get(code), found));
    await writeList();
  }

  function writeChoices(chosen) {
    part("choices").replaceChildren(
      levelChoice(context, layer, chosen.level),
      segment("分母", DENOMINATORS, denominator(), (value) => open({ denominator: value === "residents" ? null : value })),
    );
  }

  const window = () => daysOf(answer.window);
  /** The cases of an area, as counted. @param {string} code @param {object} [more] */
  const casesOf = (code, more) =>
    listWords({ ...sameCases(filters, layer.filters), ...window(), area: code || filters.area, ...more });

  async function writeList() {
    const names = await namesOf(ground, filters.level);
    const hot = hottest([...answer.rows.values()]);
    const tooFew = Boolean(answer.classes.too_few) && !hot.length;
    part("n").replaceChildren(opens(context, casesOf(""), `${answer.n} 件`));
    part("window").textContent = periodWords(window()) + (filters.since ? "" : "，没有选起始日期时按一年");
    part("few").hidden = !tooFew;
    part("few").replaceChildren(...(tooFew ? [make("p", {}, whyTooFew(answer, LEVELS[filters.level])), ...remedies()] : []));
    part("none").hidden = tooFew || hot.some(isHot);
    const others = hot.filter((it) => !isHot(it)).length;
    part("count").textContent = hot.length ? `${hot.length - others} 个${others ? `，后附消退和仅巡查偏多的 ${others} 个` : ""}` : "";
    const some = hot.slice(0, ROWS_AT_ONCE);
    part("rows").replaceChildren(...some.map((spot) => row(spot, names.get(spot.code) ?? spot.code)));
    part("more").hidden = hot.length <= ROWS_AT_ONCE;
    part("more").textContent = `另有 ${hot.length - ROWS_AT_ONCE} 个，见图。`;
  }

  function remedies() {
    const { since } = quickPeriods(context.today)[1];
    const year = make("button", { class: "btn btn-plain", type: "button", onclick: () => open({ since, until: null }) }, "看近一年");
    const coarser = make("button", { class: "btn btn-plain", type: "button", onclick: () => open({ level: "community" }) }, "统计到社区(村)");
    return filters.level === "grid" ? [coarser, year] : [year];
  }

  /** @param {Spot} spot @param {string} name */
  function row(spot, name) {
    const look = spot.patrol_only ? PATROL_ONLY : SPOTS[spot.class];
    return make(
      "li",
      { class: "spot", "data-code": spot.code },
      areaDoor(context, { level: filters.level, code: spot.code, name, zoom: 14.5 }),
      badge(look.words, look),
      spot.persistence ? make("span", { class: `course course-${spot.persistence}` }, COURSES[spot.persistence] ?? spot.persistence) : null,
      make(
        "p",
        { class: "spot-facts number" },
        opens(context, casesOf(spot.code), `${spot.observed} 件`, `打开${name}的 ${spot.observed} 件事项`),
        ` · 期望 ${decimals(spot.expected)} · q ${small(spot.q)} · 巡查 `,
        spot.observed ? opens(context, casesOf(spot.code, { channel: "patrol" }), percent(spot.patrol_share), `打开${name}巡查上报的事项`) : "—",
      ),
    );
  }

  /** What is said of an area. */
  function figures(code) {
    const spot = answer.rows.get(code);
    if (!spot) {
      return make("p", { class: "muted" }, "这里没有统计。");
    }
    const earlier = before?.rows.get(code);
    const look = spotLook(spot, answer);
    return make(
      "div",
      {},
      make("p", {}, badge(look.words, look), spot.persistence ? ` ${COURSES[spot.persistence] ?? ""}` : ""),
      factList([
        ["事项", opens(context, casesOf(code), `${spot.observed} 件`)],
        ["期望", `${decimals(spot.expected)} 件`],
        ["比率", spot.rate === null ? null : `每${answer.per} ${decimals(spot.rate)} 件，平滑后 ${decimals(spot.eb_rate)}`],
        ["检验", spot.q === null || spot.q === undefined ? null : `z ${decimals(spot.z)}，p ${small(spot.p)}，q ${small(spot.q)}`],
        ["巡查占比", spot.observed ? opens(context, casesOf(code, { channel: "patrol" }), percent(spot.patrol_share)) : null],
        ["说明", spot.reason || null],
        ["上期", earlier ? `${earlier.observed} 件，${spotLook(earlier, before).words}` : null],
      ]),
    );
  }

  return {
    show: () => {},
    hide: () => {
      areas.clear();
      [answer, before] = [null, null];
    },
    load,
    headline: () => (answer ? `${answer.n} 件` : ""),
    period: () => (answer ? window() : {}),
    legend: () => answer && spotLegend(answer, before),
    twin: (other, otherGround) => {
      const theirs = choropleth(other, otherGround);
      return {
        load: async (chosen, signal, wait) => {
          const found = await read(chosen, signal, wait);
          before = found;
          await theirs.draw(chosen.level, (code) => spotLook(found.rows.get(code), found));
          return `${found.n} 件`;
        },
        clear: theirs.clear,
      };
    },
    atPlace: (located) => later(() => {
      const area = located.area.path?.find((it) => it.level === filters.level) ?? located.area;
      return [make("h3", {}, `热点检验：${area.name}`), figures(area.code)];
    }),
  };
}

/** @param {any} answer @param {any} before */
function spotLegend(answer, before) {
  const patrolled = (found) => [...found.rows.values()].filter((it) => it.patrol_only).length;
  const rows = Object.entries(SPOTS).map(([id, look]) => ({ ...look, id, n: answer.classes[id] ?? 0, before: before && (before.classes[id] ?? 0) }));
  const { version, permutations } = answer.method;
  return legend({
    title: "热点检验",
    unit: `${LEVELS[answer.level]}，个`,
    rows: [...rows, { ...PATROL_ONLY, id: "patrol_only", n: patrolled(answer), before: before && patrolled(before) }],
    notes: [
      `n = ${answer.n} 件；每${answer.per}的件数，经验贝叶斯平滑`,
      `${permutations} 次置换，FDR 校正；方法 ${version}`,
      periodWords(daysOf(answer.window)),
      answer.renewing ? `${momentWords(answer.computed_at)} 算得，正在更新` : "",
    ],
  });
}

/** @param {string} words @param {import("./scales.js").Look} look */
function badge(words, look) {
  const element = make("span", { class: "look" }, words);
  element.style.setProperty("--look", look.fill);
  element.style.setProperty("--look-line", look.stroke ?? (look.fill === "#ffffff" ? "#7d8c94" : look.fill));
  return element;
}

/** @param {number | null | undefined} value */
function decimals(value) {
  return value === null || value === undefined ? "—" : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}

/** A probability, never rounded to nothing. @param {number | null | undefined} value */
function small(value) {
  return value === null || value === undefined ? "—" : value < 0.001 ? "<0.001" : value.toFixed(3);
}

/** @param {number} ms @param {AbortSignal} signal */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const waiting = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(waiting);
      reject(signal.reason);
    });
  });
}
