// The layers of the one map: one is shown at a time, which one the address says; all are given the same filters.

/** @typedef {import("./ground.js").Ground} Ground */
/** @typedef {import("./place_panel.js").Located} Located */
/** @typedef {import("./address.js").Place} Place */

/**
 * @typedef {object} Context What a layer gets to work with.
 * @property {L.Map} map
 * @property {Ground} ground
 * @property {import("./panel.js").Panel} panel
 * @property {string} today  YYYY-MM-DD, as the site counts days
 * @property {any} given  the shared filters as the server describes them
 * @property {HTMLElement} root  the layer's part of the panel
 * @property {() => URLSearchParams} params  the address now
 * @property {(words: Record<string, string | null>) => void} go  a new entry in the history
 * @property {(words: Record<string, string | null>, options?: {fit?: boolean}) => void} open  the same, and show what the
 *   address says then; `fit`: move to what it is narrowed to
 * @property {(options?: {fit?: boolean}) => Promise<void>} outline  draw the outline of what the filters are narrowed to
 * @property {(message: string) => void} say  tell everybody, also those who listen
 * @property {(place: Place) => void} ask  ask about a place, as a click there does
 * @property {() => Promise<void>} again  read and draw the layer anew
 */

/**
 * @typedef {object} Layer What a layer's module gives back from `mount(context, described)`.
 * @property {() => void} show  it is the one on the map now
 * @property {() => void} hide
 * @property {(filters: any, signal: AbortSignal, wait: (words: string) => void) => Promise<void>} load  read what the
 *   filters leave and draw it; rejected with an Error whose message can be shown
 * @property {() => Node | null} [legend]  what the drawing means, with units and counts
 * @property {() => void} [settle]  the address is shown: show in the panel what it names of the layer
 * @property {(map: L.Map, ground: Ground) => {load: (filters: any, signal: AbortSignal, wait: (words: string) => void) =>
 *   Promise<string>, clear: () => void}} [twin]  draws the same on a second map; `load` gives what it counts, in words
 * @property {() => string} headline  what the drawing counts, in words
 * @property {() => {since?: string, until?: string}} [period]  the days it counts, where these are not those chosen
 * @property {(located: Located, place: Place) => HTMLElement} [atPlace]  something about a place for the panel
 * @property {() => void} [forget]  the panel no longer shows anything of the layer's
 */

/**
 * @typedef {object} Shared What the module of the shared filters gives back; what filters are is its own affair.
 * @property {(described: any) => any} read  the filters the address names, as far as this layer goes
 * @property {(filters: any, described: any) => void} show  write the form
 * @property {() => string | null} area  code of the area the address is narrowed to: stays outlined
 * @property {(filters: any, described: any) => string} sentence  the filters in words
 * @property {(filters: any, described: any) => {filters: any, words: [string, string]} | null} second  what the address
 *   has the layer compared with, and the words over both maps
 */

/**
 * @typedef {object} Described A layer as the server describes it; more of it is the layer's own.
 * @property {string} id
 * @property {string} title
 * @property {string} module
 * @property {string[]} filters   the names of the shared filters it understands
 * @property {string[]} [levels]   of areas it can count by, its own first
 * @property {string[]} [choices]  names of its own parameters that change what it draws
 * @property {string[]} [names]    names of the parameters that say what of it the panel shows
 */

export const LAYER_NAME = "layer";

/**
 * Which layer a link shows.
 * @param {URLSearchParams} params
 * @param {{id: string}[]} described
 * @returns {string | null} the first where it names none that is known; null of none at all
 */
export function readLayer(params, described) {
  const asked = params.get(LAYER_NAME);
  return (described.find((it) => it.id === asked) ?? described[0])?.id ?? null;
}

/**
 * @typedef {object} Layers
 * @property {() => Promise<void>} restore  the address has changed: show the layer it names, filtered as it says
 * @property {() => void} rewrite          names have become known: write the filters anew
 * @property {() => void} forget           the panel no longer shows anything of a layer's
 * @property {(located: any, place: any) => Promise<HTMLElement | null>} atPlace  something of the layer's about a place
 * @property {() => string[]} names        of the parameters that say what of a layer the panel shows
 * @property {() => {title: string, sentence: string}} words  what is shown, in words
 */

/**
 * @param {Context} context
 * @param {object} options
 * @param {Described[]} options.described
 * @param {Shared} options.shared
 * @param {HTMLElement} options.tabs    a radio button for each layer
 * @param {HTMLElement} options.common  the shared filters and the sign of failing; goes where the layer's part has a slot
 * @param {HTMLElement} options.waiting  over the map, seen also where the panel is lowered
 * @param {(content: Node | null) => void} options.explain  shows a legend
 * @param {import("./beside.js").Beside} options.beside
 * @returns {Layers}
 */
