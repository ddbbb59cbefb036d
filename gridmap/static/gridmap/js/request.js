// Ask the site and get JSON back. Whatever goes wrong comes as one kind of error with a sentence for people.

/** What could not be done; `message` and `detail` are a sentence that can be shown as it is. */
export class Problem extends Error {
  /**
   * @param {string} detail
   * @param {{status?: number, code?: string, parameter?: string, place?: [number, number] | null}} [more] status 0: the
   *   site was not reached; place: longitude and latitude of what is wrong, where it is somewhere
   */
  constructor(detail, { status = 0, code = "unreachable", parameter = "", place = null } = {}) {
    super(detail);
    this.name = "Problem";
    this.detail = detail;
    this.status = status;
    this.code = code;
    this.parameter = parameter;
    this.place = place;
  }

  /** Whether the site may have done it all the same: nobody heard its answer, or it failed halfway. */
  get outcomeUnknown() {
    return this.status === 0 || this.status >= 500;
  }
}

const UNREACHABLE = "没有连上网站，请检查网络后重试";

/**
 * Ask an address and read its JSON answer.
 *
 * @param {string} address  as the page was given it
 * @param {object} [options]
 * @param {string} [options.method]
 * @param {Record<string, string | number | undefined | null>} [options.query]  empty values are left out
 * @param {unknown} [options.json]  body, sent as JSON
 * @param {FormData} [options.form]  body, sent as a form
 * @param {AbortSignal} [options.signal]
 * @returns {Promise<any>}
 * @throws {Problem} and an AbortError when `signal` was used
 */
export async function request(address, { method, query, json, form, signal } = {}) {
  const headers = { Accept: "application/json" };
  const body = json === undefined ? form : JSON.stringify(json);
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (body !== undefined) {
    headers["X-CSRFToken"] = csrfToken(document.cookie);
  }
  let response;
  let text;
  try {
    response = await fetch(withQuery(address, query), { method: method ?? (body === undefined ? "GET" : "POST"), headers, body, signal });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new Problem(UNREACHABLE);
  }
  return readAnswer(response.status, text);
}

/**
 * Post a form and say how far the sending is: `fetch` cannot.
 *
 * @param {string} address
 * @param {FormData} form
 * @param {(share: number) => void} onProgress  0 to 1, of the bytes sent
 * @returns {Promise<any>}
 * @throws {Problem}
 */
export function upload(address, form, onProgress) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("POST", address);
    sending.setRequestHeader("Accept", "application/json");
    sending.setRequestHeader("X-CSRFToken", csrfToken(document.cookie));
    sending.timeout = 120_000;
    sending.upload.onprogress = (event) => {
      if (event.lengthComputable) {
        onProgress(event.loaded / event.total);
      }
    };
    sending.onerror = sending.ontimeout = () => reject(new Problem(UNREACHABLE));
    sending.onload = () => {
      try {
        resolve(readAnswer(sending.status, sending.responseText));
      } catch (problem) {
        reject(problem);
      }
    };
    sending.send(form);
  });
}

/**
 * @param {number} status
 * @param {string} text
 * @returns {any}
 */
export function readAnswer(status, text) {
  const answer = parsed(text);
  if (status >= 200 && status < 300 && answer !== undefined) {
    return answer;
  }
  throw new Problem(answer?.detail ?? `网站没有正常回答（${status}），请稍后再试`, {
    status,
    code: answer?.code ?? "unexpected",
    parameter: answer?.parameter,
    place: answer?.place,
  });
}

/** The JSON in a text; undefined for a text that is none, as a proxy's error page. @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * @param {string} address
 * @param {Record<string, string | number | undefined | null>} [query]
 * @returns {string}
 */
export function withQuery(address, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (given.length === 0) {
    return address;
  }
  return `${address}${address.includes("?") ? "&" : "?"}${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/**
 * @param {string} cookies  as `document.cookie` gives them
 * @returns {string}
 */
export function csrfToken(cookies) {
  const found = cookies.split(/;\s*/).find((it) => it.startsWith("csrftoken="));
  return found ? decodeURIComponent(found.slice("csrftoken=".length)) : "";
}
