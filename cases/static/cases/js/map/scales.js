// Colours and classes of the layers, chosen to be told apart by colour-blind eyes (after ColorBrewer), and the share or
// number that puts an area into a class. Pure.

/**
 * @typedef {object} Look How an area or a point is drawn, on the map as in the legend.
 * @property {string} words
 * @property {string} fill            "" for none
 * @property {string} [stroke]
 * @property {boolean} [hatch]        hatched in grey: nothing can be said
 * @property {boolean} [dashed]       the outline
 */

/** @type {Readonly<Record<string, Look>>} The classes of hot spots, the hottest first. */
export const SPOTS = Object.freeze({
  hot_99: { words: "热点 99 %", fill: "#b2182b" },
  hot_95: { words: "热点 95 %", fill: "#ef8a62" },
  hot_90: { words: "热点 90 %", fill: "#fddbc7", stroke: "#b2182b" },
  none: { words: "不显著", fill: "#ffffff" },
  cold_90: { words: "冷点 90 %", fill: "#d1e5f0", stroke: "#2166ac" },
  cold_95: { words: "冷点 95 %", fill: "#67a9cf" },
  cold_99: { words: "冷点 99 %", fill: "#2166ac" },
  too_few: { words: "样本不足", fill: "#f0f0f0", hatch: true },
});

/** A spot that only patrols raise is none; it is pointed out by its outline. @type {Look} */
export const PATROL_ONLY = Object.freeze({ words: "仅巡查偏多，不算热点", fill: "#ffffff", stroke: "#54278f", dashed: true });

/** How much of an assignment's time is left, the most late first. @type {Readonly<Record<string, Look>>} */
export const LATENESS = Object.freeze({
  far_over: { words: "超期一个时限以上", fill: "#67001f" },
  over: { words: "超期不到一个时限", fill: "#d6604d" },
  short: { words: "剩余不到 20 %", fill: "#fdae61" },
  half: { words: "剩余 20–50 %", fill: "#abd9e9" },
  ok: { words: "剩余 50 % 以上", fill: "#2c7bb6" },
  still: { words: "挂账，不计时", fill: "#bdbdbd" },
});

/** @type {readonly (Look & {from: number})[]} Shares in percent, each class from its bound on, the best first. */
const ARRIVALS = Object.freeze([
  { from: 95, words: "95 % 及以上", fill: "#4575b4" },
  { from: 85, words: "85–95 %", fill: "#91bfdb" },
  { from: 75, words: "75–85 %", fill: "#fee090" },
  { from: 60, words: "60–75 %", fill: "#fc8d59" },
  { from: 0, words: "60 % 以下", fill: "#d73027" },
]);
/** @type {Look} */
const NOT_ASKED = Object.freeze({ words: "没有需求(不是不到位)", fill: "#f0f0f0", hatch: true });
/** @type {Look} */
const TOO_FEW_ASKED = Object.freeze({ words: "不足 5 次，不评", fill: "#ffffff", stroke: "#33505b" });

/** Fewer than this are too few to judge anybody by. */
export const ENOUGH = 5;

/** @type {readonly (Look & {from: number})[]} People stationed for every 10,000 residents. */
const STATIONED = Object.freeze([
  { from: 2, words: "2 人及以上", fill: "#08519c" },
  { from: 1, words: "1–2 人", fill: "#4292c6" },
  { from: 0.5, words: "0.5–1 人", fill: "#9ecae1" },
  { from: Number.MIN_VALUE, words: "不到 0.5 人", fill: "#deebf7" },
]);
/** @type {Look} */
const NOBODY = Object.freeze({ words: "没有派驻人员", fill: "#ffffff", stroke: "#33505b" });

