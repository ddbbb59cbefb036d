// Cases as markers and clusters: state by shape and colour, overdue above all.

import { clusterSummary, clusterWords, isOverdue } from "./figures.js";
import { pinIcon } from "./pins.js";

const L = globalThis.L;

/**
 * @typedef {object} Item A case as the map knows it.
 * @property {string} number
 * @property {string} category
 * @property {string} category_name
 * @property {string} state
 * @property {string} state_name
 * @property {boolean} open
 * @property {string} area
 * @property {string} area_name
 * @property {string} reported_at
 * @property {string} due_at
 * @property {string | null} closed_at
 * @property {number} voices
 * @property {boolean} exact  false: drawn at its grid's representative point
 * @property {number} lon
 * @property {number} lat
 */

/**
 * @param {any} feature  of the cases collection
 * @param {Map<string, {name: string, open: boolean}>} states
 * @returns {Item}
 */
export function asItem({ geometry, properties }, states) {
  const state = states.get(properties.state);
  const [lon, lat] = geometry.coordinates;
  return { ...properties, state_name: state.name, open: state.open, lon, lat };
}

/**
 * A group that clusters cases; a click on one calls `onPick`.
 * @param {(item: Item) => void} onPick
 * @returns {L.MarkerClusterGroup}
 */
export function caseGroup(onPick) {
  const group = L.markerClusterGroup({
    chunkedLoading: true,
    chunkInterval: 60,
    chunkDelay: 10,
    maxClusterRadius: (zoom) => (zoom < 16 ? 64 : 28),
    showCoverageOnHover: false,
    removeOutsideVisibleBounds: true,
    animate: !globalThis.matchMedia("(prefers-reduced-motion: reduce)").matches,
    spiderLegPolylineOptions: { weight: 1.5, color: "#33505b", opacity: 0.6 },
    iconCreateFunction: clusterIcon,
  });
  group.on("click", ({ layer }) => onPick(layer.item));
  group.on("keypress", ({ layer, originalEvent }) => originalEvent.key === "Enter" && onPick(layer.item));
  return group;
}

/** @param {Item} item @param {number} now @returns {L.Marker} */
export function caseMarker(item, now) {
  const late = isOverdue(item, now);
  const marker = L.marker([item.lat, item.lon], {
    icon: pinIcon(late ? "overdue" : item.state),
    title: `${item.category_name} · ${late ? "超期" : item.state_name} · ${item.number}`,
    riseOnHover: true,
  });
  marker.item = item;
  return marker;
}

/** @param {L.MarkerCluster} cluster @returns {L.DivIcon} */
function clusterIcon(cluster) {
  return countIcon(clusterSummary(cluster.getAllChildMarkers().map((it) => it.item), Date.now()));
}

/**
 * @param {{count: number, open: number, overdue: number}} summary
 * @returns {L.DivIcon} the count, in a ring whose dark arc is the share still open
 */
function countIcon(summary) {
  const { count, open, overdue } = summary;
  // A single open case among thousands is still seen.
  const share = open ? Math.max(8, (100 * open) / count) : 0;
  const badge = overdue ? `<i aria-hidden="true">${overdue}</i>` : "";
  const size = count < 10 ? 34 : count < 100 ? 40 : count < 1000 ? 48 : 56;
  return L.divIcon({
    className: "cluster-icon",
    html: `<span class="cluster" style="--open:${share}%" title="${clusterWords(summary)}"><b>${count}</b>${badge}</span>`,
    iconSize: [size, size],
  });
}

/**
 * A cell the server has counted; a click on it goes closer.
 * @param {{lon: number, lat: number, count: number, open: number, overdue: number}} cell
 * @param {L.Map} map
 * @returns {L.Marker}
 */
export function cellMarker(cell, map) {
  const marker = L.marker([cell.lat, cell.lon], { icon: countIcon(cell), riseOnHover: true });
  const closer = () => map.setView(marker.getLatLng(), map.getZoom() + 2);
  return marker.on("click", closer).on("keypress", ({ originalEvent }) => originalEvent.key === "Enter" && closer());
}