export function mountLayers(context, { described, shared, tabs, common, waiting, explain, beside }) {
  const { params, open, panel } = context;
  const problem = common.querySelector('[data-part="problem"]');
  const sections = new Map(described.map((it) => [it.id, document.getElementById(`layer-${it.id}`)]));
  /** @type {Map<string, Promise<Layer>>} */
  const mounted = new Map();
  /** @type {Described | null} */
  let chosen = null;
  /** @type {Layer | null} */
  let active = null;
  let filters = null;
  /** What was last asked for; the same is not asked for twice. */
  let asked = "";
  let loading = new AbortController();
  /** What draws on the second map, and for which layer. */
  let twin = null;

  /** @param {Described} layer @returns {Promise<Layer>} */
  function mountedOf(layer) {
    if (!mounted.has(layer.id)) {
      const root = sections.get(layer.id);
      const own = { ...context, root, again: () => read(true) };
      mounted.set(layer.id, import(layer.module).then(({ mount }) => mount(own, layer)));
      // A module that did not come is asked for again the next time.
      mounted.get(layer.id).catch(() => mounted.delete(layer.id));
    }
    return mounted.get(layer.id);
  }

  /** @param {Described} layer */
  function select(layer) {
    if (layer === chosen) {
      return;
    }
    active?.hide();
    active = null;
    untwin();
    asked = "";
    explain(null);
    chosen = layer;
    for (const [id, section] of sections) {
      section.hidden = id !== layer.id;
    }
    (sections.get(layer.id).querySelector("[data-slot]") ?? sections.get(layer.id)).prepend(common);
    tabs.querySelector(`[value="${layer.id}"]`).checked = true;
  }

  /** Read and draw what the address says, unless it is there already. @param {boolean} [anew] */
  async function read(anew = false) {
    const layer = chosen;
    filters = shared.read(layer);
    shared.show(filters, layer);
    const key = JSON.stringify([layer.id, filters, (layer.choices ?? []).map((name) => params().get(name))]);
    if (key === asked && !anew) {
      active?.settle?.();
      return;
    }
    asked = key;
    loading.abort();
    loading = new AbortController();
    const { signal } = loading;
    wait("正在读取…");
    try {
      const drawing = await mountedOf(layer);
      if (signal.aborted) {
        return;
      }
      if (active !== drawing) {
        active = drawing;
        drawing.show();
      }
      await drawing.load(filters, signal, wait);
      const compared = await compare(drawing, layer, signal);
      if (!signal.aborted) {
        if (!compared) {
          untwin();
        }
        wait("");
        explain(drawing.legend?.() ?? null);
        drawing.settle?.();
      }
    } catch (error) {
      if (!signal.aborted) {
        wait("");
        refuse(error.message);
      }
    }
  }

  /** Draw on the second map what the address has the layer compared with; false where it has it compared with nothing. */
  async function compare(drawing, layer, signal) {
    const second = drawing.twin ? shared.second(meant(drawing), layer) : null;
    if (!second || signal.aborted) {
      return false;
    }
    const { map, ground } = beside.show(second.words);
    twin ??= drawing.twin(map, ground);
    wait("正在读取对比的时段…");
    const counted = await twin.load(second.filters, signal, wait);
    beside.show([`${second.words[0]}，${drawing.headline()}`, `${second.words[1]}，${counted}`]);
    return true;
  }

  /** The filters, with the period the layer took where none was chosen. */
  function meant(drawing) {
    return { ...filters, ...drawing?.period?.() };
  }

  function untwin() {
    twin?.clear();
    twin = null;
    beside.hide();
  }

  /** @param {string} words  "" when the waiting is over */
  function wait(words) {
    waiting.hidden = !words;
    waiting.textContent = words;
    problem.hidden = true;
    sections.get(chosen.id).setAttribute("aria-busy", String(Boolean(words)));
  }

  /** @param {string} words */
  function refuse(words) {
    asked = "";
    problem.hidden = false;
    problem.querySelector("p").textContent = words;
    panel.open(true);
    problem.scrollIntoView({ block: "nearest" });
    explain(null);
  }

  problem.querySelector("button").addEventListener("click", () => read(true));
  tabs.addEventListener("change", (event) => {
    const { value } = event.target;
    const gone = [...described.flatMap((it) => (it.id === value ? [] : (it.choices ?? []))), ...names];
    open({ ...Object.fromEntries(gone.map((name) => [name, null])), [LAYER_NAME]: value === described[0].id ? null : value });
  });
  tabs.hidden = described.length < 2;
  const names = [...new Set(described.flatMap((it) => it.names ?? []))];

  return {
    restore: async () => {
      const id = readLayer(params(), described);
      if (id !== null) {
        select(described.find((it) => it.id === id));
        await read();
      }
    },
    rewrite: () => filters && shared.show(filters, chosen),
    forget: () => active?.forget?.(),
    atPlace: async (located, place) => (chosen ? ((await mountedOf(chosen)).atPlace?.(located, place) ?? null) : null),
    names: () => names,
    words: () => ({
      title: chosen?.title ?? "",
      sentence: filters ? [shared.sentence(meant(active), chosen), active?.headline()].filter(Boolean).join("；") : "",
    }),
  };
}
