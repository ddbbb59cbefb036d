// The fields of a form of filters, which the map and the review call by the same names.

/** @typedef {import("./filters.js").Filters} Filters */

const PLAIN = ["since", "until", "category", "channel", "department"];

/** What both forms show alike. @param {HTMLFormElement} form @param {Filters} filters */
export function writeFields(form, filters) {
  for (const name of PLAIN) {
    form.elements[name].value = filters[name];
  }
}

/** What a form says; the level, which no form has, stays as it was. @param {HTMLFormElement} form @param {Filters} before @returns {Filters} */
export function readFields(form, before) {
  const data = new FormData(form);
  const word = (name) => String(data.get(name) ?? "");
  return {
    ...Object.fromEntries([...PLAIN, "area", "arrival"].map((name) => [name, word(name)])),
    states: data.getAll("state").map(String),
    overdue: data.has("overdue"),
    level: before.level,
  };
}
