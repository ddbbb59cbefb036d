// What the charts show, as ECharts is told it. Pure: figures in, options out.

// Told apart by lightness and shape as well as by hue, also by those who see few colours (after Okabe and Ito).
const INK = "#1b262c";
const MUTED = "#52616a";
const GRID_LINE = "#d5dde1";
const DARK = "#0b5a66";
const LIGHT = "#86c5cc";
const ORANGE = "#b85c00";
const PURPLE = "#6b3fa0";
const RED = "#b3261e";
const BLUE = "#1d5fa6";

/** How a class of the funnel looks, and what it is called. */
export const CLASSES = {
  "above_99.8": { words: "明显偏高", symbol: "triangle", size: 15, colour: RED },
  above_95: { words: "偏高", symbol: "triangle", size: 11, colour: ORANGE },
  inside: { words: "偶然范围内", symbol: "circle", size: 7, colour: "#7d8c94" },
  below_95: { words: "偏低", symbol: "path://M0,0 L10,0 L5,9 Z", size: 11, colour: BLUE },
  "below_99.8": { words: "明显偏低", symbol: "path://M0,0 L10,0 L5,9 Z", size: 15, colour: "#0b3d7a" },
  too_few: { words: "件数太少，不判断", symbol: "emptyCircle", size: 6, colour: "#7d8c94" },
};

/** @typedef {{animation: boolean, narrow: boolean}} Look */

/** @param {Look} look */
function common({ animation, narrow }) {
  return {
    animation,
    textStyle: { fontFamily: "inherit", color: INK, fontSize: narrow ? 11 : 12 },
    grid: { left: 8, right: 8, top: narrow ? 62 : 44, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { top: 0, left: 0, itemGap: narrow ? 10 : 18, textStyle: { color: INK, fontSize: narrow ? 11 : 12 } },
    // Names come from people: written on the canvas they are never markup.
    tooltip: { renderMode: "richText", confine: true, appendTo: undefined },
  };
}

const axis = (name, more = {}) => ({
  type: "value",
  name,
  nameTextStyle: { color: MUTED, align: "left" },
  axisLabel: { color: MUTED },
  splitLine: { lineStyle: { color: GRID_LINE } },
  ...more,
});

/**
 * @param {any[]} months
 * @param {Look} look
 */
export function trendOption(months, look) {
  // A month that is cut is drawn pale: it is not fewer, it is less of a month.
  const bar = (name) => months.map((it) => ({ value: it[name], itemStyle: { opacity: it.whole ? 1 : 0.4 } }));
  const share = (name) => months.map((it) => (it.whole ? it[name].percent : null));
  return {
    ...common(look),
    tooltip: {
      ...common(look).tooltip,
      trigger: "axis",
      formatter: (points) => trendWords(months[points[0].dataIndex]),
    },
    xAxis: { type: "category", data: months.map((it) => it.month), axisLabel: { color: MUTED, hideOverlap: true } },
    yAxis: [axis("件"), axis("", { min: 0, max: 100, axisLabel: { color: MUTED, formatter: "{value} %" }, splitLine: { show: false } })],
    series: [
      { name: "收集", type: "bar", data: bar("collected"), itemStyle: { color: DARK }, barGap: "0%" },
      { name: "办结", type: "bar", data: bar("done"), itemStyle: { color: LIGHT } },
      { name: "按期办结率", type: "line", yAxisIndex: 1, data: share("on_time_rate"), symbol: "circle", symbolSize: 6, itemStyle: { color: ORANGE }, lineStyle: { color: ORANGE, width: 2 } },
      { name: "巡查占比", type: "line", yAxisIndex: 1, data: share("patrol_rate"), symbol: "rect", symbolSize: 6, itemStyle: { color: PURPLE }, lineStyle: { color: PURPLE, width: 2, type: "dashed" } },
    ],
  };
}

/** @param {any} month */
function trendWords(month) {
  const rate = ({ numerator, denominator, percent }) => (percent === null ? "—" : `${percent.toFixed(1)} %(${numerator}/${denominator})`);
  return [
    `${month.month}${month.whole ? "" : "(未完)"}`,
    `收集 ${month.collected}，办结 ${month.done}`,
    `按期办结率 ${rate(month.on_time_rate)}`,
    `巡查占比 ${rate(month.patrol_rate)}`,
  ].join("\n");
}

/**
 * @param {any} funnel
 * @param {Look} look
 */
export function funnelOption(funnel, look) {
  // A place with two cases may have whistled both: it is drawn at the upper edge, and does not press all others down.
  const judged = funnel.rows.filter((it) => it.class !== "too_few");
  const highest = Math.max(5, ...judged.map((it) => it.whistle_rate.percent), 2 * (funnel.whistle_rate.percent ?? 0));
  const top = Math.min(100, Math.ceil((highest * 1.1) / 10) * 10);
  const most = funnel.curve.at(-1)?.n ?? 1;
  const limit = (name, words, type) => ({
    name: words,
    type: "line",
    data: funnel.curve.map((it) => [it.n, it[name]]),
    symbol: "none",
    silent: true,
    lineStyle: { color: MUTED, width: 1.2, type },
    itemStyle: { color: MUTED },
    z: 1,
  });
  const middle = funnel.whistle_rate.percent ?? 0;
  return {
    ...common(look),
    grid: { ...common(look).grid, top: look.narrow ? 106 : 66, bottom: 28 },
    legend: { ...common(look).legend, data: [...Object.values(CLASSES).map((it) => it.words), "95 % 界限", "99.8 % 界限", "全区"] },
    tooltip: {
      ...common(look).tooltip,
      trigger: "item",
      formatter: ({ data }) => (data.name ? `${data.name}\n${data.said}\n${data.kind}` : ""),
    },
    xAxis: axis("收集(件)", { type: "log", min: 1, max: most, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: MUTED }, axisLabel: { color: MUTED, showMaxLabel: false }, splitLine: { show: false } }),
    yAxis: axis("吹二级哨的比例", { min: 0, max: top, axisLabel: { color: MUTED, formatter: "{value} %" } }),
    series: [
      limit("upper_95", "95 % 界限", "dashed"),
      limit("lower_95", "95 % 界限", "dashed"),
      limit("upper_99.8", "99.8 % 界限", "solid"),
      limit("lower_99.8", "99.8 % 界限", "solid"),
      { name: "全区", type: "line", data: [[1, middle], [most, middle]], symbol: "none", silent: true, lineStyle: { color: DARK, width: 2 }, itemStyle: { color: DARK }, z: 1 },
      ...Object.entries(CLASSES).map(([kind, { words, symbol, size, colour }]) => ({
        name: words,
        type: "scatter",
        symbol,
        symbolSize: size,
        itemStyle: { color: colour, opacity: kind === "inside" ? 0.8 : 1 },
        data: funnel.rows.filter((it) => it.class === kind).map((it) => funnelPoint(it, words, top)),
        cursor: "pointer",
        z: kind === "inside" ? 2 : 3,
      })),
    ],
  };
}

