// Where and when a photo was taken, as the camera wrote it into the JPEG.
//
// Two numbers and a time are all the page needs. The library for it, exifr, weighs 29 kB at its smallest, more than all
// of this page's own code, to read every tag of six file formats; the few tags wanted are read here. Layout: CIPA DC-008 (Exif 2.3) §4.5–4.6, TIFF 6.0 §2. The place
// is only ever a hint that a person confirms: cameras write old fixes, and some phones write shifted coordinates.

const TAG = { EXIF: 0x8769, GPS: 0x8825, TAKEN: 0x9003, LAT_REF: 1, LAT: 2, LON_REF: 3, LON: 4 };
const BYTES_PER_TYPE = { 2: 1, 3: 2, 4: 4, 5: 8 };
// Exif stands at the front of the file; a segment holds at most 64 kB.
export const BYTES_NEEDED = 256 * 1024;

/**
 * Read the position (degrees) and the camera's local time from the first bytes of a JPEG.
 *
 * @param {ArrayBuffer} bytes
 * @returns {{lon: number, lat: number, takenAt: string | null} | null} null when no usable position is written there,
 *   or the file is damaged or no JPEG
 */
export function photoPlace(bytes) {
  try {
    const tiff = tiffBlock(new DataView(bytes));
    return tiff && placeIn(tiff);
  } catch (error) {
    if (error instanceof RangeError) {
      return null; // an offset that leads out of the file
    }
    throw error;
  }
}

/** @param {DataView} file @returns {DataView | null} */
function tiffBlock(file) {
  if (file.byteLength < 4 || file.getUint16(0) !== 0xffd8) {
    return null;
  }
  for (let at = 2; at + 10 <= file.byteLength;) {
    const marker = file.getUint16(at);
    const length = file.getUint16(at + 2);
    if (marker < 0xffe0 || marker === 0xffda || length < 2) {
      return null; // the picture itself begins
    }
    if (marker === 0xffe1 && file.getUint32(at + 4) === 0x45786966) {
      const start = at + 10;
      return new DataView(file.buffer, file.byteOffset + start, Math.min(length - 8, file.byteLength - start));
    }
    at += 2 + length;
  }
  return null;
}

/** @param {DataView} tiff */
function placeIn(tiff) {
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) {
    return null;
  }
  const little = order === 0x4949;
  const first = directory(tiff, tiff.getUint32(4, little), little);
  const gps = first.has(TAG.GPS) ? directory(tiff, first.get(TAG.GPS)[0], little) : new Map();
  const lat = degrees(gps.get(TAG.LAT), gps.get(TAG.LAT_REF), "S");
  const lon = degrees(gps.get(TAG.LON), gps.get(TAG.LON_REF), "W");
  if (lat === null || lon === null || Math.abs(lat) > 90 || Math.abs(lon) > 180 || (lat === 0 && lon === 0)) {
    return null;
  }
  const detail = first.has(TAG.EXIF) ? directory(tiff, first.get(TAG.EXIF)[0], little) : new Map();
  return { lon, lat, takenAt: localTime(detail.get(TAG.TAKEN)) };
}

/**
 * One directory of tags; values are numbers, or a text.
 * @param {DataView} tiff
 * @param {number} at
 * @param {boolean} little
 * @returns {Map<number, any>}
 */
function directory(tiff, at, little) {
  const tags = new Map();
  const count = tiff.getUint16(at, little);
  for (let i = 0; i < count; i += 1) {
    const entry = at + 2 + i * 12;
    const type = tiff.getUint16(entry + 2, little);
    const amount = tiff.getUint32(entry + 4, little);
    const size = (BYTES_PER_TYPE[type] ?? 0) * amount;
    if (size === 0 || size > 64) {
      continue; // no tag we want is of another type or longer
    }
    const from = size <= 4 ? entry + 8 : tiff.getUint32(entry + 8, little);
    tags.set(tiff.getUint16(entry, little), values(tiff, from, type, amount, little));
  }
  return tags;
}

function values(tiff, from, type, amount, little) {
  const numbers = Array.from({ length: amount }, (_, i) => {
    if (type === 2) return tiff.getUint8(from + i);
    if (type === 3) return tiff.getUint16(from + 2 * i, little);
    if (type === 4) return tiff.getUint32(from + 4 * i, little);
    return tiff.getUint32(from + 8 * i, little) / tiff.getUint32(from + 8 * i + 4, little);
  });
  return type === 2 ? String.fromCharCode(...numbers).replace(/\0.*$/s, "") : numbers;
}

/** Degrees, minutes, seconds as degrees. */
function degrees(parts, ref, negative) {
  if (!Array.isArray(parts) || parts.length !== 3 || !parts.every(Number.isFinite)) {
    return null;
  }
  const size = parts[0] + parts[1] / 60 + parts[2] / 3600;
  return ref === negative ? -size : size;
}

/** "2026:11:20 09:12:33" as "2026-11-20 09:12"; the camera's own clock, no zone. */
function localTime(text) {
  const found = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d)/.exec(text ?? "");
  return found ? `${found[1]}-${found[2]}-${found[3]} ${found[4]}:${found[5]}` : null;
}
