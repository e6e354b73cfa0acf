// Keys of the page, while nobody writes.

import { walk } from "./calendar.js";
import { sheet } from "./sheet.js";

let going = false;

function press(selector) {
  const found = document.querySelector(selector);
  found?.click();
  return Boolean(found);
}

// From one line of a list to the next, where Enter opens it; from within a ticket, to the next of its queue.
function turn(by) {
  if (press(`[data-turns]:not([hidden]) [data-turn="${by}"]`)) return;
  const lines = [...document.querySelectorAll("[data-rows] a.main")];
  const at = lines.indexOf(document.activeElement);
  const next = at < 0 && by < 0 ? lines.length - 1 : at + by;
  lines[Math.min(Math.max(next, 0), lines.length - 1)]?.focus();
}

function stroll({ key, target }) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!by || !target.closest?.("[data-rows]")) return false;
  turn(by);
  return true;
}

function reach(selector) {
  const field = document.querySelector(selector);
  field?.closest("details")?.setAttribute("open", "");
  field?.focus();
}

// A ticket has no search of its own, so that of the list is gone to.
function search() {
  const field = document.querySelector("#main input[type=search]");
  const back = document.querySelector("[data-back]");
  if (field) field.focus();
  else if (back) location.assign(`${back.href}#q`);
}

const keys = {
  "?": () => document.getElementById("keys").togglePopover(),
  "b": () => press("[data-book]") || location.assign("/panel/book"),
  "t": () => press("[data-step=today]"),
  "[": () => press("[data-step=previous]"),
  "]": () => press("[data-step=following]"),
  "j": () => turn(1),
  "k": () => turn(-1),
  "r": () => reach("[data-reply]"),
  "n": () => reach("[data-note]"),
  "c": () => press("[data-claim]"),
  "x": () => press("[data-end]"),
  "u": () => press("[data-back]"),
  "/": search,
  "d": () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark" || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    press(`[data-themes] button[value=${dark ? "light" : "dark"}]`);
  },
  "g": () => {
    going = true;
    setTimeout(() => (going = false), 1200);
  },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) return;
  if (event.key.startsWith("Arrow")) return void ((walk(event) || stroll(event)) && event.preventDefault());
  if (sheet.open || document.querySelector("#main :popover-open") || !document.getElementById("nav")) return;
  const action = going ? () => press(`#nav a[data-key="${CSS.escape(event.key)}"]`) : keys[event.key];
  going = false;
  if (!action) return;
  event.preventDefault();
  action();
});
