// Longitude and latitude as people type them.

const DIGITS = 7;

/** A coordinate as it is written into a field: a centimetre is fine enough. @param {number} degrees @returns {string} */
export function asTyped(degrees) {
  return String(Number(degrees.toFixed(DIGITS)));
}

/**
 * The place two fields name, or null when they name none on the globe.
 * @param {string} lon
 * @param {string} lat
 * @returns {{lon: number, lat: number} | null}
 */
export function asDegrees(lon, lat) {
  const [x, y] = [lon, lat].map((text) => (text.trim() === "" ? NaN : Number(text)));
  return Math.abs(x) <= 180 && Math.abs(y) <= 90 ? { lon: x, lat: y } : null;
}
