// Drawing in a draft: choose a tool, choose grids, draw a line, look at what it makes, confirm; undo the last step.

import { mountDraftMap } from "./draw_map.js";
import { makePen } from "./draw_pen.js";
import { countWords, groundWords } from "./draw_shapes.js";
import { givenToPage, make } from "./dom.js";
import { request } from "./request.js";

/** @typedef {"split" | "merge" | "hand-over"} Tool */

const page = givenToPage();
const part = (name) => document.querySelector(`[data-part=${name}]`);
const words = document.getElementById("grid-words");
const DEEDS = { split: "确认拆分", merge: "确认合并", "hand-over": "确认划转" };
const MANY = 50;

/** @type {{tool: Tool, chosen: string[], draft: any, ready: boolean, busy: boolean, bothNew: boolean, into: string}} */
const now = { tool: "split", chosen: [], draft: null, ready: false, busy: false, bothNew: false, into: "" };
let looking = new AbortController();
/** What was asked for while the draft was being saved or read, in order. @type {(() => void)[]} */
let waiting = [];
/** What was done last, until the next move. */
let said = "";

const draft = mountDraftMap(document.getElementById("map"), page, { onPlace: (at) => onceRead(() => placed(at)), onProblem: complain });
const pen = makePen(draft.map, { onChange: look, onFinish: finished, isHeld: () => now.busy });

// ---- what to do next ---------------------------------------------------------------------------------------------

/** Say what the next move is. */
function hint() {
  if (!now.draft) {
    return "草稿没有读出来";
  }
  const drawn = pen.line().length;
  if (now.tool === "merge") {
    return now.chosen.length < 2 ? "点选要合并的两个或更多相邻网格" : "核对合并结果，再点确认；可继续点选";
  }
  if (now.chosen.length === 0) {
    return now.tool === "split" ? "点选要拆分的网格" : "先点选要划出土地的网格";
  }
  if (now.tool === "hand-over" && now.chosen.length === 1) {
    return "再点选接收土地的相邻网格";
  }
  if (drawn === 0) {
    return now.tool === "split"
      ? "画一条线穿过网格：从边线外或边线上点起，逐点点到另一边"
      : "在前一个网格里画线：靠接收一侧的部分划过去；也可画一圈，圈内的部分划过去";
  }
  return now.ready ? "核对结果，再点确认；可继续加点" : "继续点到对面的边线；双击或回车结束，退格去掉一点，Esc 取消";
}

/** What is being waited for. */
function waitWords() {
  const what = now.draft ? "正在保存并重新读取草稿…" : "正在读取草稿…";
  return waiting.length > 0 ? `${what}读完接着办您刚才点选的` : what;
}

function show() {
  const wait = now.busy ? [make("span", { class: "loading" }, waitWords())] : [];
  part("hint").replaceChildren(...(said || !now.busy ? [said || hint(), " "] : []), ...wait);
  part("chosen").hidden = now.chosen.length === 0;
  part("chosen").replaceChildren(...now.chosen.map(chosenItem));
  part("deeds").hidden = now.chosen.length === 0;
  part("back").hidden = !pen.isDrawing();
  part("back").disabled = pen.line().length === 0 || now.busy;
  part("confirm").textContent = now.busy ? "正在保存…" : DEEDS[now.tool];
  part("find").hidden = pen.isDrawing();
  part("find").querySelectorAll("input, button").forEach((it) => (it.disabled = !now.draft));
  [part("chosen"), part("preview")].forEach((it) => (it.inert = now.busy));
  part("confirm").disabled = !now.ready || now.busy;
  document.querySelectorAll("[data-tool]").forEach((it) => it.setAttribute("aria-pressed", String(it.dataset.tool === now.tool)));
  part("undo").disabled = !now.draft?.undoable || now.busy;
  draft.choose(now.chosen, now.tool);
}

/** @param {string} code @param {number} order */
function chosenItem(code, order) {
  const { name } = draft.grid(code).properties;
  const role = now.tool === "hand-over" ? ["划出：", "接收："][order] : "";
  const off = make("button", { type: "button", class: "btn btn-plain", "aria-label": `不选 ${name}`, onclick: () => toggle(code) }, "×");
  return make("li", {}, make("span", {}, role, make("strong", {}, name), " ", make("small", { class: "muted" }, code)), off);
}

/** @param {Error & {place?: [number, number]}} problem */
function complain(problem) {
  part("problem").textContent = problem.message;
  part("problem").hidden = false;
  draft.mark(problem.place ?? null);
}

