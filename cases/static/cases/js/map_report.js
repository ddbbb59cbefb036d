/**
 * The map report's own part: one legend for each layer that is on the map, the choice of layers beside the map, and the
 * map as large as the paper while it is printed. A classic script: it stands within the file, where nothing is imported.
 * @param {L.Map} map
 * @param {L.Control.Layers} control
 * @param {L.LatLngBoundsExpression} ground what is seen until somebody moves the map
 * @param {Object<string, L.Layer>} layers those that have a legend
 */
function mapReport(map, control, ground, layers) {
  document.querySelector("[data-part=layers]").append(control.getContainer());
  L.control.scale({ imperial: false }).addTo(map);

  const legends = () => {
    for (const [name, layer] of Object.entries(layers)) {
      document.querySelector(`[data-layer="${name}"]`).hidden = !map.hasLayer(layer);
    }
  };
  map.on("baselayerchange overlayadd overlayremove", legends);
  legends();

  // Of names that would lie on one another only the first is shown.
  const names = () => {
    const shown = [];
    for (const name of document.querySelectorAll(".town span")) {
      const box = name.getBoundingClientRect();
      const free = shown.every(
        (it) => box.right < it.left || it.right < box.left || box.bottom < it.top || it.bottom < box.top,
      );
      name.style.visibility = free ? "" : "hidden";
      if (free) {
        shown.push(box);
      }
    }
  };
  map.on("zoomend resize overlayadd", names);

  // Whatever its size, the map shows what it showed.
  let seen = null;
  const fit = () => {
    map.invalidateSize({ animate: false, pan: false });
    map.fitBounds(seen ?? ground, { animate: false, padding: seen ? [0, 0] : [6, 6] });
    names();
  };
  for (const touch of ["pointerdown", "wheel", "keydown"]) {
    map.getContainer().addEventListener(touch, () => map.once("moveend", () => { seen = map.getBounds(); }));
  }
  new ResizeObserver(fit).observe(map.getContainer());
  const paper = (onPaper) => {
    document.body.classList.toggle("on-paper", onPaper);
    fit();
  };
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
  // A browser without a screen prints without a word: it is told by the address.
  if (location.hash === "#paper") {
    paper(true);
  }
}
