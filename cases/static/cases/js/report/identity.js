// An id the browser gives a report before anything is sent, so that sending it twice makes one case.

/**
 * A random UUID, version 4 (RFC 9562 §5.4).
 *
 * `crypto.randomUUID` exists on encrypted pages only; a district may run this on plain http inside its own network.
 *
 * @param {Crypto} [source]
 * @returns {string}
 */
export function newId(source = globalThis.crypto) {
  if (typeof source.randomUUID === "function") {
    return source.randomUUID();
  }
  const bytes = source.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
