// The page for reporting: joins the map, the search, the form, the draft and the sending.

import { request, upload } from "../../gridmap/js/request.js";
import { distanceBetween, locationRefused, metres, missing, moment, promise, told } from "./report/answer.js";
import { Draft, storageOrMemory } from "./report/draft.js";
import { latest } from "./report/latest.js";
import { photoPicker } from "./report/photos.js";
import { pinMap } from "./report/pin.js";
import { placeSearch } from "./report/place_search.js";
import { receiptView } from "./report/receipt.js";
import { reportForm } from "./report/sending.js";
import { similarCases } from "./report/similar.js";

const byId = (id) => document.getElementById(id);
const page = JSON.parse(byId("page").textContent);

const notKept = () => {
  byId("not-kept").hidden = false;
};
const draft = new Draft(storageOrMemory(() => globalThis.localStorage, notKept));

/** The site's last answer about the place, and its sentence when it refused it. */
let located = null;
let outside = "";

// ---- where ----

const map = pinMap(byId("map"), {
  areas: page.areas,
  rivers: page.rivers,
  shape: byId("pin-shape").innerHTML,
  onShown: () => byId("map-loading").remove(),
  onMove: (lon, lat) => place({ lon, lat, accuracy: null, from: "hand" }, { drawn: true }),
  onProblem: (problem) => sayLocation(`地图没有读到：${problem.message}。可以按地址选。`, { bad: true }),
});

const search = placeSearch(
  { field: byId("place-words"), list: byId("place-options"), hint: byId("place-hint"), option: byId("place-option") },
  {
    places: page.places,
    onChoose: (found) => {
      if (found.kind === "building" && !draft.content.address) {
        byId("address").value = found.name;
        draft.set({ address: found.name });
      }
      place({ lon: found.lon, lat: found.lat, accuracy: null, from: "search" });
    },
  },
);

const whose = latest({
  ask: ({ lon, lat, accuracy }, signal) =>
    request(page.locate, { query: { lon, lat, coord: "wgs84", accuracy }, signal }),
  onAnswer: (answer) => {
    located = answer;
    outside = "";
    showAnswer();
  },
  onProblem: (problem, at) => {
    located = null;
    outside = problem.status === 422 ? problem.detail : "";
    showRefusal(problem.message);
    if (outside && at.from !== "hand") {
      map.home();
    }
    if (outside && at.from === "device") {
      sayLocation("测到的位置不在本区。要反映本区的事，请在地图上点选，或按地址选。", { bad: true });
    }
  },
  wait: 250,
});

/** @param {import("./report/draft.js").Place} at @param {{drawn?: boolean}} [options] */
function place(at, { drawn = false } = {}) {
  if (!drawn) {
    map.show(at);
  }
  draft.set({ place: at });
  ask(at);
}

function ask(at) {
  byId("answer").classList.add("is-waiting");
  whose.call(at);
}

function showAnswer() {
  const { name, path, people, promise: by, notes } = told(located, {
    category: chosenCategory()?.dataset,
    accuracy: draft.content.place?.accuracy ?? null,
  });
  const shape = byId("answer-shape").content.cloneNode(true);
  shape.querySelector("[data-name]").textContent = name;
  shape.querySelector("[data-path]").textContent = path;
  shape.querySelector("[data-people]").replaceChildren(...people.map(personItem));
  fillOrDrop(shape.querySelector("[data-promise]"), by);
  fillOrDrop(shape.querySelector("[data-note]"), notes.join(" "));
  setAnswer(shape, false);
  map.outline(located.area.code);
}

function personItem({ name, role, phone }) {
  const item = document.createElement("li");
  item.append(`${role} ${name} `);
  if (phone) {
    const call = document.createElement("a");
    call.href = `tel:${phone}`;
    call.textContent = phone;
    item.append(call);
  }
  return item;
}

function fillOrDrop(element, words) {
  if (words) {
    element.textContent = words;
  } else {
    element.remove();
  }
}

function showRefusal(sentence) {
  const words = document.createElement("p");
  words.textContent = sentence;
  setAnswer(words, true);
  map.outline(null);
}

function setAnswer(content, bad) {
  const box = byId("answer");
  box.replaceChildren(content);
  box.classList.remove("is-waiting");
  box.classList.toggle("is-bad", bad);
}

function sayLocation(words, { bad = false } = {}) {
  byId("locate-status").textContent = words;
  byId("locate-status").classList.toggle("is-bad", bad);
}

function locateMe() {
  if (!globalThis.isSecureContext || !navigator.geolocation) {
    sayLocation(locationRefused(0, globalThis.isSecureContext), { bad: true });
    return;
  }
  sayLocation("正在定位…");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      sayLocation(`已定位，误差约 ${metres(coords.accuracy)}。位置不对可以拖动图钉。`);
      place({ lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, from: "device" });
    },
    (refusal) => sayLocation(locationRefused(refusal.code, true), { bad: true }),
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 20_000 },
  );
}

byId("locate-me").addEventListener("click", locateMe);

