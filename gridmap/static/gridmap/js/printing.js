// The map on paper: A3 across, with what it shows in words, when and what the colours mean.

/**
 * @param {object} options
 * @param {HTMLElement} options.button
 * @param {HTMLDetailsElement} options.legend  open on paper, whether it was or not
 * @param {ParentNode} options.sheet  holds the words over and under the map, seen on paper only
 * @param {L.Map} options.map
 * @param {() => L.Map | null} options.second  the map beside it, if there is one
 * @param {() => L.LatLngBounds} options.whole  what there is to see at all
 * @param {() => {title: string, sentence: string}} options.words  what is shown
 * @param {() => Date} options.now
 */
export function mountPrinting({ button, legend, sheet, map, second, whole, words, now }) {
  const part = (name) => sheet.querySelector(`[data-part="${name}"]`);
  /** How the map stood on the screen; null while nothing is printed. @type {{centre: L.LatLng, zoom: number,
   *   kept: any, unfolded: boolean} | null} */
  let before = null;
  const maps = () => [map, second()].filter(Boolean);

  function resize() {
    maps().forEach((it) => it.invalidateSize({ animate: false, pan: false }));
  }

  /** Keep the maps inside these bounds; null for no bounds. @param {L.LatLngBounds | null} bounds */
  function keepInside(bounds) {
    maps().forEach((it) => it.setMaxBounds(bounds));
  }

  function lay() {
    if (before) {
      return;
    }
    const { title, sentence } = words();
    part("print-title").textContent = title;
    part("print-filters").textContent = sentence;
    part("print-date").textContent = `制图 ${now().toLocaleString("zh-CN", { hour12: false })}`;
    before = { centre: map.getCenter(), zoom: map.getZoom(), kept: map.options.maxBounds ?? null, unfolded: legend.open };
    const seen = map.getBounds();
    const bounds = whole().isValid() && seen.contains(whole()) ? whole() : seen;
    document.body.classList.add("is-printing");
    legend.open = true;
    // Of another size, a map glides back inside its bounds and takes the other along, who knows how far when printed.
    keepInside(null);
    resize();
    // Nothing that is seen on the screen is cut off on paper.
    map.fitBounds(bounds, { animate: false });
  }

  function clear() {
    document.body.classList.remove("is-printing");
    legend.open = before.unfolded;
    resize();
    map.setView(before.centre, before.zoom, { animate: false });
    keepInside(before.kept);
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
