// Dialogs: a page opened above the page.

import { leaves, load, tell } from "./page.js";

function makeSheet() {
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.addEventListener("close", () => dialog.replaceChildren());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}

export const sheet = makeSheet();

export async function open(address) {
  const { answer, page, url } = await load(address);
  if (leaves(url)) return;
  const part = page.getElementById("sheet");
  if (!part) return tell(problemOf(page, answer), true);
  sheet.replaceChildren(part);
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector("[autofocus]") ?? sheet.querySelector("input:not([type=hidden]), a, button"))?.focus();
}

export function problemOf(page, answer) {
  return page.querySelector("#problem .lead, #main .problem")?.textContent ?? `The house answered ${answer.status}.`;
}
