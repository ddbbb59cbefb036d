// A case on a map: its state by shape and colour, as the legend shows them.

const L = globalThis.L;

/** @type {Map<string, L.DivIcon>} */
const pins = new Map();

/**
 * @param {string} look  a state's code, or "overdue"
 * @returns {L.DivIcon} one and the same for all cases that look alike
 */
export function pinIcon(look) {
  if (!pins.has(look)) {
    pins.set(look, L.divIcon({ className: `pin pin-${look}`, html: "<span></span>", iconSize: [30, 30] }));
  }
  return pins.get(look);
}
