// The panel beside the map (a sheet over its lower edge on a phone): an overview, or one thing in detail.

/**
 * @typedef {object} Panel
 * @property {(title: string, ...content: Node[]) => void} showDetail  replaces the overview by one thing
 * @property {() => void} showOverview
 * @property {(open: boolean) => void} open  on a phone, raise or lower the sheet
 * @property {(other: HTMLElement) => number} covers  how many pixels of another element's foot lie under the raised sheet
 */

/**
 * @param {HTMLElement} element
 * @param {{onClose: () => void}} options  told when the person goes back from a detail to the overview
 * @returns {Panel}
 */
export function mountPanel(element, { onClose }) {
  const handle = element.querySelector("[data-part=handle]");
  const overview = element.querySelector("[data-part=overview]");
  const detail = element.querySelector("[data-part=detail]");
  const title = detail.querySelector("[data-part=title]");
  const content = detail.querySelector("[data-part=content]");

  /** @param {boolean} raised */
  function open(raised) {
    element.classList.toggle("is-open", raised);
    handle.setAttribute("aria-expanded", String(raised));
    handle.querySelector("span").textContent = raised ? "收起" : "展开";
  }

  function showOverview() {
    const left = detail.contains(document.activeElement);
    detail.hidden = true;
    overview.hidden = false;
    if (left) {
      overview.focus({ preventScroll: true });
    }
  }

  // Whoever tabs into a lowered sheet must see where they are.
  element.addEventListener("focusin", (event) => {
    if (event.target !== handle && event.target.matches(":focus-visible")) {
      open(true);
    }
  });
  handle.addEventListener("click", () => open(!element.classList.contains("is-open")));
  detail.querySelector("[data-part=back]").addEventListener("click", () => {
    showOverview();
    onClose();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !detail.hidden) {
      showOverview();
      onClose();
    }
  });

  return {
    open,
    covers(other) {
      const [mine, its] = [element.getBoundingClientRect(), other.getBoundingClientRect()];
      const beside = mine.right <= its.left + 1;
      return beside ? 0 : Math.max(0, its.bottom - (innerHeight - element.offsetHeight));
    },
    showOverview,
    showDetail(words, ...nodes) {
      // What was pressed may be about to disappear: whoever came by keyboard goes on at the heading.
      const inside = overview.contains(document.activeElement) || content.contains(document.activeElement);
      title.textContent = words;
      content.replaceChildren(...nodes);
      overview.hidden = true;
      detail.hidden = false;
      element.scrollTop = 0;
      open(true);
      if (inside) {
        title.focus();
      }
    },
  };
}