function funnelPoint(it, kind, top) {
  const { numerator, denominator, percent } = it.whistle_rate;
  return {
    value: [denominator, Math.min(percent, top)],
    name: it.name,
    code: it.code,
    said: `${percent.toFixed(1)} %(${numerator}/${denominator})`,
    kind,
  };
}

/**
 * @param {any[]} steps
 * @param {Look} look
 */
export function stepsOption(steps, look) {
  return {
    ...common(look),
    grid: { ...common(look).grid, top: 36, bottom: 28, right: look.narrow ? 30 : 60 },
    tooltip: { ...common(look).tooltip, trigger: "axis", axisPointer: { type: "shadow" }, formatter: (points) => stepWords(steps[points[0].dataIndex]) },
    xAxis: axis("工作时", { nameLocation: "middle", nameGap: 26, nameTextStyle: { color: MUTED } }),
    yAxis: { type: "category", inverse: true, data: steps.map((it) => `${it.step} ${it.name}`), axisLabel: { color: INK }, axisTick: { show: false } },
    series: [
      { name: "中位数", type: "bar", data: steps.map((it) => it.median_hours), itemStyle: { color: DARK }, barGap: "0%", label: label(DARK) },
      { name: "九成以内", type: "bar", data: steps.map((it) => it.p90_hours), itemStyle: { color: LIGHT }, label: label(MUTED) },
    ],
  };
}

const label = (color) => ({ show: true, position: "right", color, fontSize: 11, formatter: ({ value }) => (value === null || value === undefined || value === "-" ? "" : String(value)) });

/** @param {any} step */
function stepWords({ step, name, n, median_hours: median, p90_hours: tenth }) {
  return n ? `${step} ${name}，${n} 件\n中位数 ${median} 工作时${tenth === null ? "" : `\n九成在 ${tenth} 工作时以内`}` : `${step} ${name}：没有`;
}
