// The map on paper: A3 across, with what it shows in words, when and what the colours mean.

/**
 * @param {object} options
 * @param {HTMLElement} options.button
 * @param {ParentNode} options.sheet  holds the words over and under the map, seen on paper only
 * @param {L.Map} options.map
 * @param {() => L.Map | null} options.second  the map beside it, if there is one
 * @param {() => L.LatLngBounds} options.whole  what there is to see at all
 * @param {() => {title: string, sentence: string}} options.words  what is shown
 * @param {() => Date} options.now
 */
export function mountPrinting({ button, sheet, map, second, whole, words, now }) {
  const part = (name) => sheet.querySelector(`[data-part="${name}"]`);
  /** Where the map stood on the screen; null while nothing is printed. @type {{centre: L.LatLng, zoom: number} | null} */
  let before = null;

  function resize() {
    map.invalidateSize({ animate: false, pan: false });
    second()?.invalidateSize({ animate: false, pan: false });
  }

  function lay() {
    if (before) {
      return;
    }
    const { title, sentence } = words();
    part("print-title").textContent = title;
    part("print-filters").textContent = sentence;
    part("print-date").textContent = `制图 ${now().toLocaleString("zh-CN", { hour12: false })}`;
    before = { centre: map.getCenter(), zoom: map.getZoom() };
    const seen = map.getBounds();
    const bounds = whole().isValid() && seen.contains(whole()) ? whole() : seen;
    document.body.classList.add("is-printing");
    resize();
    // Nothing that is seen on the screen is cut off on paper.
    map.fitBounds(bounds, { animate: false });
  }

  function clear() {
    document.body.classList.remove("is-printing");
    resize();
    map.setView(before.centre, before.zoom, { animate: false });
    before = null;
  }

  // Canvases are drawn for the size they have on the screen: they are given that of the paper first.
  button.addEventListener("click", () => {
    lay();
    setTimeout(() => globalThis.print(), 600);
  });
  globalThis.addEventListener("beforeprint", lay);
  globalThis.addEventListener("afterprint", () => before && clear());
}
