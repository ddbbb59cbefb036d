// The map on paper: A3 across, with what it shows in words, when and what the colours mean.

/**
 * @param {object} options
 * @param {HTMLElement} options.button
 * @param {ParentNode} options.sheet  holds the words over and under the map, seen on paper only
 * @param {() => L.Map[]} options.maps
 * @param {() => {title: string, sentence: string}} options.words  what is shown
 * @param {() => Date} options.now
 */
export function mountPrinting({ button, sheet, maps, words, now }) {
  const part = (name) => sheet.querySelector(`[data-part="${name}"]`);
  const fit = () => maps().forEach((it) => it.invalidateSize({ animate: false }));

  function lay() {
    const { title, sentence } = words();
    part("print-title").textContent = title;
    part("print-filters").textContent = sentence;
    part("print-date").textContent = `制图 ${now().toLocaleString("zh-CN", { hour12: false })}`;
    document.body.classList.add("is-printing");
    fit();
  }

  function clear() {
    document.body.classList.remove("is-printing");
    fit();
  }

  // Canvases are drawn for the size they have on the screen: they are given that of the paper first.
  button.addEventListener("click", () => {
    lay();
    setTimeout(() => globalThis.print(), 600);
  });
  globalThis.addEventListener("beforeprint", lay);
  globalThis.addEventListener("afterprint", clear);
}
