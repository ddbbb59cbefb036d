// What the one who reported takes home: number, code, who has it, until when.

import { withQuery } from "../../../gridmap/js/request.js";
import { moment } from "./answer.js";

/**
 * @param {(id: string) => HTMLElement} byId
 * @param {string} qr  address of the code that leads back to the case
 */
export function receiptView(byId, qr) {
  let copied = "";

  byId("receipt-copy").addEventListener("click", async () => {
    byId("receipt-copied").textContent = (await copy(copied)) ? "已复制" : `没能复制，请手抄：${copied}`;
  });

  return {
    /**
     * @param {{number: string, track_code: string, track_url: string, due_at: string, area: {name: string}}} receipt
     * @param {{name: string, role: string}[]} people
     */
    show(receipt, people) {
      copied = `编号 ${receipt.number} 查询码 ${receipt.track_code}`;
      byId("receipt-number").textContent = receipt.number;
      byId("receipt-code").textContent = receipt.track_code;
      byId("receipt-area").textContent = receipt.area.name;
      byId("receipt-people").replaceChildren(...peopleLines(people));
      byId("receipt-due").textContent = `${moment(receipt.due_at)}前`;
      byId("receipt-track").setAttribute("href", receipt.track_url);
      byId("receipt-qr").setAttribute("src", withQuery(qr, { number: receipt.number, code: receipt.track_code }));
      byId("receipt-copied").textContent = "";
      byId("receipt").hidden = false;
      byId("receipt-title").focus();
      globalThis.scrollTo(0, 0);
    },
  };
}

/** @param {{name: string, role: string}[]} people */
function peopleLines(people) {
  const lines = people.length > 0 ? people.map((it) => `${it.role} ${it.name}`) : ["网格中心正在指派"];
  return lines.map((words) => {
    const line = document.createElement("div");
    line.textContent = words;
    return line;
  });
}

/** @param {string} words @returns {Promise<boolean>} */
async function copy(words) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(words).then(
      () => true,
      () => false,
    );
  }
  // Plain http has no clipboard of its own; the old way still works there.
  const field = document.createElement("textarea");
  field.value = words;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