function forgetProblem() {
  part("problem").hidden = true;
  draft.mark(null);
}

// ---- choosing ----------------------------------------------------------------------------------------------------

/** Now, or once the draft is there: nothing that is asked for meanwhile is lost. @param {() => void} deed */
function onceRead(deed) {
  if (now.busy) {
    waiting.push(deed);
    show();
  } else {
    deed();
  }
}

/** The map was clicked: the next point of the line, or the next grid. @param {L.LatLng} at */
function placed(at) {
  if (pen.isDrawing()) {
    pen.add(at);
    return;
  }
  const code = draft.gridAt(at);
  if (code) {
    toggle(code);
  } else {
    complain(new Error("这里没有草稿中的网格，请点在草稿范围内 (no grid of the draft here)"));
  }
}

/** @param {string} code */
function toggle(code) {
  said = "";
  const most = { split: 1, "hand-over": 2, merge: MANY }[now.tool];
  const chosen = now.chosen.includes(code) ? now.chosen.filter((it) => it !== code) : [...now.chosen, code];
  choose(chosen.slice(-most));
}

/** @param {string[]} codes */
function choose(codes) {
  now.chosen = codes;
  now.into = codes.includes(now.into) ? now.into : "";
  forgetPreview();
  const enough = { split: 1, "hand-over": 2 }[now.tool];
  if (codes.length === enough) {
    pen.start(codes.map((code) => draft.grid(code).geometry), { closes: now.tool === "hand-over" });
  } else {
    pen.stop();
  }
  show();
  if (now.tool === "merge" && codes.length > 1) {
    look();
  }
}

/** @param {Tool} tool */
function use(tool) {
  said = "";
  now.tool = tool;
  now.bothNew = false;
  choose([]);
}

/** Take back as little as there is: what still waits, else the line, else the choice. */
function cancel() {
  if (now.busy) {
    waiting = [];
    show();
    return;
  }
  said = "";
  if (pen.line().length > 0) {
    pen.clear();
    forgetPreview();
    show();
  } else {
    choose([]);
  }
}

// ---- looking and doing -------------------------------------------------------------------------------------------

/** The form of the edit as it is drawn now. */
function asked() {
  const form = new FormData();
  form.set("step", now.draft.step);
  if (now.tool === "merge") {
    form.set("codes", now.chosen.join(","));
    form.set("into", now.into);
    return form;
  }
  form.set("coord", "cgcs2000");
  form.set("line", JSON.stringify(pen.line()));
  const [first, second] = now.chosen;
  if (now.tool === "split") {
    form.set("code", first);
    form.set("both_new", now.bothNew ? "1" : "");
  } else {
    form.set("giver", first);
    form.set("taker", second);
  }
  return form;
}

function forgetPreview() {
  looking.abort();
  now.ready = false;
  draft.preview(null);
  part("preview").hidden = true;
  forgetProblem();
}

/** Ask what it would make. A line that is still being drawn is not complained about. */
async function look({ finished: done = false } = {}) {
  forgetPreview();
  show();
  if (now.tool !== "merge" && pen.line().length < 2) {
    return;
  }
  looking = new AbortController();
  const { signal } = looking;
  const form = asked();
  form.set("preview", "1");
  try {
    const made = await request(page.edits[now.tool], { form, signal });
    now.ready = true;
    draft.preview(made.features);
    part("preview").replaceChildren(...previewWords(made));
    part("preview").hidden = false;
    show();
    if (done) {
      part("confirm").focus();
    }
  } catch (problem) {
    if (problem.status === 409) {
      doing(() => Promise.reject(problem));
    } else if (problem.name !== "AbortError" && (done || now.tool === "merge" || problem.status !== 422)) {
      complain(problem);
    }
  }
}

function finished() {
  look({ finished: true });
}

/** @param {any} made  the answer of an edit */
function previewWords({ features, notes, gone }) {
  const rows = features.map(({ properties: it }, order) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("i", { class: `draw-swatch draw-swatch-${order}` }), it.name || it.code, make("small", {}, it.code, it.is_new ? " 新编码" : "")),
      make("td", {}, groundWords(it.area_m2), make("small", {}, `${countWords(it.households, "户")}，${countWords(it.residents, "人")}`)),
    ),
  );
  const table = make("table", { class: "draw-pieces" }, make("caption", { class: "visually-hidden" }, "结果"), make("tbody", {}, ...rows));
  const more = notes.map((note) => make("p", { class: "notice notice-warn" }, note));
  const lost = gone.length > 0 ? [make("p", { class: "muted" }, `${gone.join("、")} 不再使用`)] : [];
  return [table, ...lost, ...more, ...options()];
}

