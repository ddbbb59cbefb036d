// What somebody has entered so far, kept in the browser until it has arrived.

import { newId } from "./identity.js";

const KEY = "gridmap.report.draft";
// Someone else may use the same device next week.
const KEPT_FOR_MS = 3 * 24 * 3600 * 1000;

/**
 * @typedef {object} Place A point in WGS 84 degrees, and where it came from.
 * @property {number} lon
 * @property {number} lat
 * @property {number | null} accuracy  radius in metres, for a place measured by the device
 * @property {"device" | "hand" | "photo" | "search"} from
 */

/**
 * @typedef {object} Content
 * @property {Place | null} place
 * @property {string} category
 * @property {string} text
 * @property {string} address
 * @property {string} name
 * @property {string} phone
 * @property {string[]} photos  keys in the photo store
 */

/** @type {Content} */
const EMPTY = { place: null, category: "", text: "", address: "", name: "", phone: "", photos: [] };

/** A report being written. Every change is stored at once and told to the listeners. */
export class Draft {
  #storage;
  #now;
  #listeners = [];

  /**
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage
   * @param {() => number} [now]  milliseconds
   */
  constructor(storage, now = Date.now) {
    this.#storage = storage;
    this.#now = now;
    this.restoredFrom = null;
    this.#begin();
    this.#restore();
  }

  #begin() {
    this.clientId = newId();
    /** Whether a sending under this id may have arrived without our hearing of it. */
    this.tried = false;
    /** @type {Content} */
    this.content = structuredClone(EMPTY);
  }

  #restore() {
    const kept = readKept(this.#storage.getItem(KEY));
    if (kept && this.#now() - kept.savedAt < KEPT_FOR_MS) {
      this.clientId = kept.clientId;
      this.tried = kept.tried;
      this.content = { ...structuredClone(EMPTY), ...kept.content };
      this.restoredFrom = kept.savedAt;
    }
  }

  /** @param {(content: Content, changed: Partial<Content>) => void} listener */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Change some of the content.
   *
   * An id stands for one content: what was tried and then changed goes out under a new id, and the search for
   * similar cases finds the first sending if that did arrive.
   *
   * @param {Partial<Content>} changed
   */
  set(changed) {
    if (this.tried) {
      this.clientId = newId();
      this.tried = false;
    }
    Object.assign(this.content, changed);
    this.#save();
    this.#listeners.forEach((listener) => listener(this.content, changed));
  }

  /** @param {boolean} tried  whether a sending may have arrived */
  markTried(tried) {
    this.tried = tried;
    this.#save();
  }

  /** Go on under a new id: the old one stands for something else. */
  renew() {
    this.clientId = newId();
    this.markTried(false);
  }

  /** Forget everything. */
  clear() {
    this.#begin();
    this.restoredFrom = null;
    this.#storage.removeItem(KEY);
  }

  #save() {
    const { clientId, tried, content } = this;
    this.#storage.setItem(KEY, JSON.stringify({ clientId, tried, content, savedAt: this.#now() }));
  }
}

/** What was stored, if it is a draft; another version of the page may have left something else. */
function readKept(text) {
  if (!text) {
    return null;
  }
  try {
    const kept = JSON.parse(text);
    return typeof kept?.clientId === "string" && typeof kept.savedAt === "number" && kept.content ? kept : null;
  } catch {
    return null;
  }
}

/**
 * The browser's own storage, or one that lasts as long as the page where that is switched off or full.
 *
 * @param {() => Storage} storage
 * @param {(lasting: boolean) => void} tell  called with false once nothing is kept any more
 * @returns {Pick<Storage, "getItem" | "setItem" | "removeItem">}
 */
export function storageOrMemory(storage, tell) {
  const memory = new Map();
  let kept = attempt(storage, null);
  const use = (deed, otherwise) => {
    if (kept === null) {
      return otherwise();
    }
    try {
      return deed(kept);
    } catch {
      kept = null;
      tell(false);
      return otherwise();
    }
  };
  if (kept === null) {
    tell(false);
  }
  return {
    getItem: (key) => use((it) => it.getItem(key), () => memory.get(key) ?? null),
    setItem: (key, value) => use((it) => it.setItem(key, value), () => memory.set(key, value)),
    removeItem: (key) => use((it) => it.removeItem(key), () => memory.delete(key)),
  };
}

function attempt(deed, otherwise) {
  try {
    return deed();
  } catch {
    return otherwise;
  }
}