/** What is as it should be, what is a little off, off, and far off; and what is neither. */
const [RIGHT, SLIGHT, OFF, FAR, APART] = ["#91bfdb", "#fee090", "#fc8d59", "#d73027", "#8073ac"];
/** @type {Readonly<Record<string, Readonly<Record<string, string>>>>} Fills by theme of the ground and class; "" for hatched. */
const KINDS = Object.freeze({
  size: { fits: RIGHT, too_small: OFF, too_large: FAR, waived: SLIGHT, dedicated: APART, unknown: "" },
  party: { with: RIGHT, without: FAR },
  workers: { own: "#4575b4", shared: RIGHT, part_time: SLIGHT, vacant: FAR },
  workload: { none: "#ffffff", to_2: "#fee5d9", to_5: "#fcae91", to_10: "#fb6a4a", more: "#a50f15", vacant: "" },
  routing: { clear: RIGHT, to_5: SLIGHT, to_20: OFF, more: FAR, none: "" },
});
/** For classes that are new here. */
const OTHERS = Object.freeze([RIGHT, SLIGHT, OFF, FAR, APART]);

/** All classes of shares in time, as a legend lists them. */
export const ARRIVAL_LOOKS = Object.freeze([...ARRIVALS, TOO_FEW_ASKED, NOT_ASKED]);
/** All classes of people stationed. */
export const STATIONED_LOOKS = Object.freeze([...STATIONED, NOBODY]);

/**
 * @typedef {object} Demand What a department was asked in an area, or several summed.
 * @property {number} demanded
 * @property {number} arrived
 * @property {number} arrived_in_time
 * @property {number} waiting  not come yet, and in time still
 */

/**
 * Several sums as one.
 * @param {Demand[]} rows
 * @returns {Demand}
 */
export function summed(rows) {
  const total = { demanded: 0, arrived: 0, arrived_in_time: 0, waiting: 0 };
  for (const row of rows) {
    for (const name of Object.keys(total)) {
      total[name] += row[name];
    }
  }
  return total;
}

/** How many have come, or should have by now: what the share in time is a share of. @param {Demand} demand @returns {number} */
export function fellDue({ demanded, waiting }) {
  return demanded - waiting;
}

/**
 * The class of a share in time: of nothing, of too few, or by its percent.
 * @param {Demand | undefined} demand
 * @returns {Look}
 */
export function arrivalLook(demand) {
  if (!demand || demand.demanded === 0) {
    return NOT_ASKED;
  }
  const due = fellDue(demand);
  return due < ENOUGH ? TOO_FEW_ASKED : byBound(ARRIVALS, (100 * demand.arrived_in_time) / due);
}

/** @param {number | null | undefined} people  for every 10,000 residents @returns {Look} */
export function stationedLook(people) {
  return people ? byBound(STATIONED, people) : NOBODY;
}

/**
 * @param {readonly (Look & {from: number})[]} classes  the highest first
 * @param {number} value  at least the last bound
 */
function byBound(classes, value) {
  return classes.find((it) => value >= it.from) ?? classes.at(-1);
}

/**
 * Looks of the classes of a theme, in the order of its legend.
 * @param {string} theme
 * @param {{class: string, words: string}[]} legend
 * @returns {Map<string, Look>}
 */
export function kindLooks(theme, legend) {
  return new Map(
    legend.map(({ class: kind, words }, i) => {
      const fill = KINDS[theme]?.[kind] ?? OTHERS[i % OTHERS.length];
      return [kind, fill ? { words, fill } : { words, fill: "#f0f0f0", hatch: true }];
    }),
  );
}

/**
 * How many there are of each class, for a legend.
 * @param {Iterable<string>} classes
 * @returns {Record<string, number>}
 */
export function tally(classes) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const it of classes) {
    counts[it] = (counts[it] ?? 0) + 1;
  }
  return counts;
}

/**
 * The words of a class between two bounds.
 * @param {{from: number, to: number | null}} bounds
 * @returns {string}
 */
export function boundWords({ from, to }) {
  const short = (n) => String(Number(n.toPrecision(3)));
  return to === null || to === undefined ? `${short(from)} 以上` : `${short(from)}–${short(to)}`;
}
