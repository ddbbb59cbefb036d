// Photos of a draft, kept in the browser's database: local storage holds text only, and little of it.

const NAME = "gridmap-report";
const STORE = "photos";

/** @returns {Promise<IDBDatabase>} rejected where the browser keeps nothing */
function opened() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} deed
 * @returns {Promise<T>}
 */
async function within(mode, deed) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const asked = deed(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** @param {string} key @param {File} photo */
export async function keepPhoto(key, photo) {
  // As bytes: some versions of Safari cannot store a File or lose it at a restart.
  const bytes = await photo.arrayBuffer();
  await within("readwrite", (store) => store.put({ bytes, name: photo.name, type: photo.type }, key));
}

/** @param {string} key @returns {Promise<File | null>} */
export async function keptPhoto(key) {
  const kept = await within("readonly", (store) => store.get(key));
  return kept ? new File([kept.bytes], kept.name, { type: kept.type }) : null;
}

/** @param {string} key */
export async function dropPhoto(key) {
  await within("readwrite", (store) => store.delete(key));
}

/** Drop everything. */
export async function dropPhotos() {
  await within("readwrite", (store) => store.clear());
}