byId("without-map").addEventListener("click", () => {
  const without = byId("without-map").getAttribute("aria-pressed") !== "true";
  byId("without-map").setAttribute("aria-pressed", String(without));
  byId("without-map-words").textContent = without ? "用地图选" : "不用地图，按地址选";
  byId("map-frame").hidden = without;
  document.querySelector(".report-page").classList.toggle("is-without-map", without);
  if (without) {
    byId("place-words").focus();
  } else {
    map.resized();
    if (draft.content.place) {
      map.show(draft.content.place);
    }
  }
});

// ---- what ----

const radios = (name) => [...document.querySelectorAll(`input[name="${name}"]`)];

function chosenCategory() {
  return radios("category").find((it) => it.checked && !it.closest("fieldset").hidden);
}

function showGroup(code) {
  document.querySelectorAll("[data-group]").forEach((children) => {
    children.hidden = children.dataset.group !== code;
  });
}

function showCategory() {
  const chosen = chosenCategory();
  const sensitive = chosen && "sensitive" in chosen.dataset ? "这类事项在公开的地图上不显示准确位置。" : "";
  byId("category-note").textContent = chosen ? `${chosen.dataset.name}：${promise(chosen.dataset)}。${sensitive}` : "";
  if (located) {
    showAnswer();
  }
}

radios("group").forEach((radio) =>
  radio.addEventListener("change", () => {
    showGroup(radio.value);
    radios("category").forEach((it) => {
      it.checked = false;
    });
    const only = document.querySelectorAll(`[data-group="${radio.value}"] input`);
    if (only.length === 1) {
      only[0].checked = true;
    }
    draft.set({ category: chosenCategory()?.value ?? "" });
    showCategory();
  }),
);
radios("category").forEach((radio) =>
  radio.addEventListener("change", () => {
    draft.set({ category: radio.value });
    showCategory();
  }),
);

// ---- details ----

for (const field of ["text", "address", "name", "phone"]) {
  byId(field).addEventListener("input", () => draft.set({ [field]: byId(field).value }));
}

function countText() {
  const length = byId("text").value.length;
  byId("text-count").textContent = `${length} / ${page.max_text} 字`;
  byId("text-count").classList.toggle("is-near", length > page.max_text * 0.95);
}
byId("text").addEventListener("input", countText);

let photoSpot = null;
const photos = photoPicker(
  { file: byId("photo-file"), list: byId("photos"), status: byId("photo-status"), tile: byId("photo-tile") },
  {
    max: page.max_photos,
    onChange: (keys) => draft.set({ photos: keys }),
    onPlace: offerPhotoPlace,
    onNotKept: notKept,
  },
);

function offerPhotoPlace(spot) {
  const here = draft.content.place;
  const apart = here ? `，离图钉约 ${metres(distanceBetween(here, spot))}` : "";
  photoSpot = spot;
  byId("photo-place-words").textContent = `照片里记着拍摄的地方${apart}${spot.takenAt ? `，拍摄于 ${spot.takenAt}` : ""}。用照片的位置吗？`;
  byId("photo-place").hidden = false;
}
byId("photo-place-use").addEventListener("click", () => {
  byId("photo-place").hidden = true;
  place({ lon: photoSpot.lon, lat: photoSpot.lat, accuracy: null, from: "photo" });
  byId("where-title").scrollIntoView({ block: "start" });
  byId("where-title").focus();
});
byId("photo-place-leave").addEventListener("click", () => {
  byId("photo-place").hidden = true;
});

// ---- the same thing already there ----

const similar = similarCases(
  { section: byId("similar"), title: byId("similar-title"), cards: byId("similar-cards"), goOn: byId("not-the-same"), card: byId("similar-card") },
  {
    similar: page.similar,
    voices: page.voices,
    text: () => draft.content.text.trim(),
    onVoice: ({ number, voices }) => {
      byId("thanks-words").textContent = `事项 ${number} 正在办理，除了首位上报人，已有 ${voices} 人也反映了。反映的人越多，越容易看出哪里最急。`;
      finish(byId("thanks"), byId("thanks-title"));
    },
    onProblem: (problem) => fail(problem.message),
    onGoOn: (held) => {
      byId("send").focus();
      if (held) {
        send();
      }
    },
  },
);
draft.onChange((content, changed) => {
  if ("place" in changed || "category" in changed) {
    similar.look(content);
  }
  byId("missing").hidden = true;
});

// ---- sending ----

const receipt = receiptView(byId, page.qr);
let sending = false;

byId("report").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

async function send() {
  if (sending) {
    return;
  }
  const lacking = missing(draft.content, { outside });
  showMissing(lacking);
  if (lacking.length > 0) {
    return;
  }
  setSending(true);
  try {
    // What may have arrived already is not looked for again: it would be found as its own double.
    if (!draft.tried && (await similar.mustLook(draft.content))) {
      return;
    }
    draft.markTried(true);
    const answer = await upload(page.cases, reportForm(draft, photos.files(), page.channel), showProgress);
    const people = (located?.people ?? []).map((it) => ({ name: it.name, role: it.role_name }));
    const own = located?.area.code === answer.area.code ? people : [];
    finish(byId("receipt"), byId("receipt-title"));
    receipt.show(answer, own);
  } catch (problem) {
    notSent(problem);
  } finally {
    setSending(false);
  }
}

