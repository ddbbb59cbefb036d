// What to say about a place: whose ground it is, who is responsible, how sure that is. Words only, no page.

/**
 * @typedef {object} Located  What `locate` answers.
 * @property {"within" | "edge" | "nearest" | "unrouted"} method
 * @property {number} distance_m
 * @property {boolean} uncertain
 * @property {{code: string, name: string, level: string, path: {code: string, name: string}[]}} area
 * @property {{code: string, name: string}[]} candidates
 * @property {{name: string, role: string, role_name: string, phone: string}[]} people
 * @property {string} centre
 */

/**
 * @typedef {object} Told
 * @property {string} name  of the grid
 * @property {string} path  the areas above it
 * @property {{name: string, role: string, phone: string}[]} people
 * @property {string} centre
 * @property {string} promise  sentence about the time allowed, or ""
 * @property {string[]} notes  what is unsure about it
 */

/**
 * @param {Located} located
 * @param {object} [about]
 * @param {{limit?: string, due?: string}} [about.category]  see {@link promise}
 * @param {number | null} [about.accuracy]  radius in metres
 * @returns {Told}
 */
export function told(located, { category = {}, accuracy = null } = {}) {
  return {
    name: located.area.name,
    path: above(located.area),
    people: located.people.map(({ name, role_name: role, phone }) => ({ name, role, phone })),
    centre: located.centre,
    promise: promise(category),
    notes: notes(located, accuracy),
  };
}

/**
 * When it would be done, for a category: "预计 11月23日（周一）18:00 前办理（4 个工作时内）".
 * @param {{limit?: string, due?: string}} category  `due` when a report made now runs out, ISO 8601
 * @returns {string} "" without a category
 */
export function promise({ limit, due }) {
  return limit && due ? `预计 ${moment(due)} 前办理（${limitInWords(limit)}内）` : "";
}

/**
 * A limit with its measure word: "4工作时" as "4 个工作时".
 * @param {string} limit
 * @returns {string}
 */
export function limitInWords(limit) {
  return limit.replace(/^(\d+)\s*/, "$1 个");
}

/** @param {Located["area"]} area @returns {string} */
function above(area) {
  return area.path
    .slice(0, -1)
    .map((it) => it.name)
    .join(" › ");
}

/** @param {Located} located @param {number | null} accuracy @returns {string[]} */
function notes(located, accuracy) {
  const said = [];
  const others = otherGrids(located);
  if (located.method === "edge" && others) {
    said.push(`正好在交界线上，也挨着 ${others}；先由 ${located.area.name} 受理。`);
  }
  if (located.method === "nearest") {
    said.push(`这一点不在任何网格里，就近归入，距离约 ${metres(located.distance_m)}。`);
  }
  if (located.method === "unrouted") {
    said.push(`这里还没有划入网格，先由${located.centre || "网格中心"}接收，再指派到人。`);
  }
  if (located.uncertain) {
    const error = accuracy === null ? "定位有误差" : `定位误差约 ${metres(accuracy)}，比到界线的距离还大`;
    const perhaps = others && located.method !== "edge" ? `，也可能属于 ${others}` : "";
    said.push(`${error}${perhaps}。请看看图钉的位置对不对，必要时拖动；受理后工作人员还会核对。`);
  }
  return said;
}

const NAMED_AT_MOST = 3;

/** The other grids it may be, without the town's name where it is the same one. @param {Located} located */
function otherGrids({ candidates, area }) {
  const town = area.path.find((it) => it.code.length === 9);
  const names = candidates
    .filter((it) => it.code !== area.code)
    .map(({ code, name }) => (town && code.startsWith(town.code) && name.startsWith(town.name) ? name.slice(town.name.length) : name));
  const named = names.slice(0, NAMED_AT_MOST).join("、");
  return names.length > NAMED_AT_MOST ? `${named}等 ${names.length} 个网格` : named;
}

/**
 * A distance people can use: 8 米, 35 米, 350 米, 1.2 公里.
 * @param {number} distance  metres
 * @returns {string}
 */
export function metres(distance) {
  if (distance < 10) {
    return `${Math.max(1, Math.round(distance))} 米`;
  }
  if (distance < 1000) {
    const step = distance < 100 ? 5 : 10;
    return `${Math.round(distance / step) * step} 米`;
  }
  return `${(distance / 1000).toFixed(1)} 公里`;
}

/**
 * Metres between two points a few kilometres apart, on a sphere (haversine).
 * @param {{lon: number, lat: number}} a  degrees
 * @param {{lon: number, lat: number}} b  degrees
 * @returns {number}
 */
export function distanceBetween(a, b) {
  const rad = Math.PI / 180;
  const half = (angle) => Math.sin((angle * rad) / 2) ** 2;
  const h = half(b.lat - a.lat) + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * half(b.lon - a.lon);
  return 2 * 6_371_008.8 * Math.asin(Math.sqrt(h));
}

/**
 * A moment as people say it, in the district's zone: 11月22日（周日）18:00.
 * @param {string} iso
 * @returns {string}
 */
export function moment(iso) {
  const parts = new Intl.DateTimeFormat("zh-CN", {
    timeZone: "Asia/Shanghai",
    month: "numeric",
    day: "numeric",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  }).formatToParts(new Date(iso));
  const part = (type) => parts.find((it) => it.type === type)?.value ?? "";
  return `${part("month")}月${part("day")}日（${part("weekday")}）${part("hour").replace("24", "00")}:${part("minute")}`;
}

/**
 * @param {number} code  of a GeolocationPositionError, or 0 for none to be had at all
 * @param {boolean} secure  whether the page came over an encrypted connection
 * @returns {string} what happened and what to do
 */
export function locationRefused(code, secure) {
  if (!secure) {
    return "浏览器只在加密连接（https）下才告诉网页位置。请直接在地图上点选，或按地址选。";
  }
  const said = {
    1: "您没有允许使用位置。可以在浏览器的网站设置里改，也可以直接在地图上点选，或按地址选。",
    2: "这台设备暂时测不到位置（可能在室内或没开定位）。请直接在地图上点选，或按地址选。",
    3: "等了一会儿还没有测到位置。可以到开阔处再试，也可以直接在地图上点选，或按地址选。",
  };
  return said[code] ?? "这个浏览器不能定位。请直接在地图上点选，或按地址选。";
}

/**
 * What still has to be entered, in the page's order.
 * @param {import("./draft.js").Content} content
 * @param {{outside: string}} about  the site's sentence when the place was refused, else ""
 * @returns {{field: "place" | "category" | "text" | "phone", sentence: string}[]}
 */
export function missing(content, { outside }) {
  const said = [];
  if (!content.place) {
    said.push({ field: "place", sentence: "请先选位置：定位、在地图上点，或按地址选" });
  } else if (outside) {
    said.push({ field: "place", sentence: outside });
  }
  if (!content.category) {
    said.push({ field: "category", sentence: "请选一个类别" });
  }
  if (!content.text.trim()) {
    said.push({ field: "text", sentence: "请用一两句话说明情况" });
  }
  if (content.phone && !/^[0-9+\- ]{5,20}$/.test(content.phone)) {
    said.push({ field: "phone", sentence: "电话只能有数字、空格、+ 和 -,5 到 20 位" });
  }
  return said;
}
