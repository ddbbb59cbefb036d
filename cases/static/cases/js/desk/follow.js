// Ask an address again and again whether something has changed; most answers are 304 and cost next to nothing.

/**
 * @param {object} given
 * @param {string} given.address
 * @param {string} given.etag  of what the page shows now
 * @param {(text: string) => void} given.onChange  told the new content
 * @param {(how: "live" | "away" | "signed-out") => void} given.onContact  told after each asking how it went;
 *   "signed-out" is the last that is heard
 * @param {number} [given.every]  milliseconds between an answer and the next asking
 * @param {number} [given.patience]  milliseconds after which an answer is not waited for any more
 * @param {typeof fetch} [given.ask]
 * @param {Pick<Document, "hidden" | "addEventListener">} [given.page]  nothing is asked while it is hidden
 * @returns {{stop: () => void}}
 */
export function follow({
  address,
  etag,
  onChange,
  onContact,
  every = 4000,
  patience = 8000,
  ask = (...given) => globalThis.fetch(...given),
  page = document,
}) {
  let known = etag;
  let timer = null;
  let asking = false;
  let stopped = false;

  async function once() {
    timer = null;
    asking = true;
    const heard = await answer();
    asking = false;
    if (stopped) {
      return;
    }
    if (heard.text !== undefined) {
      onChange(heard.text);
    }
    onContact(heard.contact);
    stopped = heard.contact === "signed-out";
    later();
  }

  /** @returns {Promise<{contact: "live" | "away" | "signed-out", text?: string}>} */
  async function answer() {
    try {
      // With a header of our own the browser leaves its cache out of it, and 304 comes through.
      const response = await ask(address, { headers: { "If-None-Match": known }, signal: AbortSignal.timeout(patience) });
      if (response.status === 304) {
        return { contact: "live" };
      }
      if (response.status === 401) {
        return { contact: "signed-out" };
      }
      if (response.status !== 200) {
        return { contact: "away" };
      }
      const text = await response.text();
      known = response.headers.get("ETag") ?? "";
      return { contact: "live", text };
    } catch {
      return { contact: "away" };
    }
  }

  function later() {
    if (!stopped && !page.hidden && timer === null && !asking) {
      timer = setTimeout(once, every);
    }
  }

  page.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    timer = null;
    if (!page.hidden && !stopped && !asking) {
      once();
    }
  });
  later();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
