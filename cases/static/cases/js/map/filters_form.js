// The filters all layers of the map share: quick periods, chips, the form; the address is where they live.

import { make } from "../../../gridmap/js/dom.js";
import { readFields, writeFields } from "./fields.js";
import { NO_FILTERS, filterWords, inForce, readFilters } from "./filters.js";
import { monthsUntil, periodBefore, periodWords, quickPeriods, readPeriod } from "./periods.js";

/** @typedef {import("./filters.js").Filters} Filters */

/**
 * @typedef {object} Described The filters as the server describes them (cases/layers.py).
 * @property {import("./filters.js").Category[]} categories
 * @property {import("./filters.js").State[]} states
 * @property {import("./filters.js").Named[]} channels
 * @property {import("./filters.js").Named[]} departments
 * @property {import("./filters.js").Named[]} arrivals
 */

/**
 * Put the form on the page.
 * @param {any} context  see Context in the map's layers.js
 * @param {Described} described
 * @returns {any} see Shared in the map's layers.js
 */
export function mount({ params, open, outline, ground, today }, described) {
  const root = document.querySelector("[data-part=filters-common]");
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const [form, chips, periods, box] = ["form", "chips", "periods", "filters"].map(part);
  const names = namesOf(described, ground);
  const quick = quickPeriods(today);
  /** @type {Filters} */
  let filters = NO_FILTERS;
  /** @type {{filters: string[], levels?: string[]}} the layer that is shown, as the server describes it */
  let layer = { filters: [] };

  /** The person has chosen. @param {Filters} chosen */
  function choose(chosen) {
    const moved = chosen.area !== filters.area;
    const shifted = chosen.since !== filters.since || chosen.until !== filters.until;
    // What a period is compared with goes along with it.
    const compared = shifted && params().has("before") ? { before: asBefore(periodBefore(chosen, today)) } : {};
    open({ ...filterWords(chosen), ...compared });
    if (moved) {
      outline({ fit: true });
    }
  }

  function writePeriods() {
    periods.hidden = !layer.filters.includes("since");
    periods.replaceChildren(
      ...quick.map(({ name, since }) => {
        const pressed = filters.since === since && !filters.until;
        const attributes = { class: "period", type: "button", "aria-pressed": String(pressed) };
        return make("button", { ...attributes, onclick: () => pickPeriod(since) }, name);
      }),
    );
  }

  /** @param {string} since */
  function pickPeriod(since) {
    choose({ ...filters, since, until: "" });
    // The buttons are made anew: whoever came by keyboard stays on the one pressed.
    periods.querySelector("[aria-pressed=true]")?.focus();
  }

  function writeCompared() {
    const period = readPeriod(params().get("before"));
    // Staff stationed are those of today: there is no earlier period of them.
    part("compare").hidden = !layer.compare || params().get("view") === "supply";
    part("compare-toggle").setAttribute("aria-pressed", String(period !== null));
    part("compare-days").hidden = period === null;
    part("before-since").value = period?.since ?? "";
    part("before-until").value = period?.until ?? "";
  }

  function toggleCompared() {
    if (params().has("before")) {
      open({ before: null });
      return;
    }
    // Without a beginning there is nothing before it: a year is taken.
    const since = filters.since || monthsUntil(filters.until || today, 12);
    open({ since, before: asBefore(periodBefore({ since, until: filters.until }, today)) });
  }

  function editCompared() {
    const [since, until] = ["before-since", "before-until"].map((name) => part(name).value);
    const period = readPeriod(`${since}..${until}`);
    if (period) {
      open({ before: asBefore(period) });
    }
  }

  function writeChips() {
    const found = inForce(filters, names);
    chips.hidden = found.length === 0;
    chips.replaceChildren(
      ...found.map(({ name, words, without }) => {
        const used = layer.filters.includes(name);
        const label = `去掉筛选：${words}${used ? "" : "，本图层不用"}`;
        const attributes = { type: "button", class: used ? "" : "is-unused", "aria-label": label, title: used ? null : "本图层不用这一筛选" };
        return make("li", {}, make("button", { ...attributes, onclick: () => choose(without) }, `${words} ×`));
      }),
    );
  }

  function writeForm() {
    const { elements } = form;
    writeFields(form, filters);
    elements.arrival.value = filters.arrival;
    elements.overdue.checked = filters.overdue;
    form.querySelectorAll("[name=state]").forEach((it) => {
      it.checked = filters.states.includes(it.value);
    });
    writeAreas(elements.area, filters.area, ground);
    form.querySelectorAll("[data-field]").forEach((it) => {
      it.hidden = !it.dataset.field.split(" ").some((name) => layer.filters.includes(name));
    });
    box.hidden = layer.filters.length === 0;
  }

  /** @param {Filters} said @param {typeof layer} shown */
  function show(said, shown) {
    if (shown !== layer) {
      // The states are the legend of the layer of cases: there they stay in sight.
      box.open = wide && Boolean(shown.opened);
    }
    // The level stays as the address has it, for the layers that can count by it.
    filters = { ...said, level: readFilters(params(), names.known).level };
    layer = shown;
    writePeriods();
    writeCompared();
    writeChips();
    writeForm();
  }

  form.addEventListener("change", () => choose(readFields(form, filters)));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    choose(NO_FILTERS);
  });
  part("compare-toggle").addEventListener("click", toggleCompared);
  part("before-since").addEventListener("change", editCompared);
  part("before-until").addEventListener("change", editCompared);
  const wide = globalThis.matchMedia("(min-width: 768px)").matches;

  return {
    show,
    read: (shown) => withLevel(readFilters(params(), names.known), shown),
    area: () => readFilters(params(), names.known).area || null,
    second: (said) => {
      const period = layer.compare ? readPeriod(params().get("before")) : null;
      return period && { filters: { ...said, ...period }, words: [`本期 ${periodWords(said)}`, `上期 ${periodWords(period)}`] };
    },
    sentence: (said, shown) => {
      const others = inForce({ ...said, since: "", until: "" }, names).filter((it) => shown.filters.includes(it.name));
      return [periodWords(said), ...others.map((it) => it.words)].join("；");
    },
  };
}