/** What can be chosen about the result. */
function options() {
  if (now.tool === "split") {
    const box = make("input", { type: "checkbox", class: "form-check-input", checked: now.bothNew, onchange: () => again({ bothNew: box.checked }) });
    return [make("label", { class: "draw-option" }, box, "两块都用新编码")];
  }
  if (now.tool === "merge") {
    const choices = [...now.chosen].sort().map((code) => make("option", { value: code, selected: code === now.into }, code));
    const list = make("select", { class: "form-select", onchange: () => again({ into: list.value }) }, ...choices);
    return [make("label", { class: "draw-option" }, "保留编码", list)];
  }
  return [];
}

/** @param {Partial<typeof now>} changed */
function again(changed) {
  Object.assign(now, changed);
  look();
}

/** Do something to the draft and read it anew, then what was asked for meanwhile. @param {() => Promise<any>} deed */
async function doing(deed) {
  now.busy = true;
  forgetProblem();
  show();
  let failure = null;
  try {
    await deed();
  } catch (problem) {
    failure = problem;
  }
  if (!failure || failure.status === 409 || failure.outcomeUnknown) {
    // Either it is done, or somebody else was first: both times the draft is another now.
    await reload().catch((problem) => (failure ??= problem));
  }
  now.busy = false;
  show();
  const deeds = waiting;
  waiting = [];
  if (failure) {
    // What was asked for meanwhile was meant for another draft.
    complain(failure);
  } else {
    deeds.forEach((it) => it());
  }
}

function confirmed() {
  doing(async () => {
    const { sentence } = await request(page.edits[now.tool], { form: asked() });
    said = sentence;
    choose([]);
  });
}

function undone() {
  doing(async () => {
    const form = new FormData();
    form.set("step", now.draft.step);
    const [last] = now.draft.steps;
    await request(page.undo, { form });
    said = `已撤销：${last.sentence}`;
  });
}

async function reload() {
  const { features, draft: state } = await request(page.draft);
  draft.show(features);
  if (!now.draft) {
    draft.goTo(null);
  }
  now.draft = state;
  choose([]);
  const grids = features.filter((it) => it.properties.lowest);
  document.getElementById("grid-list").replaceChildren(...grids.map((it) => make("option", { value: it.id }, it.properties.name)));
  part("findings").textContent = findingWords(state);
  part("steps").replaceChildren(...state.steps.map(stepItem));
}

/** @param {{findings: number, errors: number}} state */
function findingWords({ findings, errors }) {
  if (findings === 0) {
    return "检查没有发现问题";
  }
  return errors > 0 ? `检查发现 ${findings} 个问题，其中 ${errors} 个须改正` : `检查发现 ${findings} 处提醒`;
}

/** @param {{kind_name: string, sentence: string, at: string, by: string}} step */
function stepItem({ kind_name: kind, sentence, at, by }) {
  const when = `${at.slice(0, 10)} ${at.slice(11, 16)}`;
  return make("li", {}, make("strong", {}, kind), make("span", {}, sentence), make("small", { class: "muted" }, by ? `${when} ${by}` : when));
}

/** Somebody picks a grid by its code or name. @param {string} wanted */
function find(wanted) {
  const code = draft.find(wanted);
  if (!code) {
    words.value = wanted;
    complain(new Error(`草稿中没有“${wanted}”这个网格，请填完整的编码或名称`));
    return;
  }
  if (!now.chosen.includes(code)) {
    toggle(code);
  }
  draft.goTo(code);
  if (pen.isDrawing()) {
    draft.map.getContainer().focus({ preventScroll: true });
  }
}

function start() {
  // On a phone the map needs the room.
  document.querySelector(".draw-steps").open = !globalThis.matchMedia("(max-width: 767.98px)").matches;
  document.querySelectorAll("[data-tool]").forEach((it) => it.addEventListener("click", () => onceRead(() => use(it.dataset.tool))));
  part("confirm").addEventListener("click", confirmed);
  part("back").addEventListener("click", () => pen.back());
  part("cancel").addEventListener("click", cancel);
  part("undo").addEventListener("click", undone);
  part("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = words.value.trim();
    words.value = "";
    onceRead(() => find(wanted));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      cancel();
    }
  });
  doing(() => Promise.resolve());
}

start();
