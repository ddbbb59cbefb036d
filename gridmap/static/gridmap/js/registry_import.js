// Beginning a draft from a file: the form stays as it is filled in, with the file, and the result appears below it.

const form = document.querySelector("[data-part=import]");
const result = document.getElementById("import-result");
const limit = Number(form.dataset.limit);

/** @param {string} words @param {string} kind */
function say(words, kind) {
  const note = document.createElement("p");
  note.className = kind;
  note.setAttribute("role", kind === "loading" ? "status" : "alert");
  note.textContent = words;
  result.replaceChildren(note);
}

/** @param {SubmitEvent} event */
async function send(event) {
  const file = form.elements.file.files[0];
  event.preventDefault();
  if (file && file.size > limit) {
    say(`文件有 ${(file.size / 2 ** 20).toFixed(1)} MB，超过 ${form.dataset.limitWords} 的上限。`, "notice notice-bad");
    return;
  }
  const buttons = [...form.querySelectorAll("button")];
  const body = new FormData(form, event.submitter);
  buttons.forEach((it) => {
    it.disabled = true;
  });
  forgetProblems();
  say("正在读取和检查，文件大时要几十秒…", "loading");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    show(await answer.text(), answer.status);
  } catch {
    say("没有连上网站，请检查网络后重试。", "notice notice-bad");
  }
  buttons.forEach((it) => {
    it.disabled = false;
  });
}

/**
 * Take over what the server says: its result, and what is wrong with the fields.
 * @param {string} html
 * @param {number} status
 */
function show(html, status) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const said = page.getElementById("import-result");
  if (!said) {
    const detail = page.querySelector("main p")?.textContent ?? "";
    say(detail || `网站没有正常回答（${status}），请稍后再试。`, "notice notice-bad");
    return;
  }
  takeProblems(page.querySelector("[data-part=import]"));
  result.replaceChildren(...said.childNodes);
  const problem = form.querySelector("[role=alert]");
  (problem ?? result).scrollIntoView({ block: "start" });
  (problem?.closest(".field")?.querySelector("input, select") ?? result).focus({ preventScroll: true });
}

/** What was wrong the last time. */
function forgetProblems() {
  form.querySelectorAll("[role=alert]").forEach((it) => it.remove());
  form.querySelectorAll(".has-problem").forEach((it) => it.classList.remove("has-problem"));
}

/** @param {HTMLElement} answered  the form as the server gave it back */
function takeProblems(answered) {
  for (const problem of answered.querySelectorAll(".field [role=alert]")) {
    const name = problem.closest(".field").querySelector("[name]").name;
    const field = form.elements[name].closest(".field");
    field.classList.add("has-problem");
    field.append(problem);
    field.closest("details")?.setAttribute("open", "");
  }
  form.prepend(...answered.querySelectorAll(":scope > [role=alert]"));
}

form.addEventListener("submit", send);
