// Build elements; text is always text, never markup.

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes]  `on…` are listeners, `true` sets an empty attribute, `false` and null set none
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * An icon in the colour of the words beside it; `address` is one of the site's own SVG files.
 * @param {string} address
 * @returns {HTMLElement}
 */
export function icon(address) {
  const element = make("span", { class: "icon", "aria-hidden": "true" });
  element.style.setProperty("--icon", `url("${address}")`);
  return element;
}

/** What the server gave the page. @returns {any} */
export function givenToPage() {
  return JSON.parse(document.getElementById("page").textContent);
}
