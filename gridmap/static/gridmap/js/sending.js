// A form that is being sent says so, and is not sent twice: checking a district or publishing it takes its time.

import { make } from "./dom.js";

/** @type {Map<HTMLFormElement, HTMLElement>} what each form that is on its way says */
const sent = new Map();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") {
    return;
  }
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  const words = make("span", { class: "loading sending", role: "status" }, "正在办理，请稍候…");
  (event.submitter ?? form.lastElementChild).after(words);
  event.submitter?.setAttribute("aria-disabled", "true");
  sent.set(form, words);
});

// Coming back to the page as it was left, nothing is on its way.
globalThis.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) {
    for (const [form, words] of sent) {
      words.remove();
      form.querySelectorAll("[aria-disabled]").forEach((it) => it.removeAttribute("aria-disabled"));
    }
    sent.clear();
  }
});
