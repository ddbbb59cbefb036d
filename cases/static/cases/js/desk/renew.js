// Put the desk as it is now in the place of the desk as it was, and leave what somebody is at as it is.

const GONE = "这一件刚有变化，已不在这个列表里";

/** What a row was sent as: ticks, marks and the pointer change the row itself. @type {WeakMap<Element, string>} */
const sent = new WeakMap();

/** @param {HTMLElement} work  the part of the page that is kept up to date */
export function remember(work) {
  for (const row of work.querySelectorAll("#work > li")) {
    sent.set(row, row.outerHTML);
  }
}

/**
 * @param {HTMLElement} work
 * @param {Document} fresh  the same part as the server has it now
 * @returns {string[]} the numbers of the cases that were not listed before
 */
export function renew(work, fresh) {
  const listed = new Set([...fresh.querySelectorAll("#work > li")].map((row) => row.dataset.number));
  const still = holdStill(work.querySelector("#work"), listed);
  renewParts(work, fresh);
  const came = renewRows(work.querySelector("#work"), fresh.querySelector("#work"), listed);
  work.querySelector("#pins").textContent = fresh.querySelector("#pins").textContent;
  still();
  return came;
}

/** Let the first row in sight that stays stand where it is on the screen. @param {HTMLElement} list @param {Set<string>} listed */
function holdStill(list, listed) {
  const rows = [...list.children];
  const seen =
    rows.find((row) => row.contains(document.activeElement)) ??
    rows.find((row) => listed.has(row.dataset.number) && row.getBoundingClientRect().bottom > 0);
  // At the top of the page one looks at the top of the list, whatever comes to stand there.
  const held = globalThis.scrollY > 0 ? seen : undefined;
  const top = held?.getBoundingClientRect().top;
  return () => {
    if (held?.isConnected) {
      globalThis.scrollBy({ top: held.getBoundingClientRect().top - top, behavior: "instant" });
    }
  };
}

/** @param {HTMLElement} work @param {Document} fresh */
function renewParts(work, fresh) {
  for (const part of work.querySelectorAll("[data-part]")) {
    const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!now || now.innerHTML === part.innerHTML) {
      continue;
    }
    const focused = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...now.childNodes);
    if (focused) {
      part.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    }
  }
}

/** @param {HTMLElement} list @param {HTMLElement} fresh @param {Set<string>} listed @returns {string[]} */
function renewRows(list, fresh, listed) {
  const were = new Map([...list.children].map((row) => [row.dataset.number, row]));
  const came = [];
  // What is no longer listed and yet stays, stays where it is: the others are put in order around it.
  const onward = (row) => {
    let next = row;
    while (next && !listed.has(next.dataset.number)) {
      next = next.nextElementSibling;
    }
    return next;
  };
  let place = onward(list.firstElementChild);
  for (const now of [...fresh.children]) {
    const was = were.get(now.dataset.number);
    were.delete(now.dataset.number);
    const row = was ?? now;
    const markup = now.outerHTML;
    if (!was) {
      came.push(now.dataset.number);
      row.classList.add("is-new");
    } else if (sent.get(was) !== markup || was.classList.contains("is-gone")) {
      change(was, now);
    }
    sent.set(row, markup);
    if (row === place) {
      place = onward(place.nextElementSibling);
    } else {
      moveBefore(list, row, place);
    }
  }
  were.forEach(leave);
  return came;
}

/** Moving an element takes the focus from it. @param {HTMLElement} list @param {HTMLElement} row @param {Element | null} place */
function moveBefore(list, row, place) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(row, place);
  focused?.focus({ preventScroll: true });
}

/** Give a row its new content; ticked stays ticked where there is still a box, and the focus on the same thing. */
function change(row, now) {
  const ticked = row.querySelector("input")?.checked ?? false;
  const focused = row.contains(document.activeElement) ? document.activeElement.localName : null;
  row.replaceChildren(...now.childNodes);
  row.className = now.className;
  row.toggleAttribute("data-mine", now.hasAttribute("data-mine"));
  const box = row.querySelector("input");
  if (box) {
    box.checked = ticked;
  }
  if (focused) {
    (row.querySelector(focused) ?? row.querySelector("a")).focus({ preventScroll: true });
  }
}

/** A row that is no longer listed goes, unless somebody is at it: then it says so and goes afterwards. @param {HTMLElement} row */
function leave(row) {
  const box = row.querySelector("input");
  if (!row.contains(document.activeElement) && !box?.checked) {
    row.remove();
    return;
  }
  if (row.classList.contains("is-gone")) {
    return;
  }
  row.classList.add("is-gone");
  const words = document.createElement("span");
  words.className = "work-gone";
  words.textContent = GONE;
  row.querySelector(".work-words").prepend(words);
}