function notSent(problem) {
  if (problem.status === 409) {
    draft.renew();
  } else if (!problem.outcomeUnknown) {
    draft.markTried(false);
  }
  fail(problem.outcomeUnknown ? `${problem.message}。内容已保存在这台设备上，再点“重试”不会重复上报。` : problem.message);
  byId("send-words").textContent = "重试";
}

function fail(words) {
  byId("failed").textContent = words;
  byId("failed").hidden = false;
  byId("failed").scrollIntoView({ block: "nearest" });
}

function setSending(now) {
  sending = now;
  byId("send").disabled = now;
  byId("progress").hidden = !now;
  if (now) {
    byId("failed").hidden = true;
    byId("progress-bar").removeAttribute("value");
    byId("progress-words").textContent = "正在查看附近有没有同样的事…";
  }
}

function showProgress(share) {
  byId("progress-bar").value = share;
  byId("progress-words").textContent = share < 1 ? `正在送出 ${Math.round(share * 100)}%` : "已送出，等待编号…";
}

const FIELD = { place: "where-title", category: "category-title", text: "text", phone: "phone" };

function showMissing(lacking) {
  const list = byId("missing");
  list.hidden = lacking.length === 0;
  list.replaceChildren(
    ...lacking.map(({ field, sentence }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `#${FIELD[field]}`;
      link.textContent = sentence;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        byId(FIELD[field]).focus();
      });
      item.append(link);
      return item;
    }),
  );
  for (const field of ["text", "phone"]) {
    byId(field).setAttribute("aria-invalid", String(lacking.some((it) => it.field === field)));
  }
  if (lacking.length > 0) {
    list.querySelector("a").focus();
  }
}

globalThis.addEventListener("online", () => {
  if (!byId("failed").hidden) {
    fail("网络又通了。内容还在，点“重试”送出。");
  }
});

// ---- begin, and begin again ----

function finish(section, title) {
  draft.clear();
  emptyForm();
  byId("report").hidden = true;
  byId("restored").hidden = true;
  document.querySelector(".lead-line").hidden = true;
  section.hidden = false;
  title.focus();
  globalThis.scrollTo(0, 0);
}

function emptyForm() {
  byId("report").reset();
  showGroup("");
  showCategory();
  countText();
  photos.clear();
  similar.clear();
  search.clear();
  whose.cancel();
  map.clear();
  located = null;
  outside = "";
  setAnswer(emptyAnswer.cloneNode(true), false);
  sayLocation("");
  byId("failed").hidden = true;
  byId("photo-place").hidden = true;
  byId("send-words").textContent = "送出";
}
const emptyAnswer = byId("answer-empty");

function again() {
  byId("receipt").hidden = true;
  byId("thanks").hidden = true;
  byId("report").hidden = false;
  document.querySelector(".lead-line").hidden = false;
  map.resized();
  byId("where-title").focus();
}
document.querySelectorAll("[data-again]").forEach((button) => button.addEventListener("click", again));

byId("start-over").addEventListener("click", () => {
  draft.clear();
  emptyForm();
  byId("restored").hidden = true;
  byId("where-title").focus();
});

/** Put back what was entered before the page was closed or reloaded. */
function restore() {
  const { content, restoredFrom } = draft;
  if (restoredFrom === null) {
    return;
  }
  byId("restored-at").textContent = moment(new Date(restoredFrom).toISOString());
  byId("restored").hidden = false;
  for (const field of ["text", "address", "name", "phone"]) {
    byId(field).value = content[field];
  }
  const category = radios("category").find((it) => it.value === content.category);
  if (category) {
    const { group } = category.closest("[data-group]").dataset;
    showGroup(group);
    radios("group").find((it) => it.value === group).checked = true;
    category.checked = true;
    showCategory();
  }
  countText();
  if (content.place) {
    map.show(content.place);
    ask(content.place);
    if (!draft.tried) {
      similar.look(content);
    }
  }
  photos.restore(content.photos);
}

/** Somebody who let this site know the place before wants it again; nobody is asked unbidden. */
async function locateIfAllowed() {
  const permission = await navigator.permissions?.query({ name: "geolocation" }).catch(() => null);
  if (permission?.state === "granted" && !draft.content.place) {
    locateMe();
  }
}

/** A link such as the map's “在这里上报” names the place in WGS 84: `?lon=…&lat=…`. */
function placeOfLink() {
  const given = new URLSearchParams(location.search);
  const [lon, lat] = ["lon", "lat"].map((name) => Number.parseFloat(given.get(name)));
  if (Number.isFinite(lon) && Number.isFinite(lat)) {
    place({ lon, lat, accuracy: null, from: "link" });
  }
}

countText();
restore();
placeOfLink();
locateIfAllowed();