/** @param {Described} described @param {any} ground */
function namesOf({ categories, states, channels, departments, arrivals }, ground) {
  const named = (list) => new Map(list.map((it) => [it.code, it.name]));
  const categoriesOfBothLevels = categories.flatMap((it) => [it, ...(it.children ?? [])]);
  const [category, state, channel, department, arrival] = [categoriesOfBothLevels, states, channels, departments, arrivals].map(named);
  const of = (names) => (code) => names.get(code) ?? "";
  return {
    known: {
      categories: new Set(category.keys()),
      states: new Set(state.keys()),
      channels: new Set(channel.keys()),
      departments: new Set(department.keys()),
      arrivals: new Set(arrival.keys()),
    },
    category: of(category),
    state: of(state),
    channel: of(channel),
    department: of(department),
    arrival: of(arrival),
    area: (code) => ground.nameOf(code),
  };
}

/** With the layer's own level where it cannot count by the one named. @param {Filters} said @param {{levels?: string[]}} layer @returns {Filters} */
function withLevel(said, { levels = [] }) {
  return { ...said, level: levels.includes(said.level) ? said.level : (levels[0] ?? "") };
}

/** @param {import("./periods.js").Period | null} period @returns {string | null} as the address says it */
function asBefore(period) {
  return period && `${period.since}..${period.until}`;
}

/** The towns to choose from, and the finer area chosen on the map if there is one. */
function writeAreas(select, chosen, ground) {
  const towns = ground.towns().map((it) => it.id);
  const codes = chosen && !towns.includes(chosen) ? [...towns, chosen] : towns;
  select.replaceChildren(
    make("option", { value: "" }, "全区"),
    ...codes.map((code) => make("option", { value: code }, ground.nameOf(code) || code)),
  );
  select.value = chosen;
}
