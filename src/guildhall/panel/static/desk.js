// The front desk: what is written is kept until it is sent, and the list that a ticket was opened from is its queue.

import { load, placed, unreachable, whenShown } from "./page.js";

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-kept]")) sessionStorage.setItem(target.dataset.kept, target.value);
});

export function settleDesk() {
  for (const field of document.querySelectorAll("[data-kept]")) {
    field.value ||= sessionStorage.getItem(field.dataset.kept) ?? "";
    if (field.value) field.closest("details")?.setAttribute("open", "");
  }
  for (const place of document.querySelectorAll("[data-load]:empty")) fill(place);
  const list = document.querySelector("[data-queue]");
  if (list) sessionStorage.setItem("queue", JSON.stringify({ from: placed(), paths: [...list.querySelectorAll("a.main")].map((each) => each.pathname) }));
  const turns = document.querySelector("[data-turns]");
  if (turns) lineUp(turns, JSON.parse(sessionStorage.getItem("queue") ?? '{"paths":[]}'));
}

// The queue stays as it was when the list was left: a ticket that is answered keeps its place.
function lineUp(turns, { from, paths }) {
  const at = paths.indexOf(location.pathname);
  if (at < 0) return;
  for (const link of turns.querySelectorAll("a")) link.href = paths[at + Number(link.dataset.turn)] ?? from;
  turns.querySelector("span").textContent = `${at + 1} of ${paths.length}`;
  turns.hidden = false;
  document.querySelector("[data-back]").href = from;
}

async function fill(place) {
  const found = await load(place.dataset.load).catch(unreachable);
  if (found?.answer.ok) place.replaceChildren(...(found.page.getElementById(place.id)?.children ?? []));
}

whenShown(settleDesk);
