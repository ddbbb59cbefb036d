// A second map beside the first, moving as it moves: the same place at another time.

import { makeMap, showGround } from "./ground.js";

/** @typedef {import("./ground.js").Ground} Ground */

/** How many zooms further out a map may go that has half of the room. */
const SMALLER = 1.5;
/** Pixels at the upper and the lower edge of each half that words lie over. */
const [OVER, UNDER] = [36, 48];

/**
 * @typedef {object} Beside
 * @property {(titles: [string, string]) => {map: L.Map, ground: Ground}} show  splits the room between both maps, with
 *   what each shows over it
 * @property {() => void} hide
 * @property {() => L.Map | null} map  the second, while it is shown
 */

/**
 * @param {L.Map} map  the first
 * @param {object} options
 * @param {HTMLElement} options.pair  holds both, see the page of the map
 * @param {{areas: string, rivers?: string}} options.ground  what a ground is drawn from
 * @param {() => L.LatLngBounds} options.whole  what there is to see at all
 * @param {(place: {lat: number, lon: number}) => void} options.onAsk  the second map was clicked
 * @param {(problem: Error) => void} options.onProblem
 * @returns {Beside}
 */
export function mountBeside(map, { pair, ground, whole, onAsk, onProblem }) {
  const room = pair.querySelector("[data-part=second]");
  const titles = [...pair.querySelectorAll("[data-part=period]")];
  /** @type {{map: L.Map, ground: Ground} | null} made when first needed, then kept */
  let second = null;
  let shown = false;
  let moving = false;

  /** @param {L.Map} from @param {L.Map} to */
  function follow(from, to) {
    from.on("move", () => {
      if (shown && !moving) {
        moving = true;
        to.setView(from.getCenter(), from.getZoom(), { animate: false });
        moving = false;
      }
    });
  }

  function made() {
    if (!second) {
      const { lat, lng: lon } = map.getCenter();
      const other = makeMap(room, { view: { lat, lon, zoom: map.getZoom() }, label: "对比的地图，随左图移动" });
      second = { map: other, ground: showGround(other, { ...ground, confined: false, onProblem }) };
      second.ground.ready.catch(onProblem);
      other.on("click", ({ latlng }) => onAsk({ lat: latlng.lat, lon: latlng.lng }));
      follow(map, other);
      follow(other, map);
    }
    return second;
  }

  /** Who saw the whole district sees it in half of the room too. @param {boolean} split */
  function divide(split) {
    const [all, centre] = [whole(), map.getCenter()];
    const seen = all.isValid() && map.getBounds().contains(all);
    shown = split;
    pair.classList.toggle("is-split", split);
    room.hidden = !split;
    titles.forEach((it) => {
      it.hidden = !split;
    });
    map.setMinZoom(map.getMinZoom() + (split ? -SMALLER : SMALLER));
    map.invalidateSize({ animate: false, pan: false });
    map.setView(centre, map.getZoom(), { animate: false });
    if (seen) {
      map.fitBounds(all, { animate: false, paddingTopLeft: [0, split ? OVER : 0], paddingBottomRight: [0, split ? UNDER : 0] });
    }
  }

  return {
    show(words) {
      titles.forEach((it, i) => {
        it.textContent = words[i];
      });
      if (!shown) {
        divide(true);
        const { map: other } = made();
        other.invalidateSize({ animate: false, pan: false });
        other.setMaxBounds(map.options.maxBounds);
        other.setMinZoom(map.getMinZoom());
        other.setView(map.getCenter(), map.getZoom(), { animate: false });
      }
      return made();
    },
    hide() {
      if (shown) {
        divide(false);
      }
    },
    map: () => (shown ? second.map : null),
  };
}
