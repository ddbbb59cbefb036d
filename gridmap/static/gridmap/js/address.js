// What the one map keeps in its address: where it stands and which place is asked about. Layers add their filters.
// Pure: texts in, texts out.

/** @typedef {{lat: number, lon: number, zoom: number}} View */
/** @typedef {{lat: number, lon: number}} Place */

export const VIEW_NAMES = ["lon", "lat", "zoom"];
export const PLACE_NAME = "place";

/**
 * Where a link stands the map.
 * @param {URLSearchParams} params
 * @returns {View | null} null when the link does not say, or says nonsense
 */
export function readView(params) {
  const [lon, lat, zoom] = VIEW_NAMES.map((name) => number(params.get(name)));
  return isPlace(lon, lat) && zoom >= 1 && zoom <= 20 ? { lat, lon, zoom } : null;
}

/**
 * The place a link asks about.
 * @param {URLSearchParams} params
 * @returns {Place | null}
 */
export function readPlace(params) {
  const parts = (params.get(PLACE_NAME) ?? "").split(",");
  const [lon, lat] = parts.map(number);
  return parts.length === 2 && isPlace(lon, lat) ? { lat, lon } : null;
}

/** @param {View} view @returns {Record<string, string>} */
export function viewWords({ lat, lon, zoom }) {
  return { lon: lon.toFixed(5), lat: lat.toFixed(5), zoom: String(Math.round(zoom * 10) / 10) };
}

/** @param {Place | null} place @returns {Record<string, string | null>} */
export function placeWords(place) {
  return { [PLACE_NAME]: place ? `${place.lon.toFixed(6)},${place.lat.toFixed(6)}` : null };
}

/**
 * A query string with some of its values changed; the others stay, and values of nothing disappear.
 * @param {string} query
 * @param {Record<string, string | null>} changes
 * @returns {string} "" or one beginning with "?"
 */
export function changed(query, changes) {
  const params = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") {
      params.delete(name);
    } else {
      params.set(name, value);
    }
  }
  // Commas and colons may stand in a query as they are (RFC 3986), and people read these links.
  const text = params.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text && `?${text}`;
}

/** @param {string | null | undefined} text @returns {number} NaN when it is no number */
function number(text) {
  return text === null || text === undefined || text.trim() === "" ? NaN : Number(text);
}

/** @param {number} lon @param {number} lat @returns {boolean} */
function isPlace(lon, lat) {
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 85;
}
