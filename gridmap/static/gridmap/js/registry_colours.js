// How an edition's changes and findings look on the map, and the legend of those there are. Pure.

/** @typedef {{code: string, level: string, change: string, gone: boolean}} Changed */

/** Told apart by hue, and what is gone or only said otherwise by its line; the words stand in the table, the pop-up and the legend. */
export const CHANGE_COLOURS = {
  new: "#1c6b3c",
  gone: "#5b6670",
  split: "#6b3fa0",
  merge: "#1d5fa6",
  recode: "#0b6b6b",
  moved: "#b35c00",
  renamed: "#8a2f6b",
  recounted: "#4f6d00",
  described: "#4f6d00",
};
const OTHER = "#52616a";
const ONLY_SAID = new Set(["renamed", "recounted", "described"]);
const DASHES = { solid: null, dashed: "9 6", dotted: "1 6" };

export const SEVERITY_STYLES = {
  error: { color: "#b3261e", weight: 3, fillColor: "#b3261e", fillOpacity: 0.35 },
  warning: { color: "#a86a00", weight: 3, fillColor: "#f0b429", fillOpacity: 0.35 },
  note: { color: "#52616a", weight: 2, fillColor: "#8a99a1", fillOpacity: 0.35 },
};
const SEVERITY_WORDS = { error: "错误", warning: "提醒", note: "说明" };

/** The line of an area: dashed where it is gone, dotted where it lies as it did. @param {Changed} changed */
const lineOf = ({ change, gone }) => (gone ? "dashed" : ONLY_SAID.has(change) ? "dotted" : "solid");

/**
 * The style of a changed area. Only second-level grids are tinted: those above them would cover what changed inside.
 * @param {Changed} changed
 */
export function styleOf({ change, level, gone }) {
  const color = CHANGE_COLOURS[change] ?? OTHER;
  return {
    color,
    weight: level === "grid" ? 2.5 : 2,
    opacity: level === "grid" ? 0.95 : 0.6,
    dashArray: DASHES[lineOf({ change, gone })],
    fill: level === "grid",
    fillColor: color,
    fillOpacity: gone ? 0.08 : 0.2,
  };
}

/** What happened to an area, in words. @param {Changed} changed @param {Record<string, string>} names  of the changes */
export function changeWords({ change, gone }, names) {
  const name = names[change] ?? change;
  return gone && change !== "gone" ? `${name}，${names.gone}` : name;
}

/**
 * @param {{properties: Changed}[]} changes
 * @param {{properties: {severity: string}}[]} findings
 * @param {Record<string, string>} names  of the changes
 * @returns {{words: string, colour: string, shape: "area" | "point", line: string}[]}
 */
export function legendOf(changes, findings, names) {
  const order = Object.keys(CHANGE_COLOURS).flatMap((it) => [it, `${it} gone`]);
  return [
    ...counted(changes.map(({ properties: it }) => (it.gone ? `${it.change} gone` : it.change)), order).map(([word, number]) => {
      const [change, gone] = word.split(" ");
      const it = { change, gone: Boolean(gone) };
      return { words: `${changeWords(it, names)} ${number}`, colour: CHANGE_COLOURS[change] ?? OTHER, shape: "area", line: lineOf(it) };
    }),
    ...counted(findings.map((it) => it.properties.severity), Object.keys(SEVERITY_STYLES)).map(([word, number]) => ({
      words: `${SEVERITY_WORDS[word] ?? word} ${number}`,
      colour: (SEVERITY_STYLES[word] ?? SEVERITY_STYLES.note).color,
      shape: "point",
      line: "solid",
    })),
  ];
}

/** @param {string[]} words @param {string[]} order @returns {[string, number][]} */
function counted(words, order) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  words.forEach((word) => counts.set(word, (counts.get(word) ?? 0) + 1));
  return [...counts].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
}
