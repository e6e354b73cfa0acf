// Snippets: chosen in a dialog above the ticket, and put where the writing is.

import { open, sheet } from "./sheet.js";

document.addEventListener("input", ({ target }) => target.closest("[data-filter]") && sift(target));

function sift(field) {
  const lines = [...document.querySelectorAll(field.form.dataset.filter)];
  const words = field.value.trim().toLowerCase();
  for (const line of lines) line.hidden = !line.textContent.toLowerCase().includes(words);
  sheet.querySelector("[data-nothing]").hidden = lines.some((line) => !line.hidden);
}

// Whoever writes on behind the stroke looks for that.
async function offer(field) {
  await open(field.form.querySelector("[data-menu]").href);
  const words = sheet.querySelector("[type=search]");
  if (!words) return;
  words.value = field.value.slice(1);
  sift(words);
}

function paste(choice) {
  const field = document.getElementById(choice.dataset.box);
  sheet.close();
  const [start, end] = /^\/\S*$/.test(field.value) ? [0, field.value.length] : [field.selectionStart, field.selectionEnd];
  field.setRangeText(choice.querySelector(".prose").textContent, start, end, "end");
  const anonymous = field.form.elements.anonymous;
  if (anonymous && "anonymous" in choice.dataset) anonymous.checked = true;
  if (field.form.elements.snippet) field.form.elements.snippet.value = choice.dataset.snippet;
  field.closest("details")?.setAttribute("open", "");
  field.focus();
  // What is left to be filled in is marked, so that the next words replace it.
  const blank = /\{\{.*?\}\}/.exec(field.value);
  if (blank) field.setSelectionRange(blank.index, blank.index + blank[0].length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const choice = sheet.open && event.target.closest("[data-snippet]");
  if (!choice) return;
  event.preventDefault();
  paste(choice);
});

// Keys while somebody writes, and while they choose.

function write(event) {
  const field = event.target;
  if (event.key === "/" && !field.value && "kept" in field.dataset) return void offer(field);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form.requestSubmit();
  else if (event.key === "Escape" && "kept" in field.dataset) document.getElementById("talk").focus();
  else return;
  event.preventDefault();
}

function pick(event) {
  const choices = [...sheet.querySelectorAll("[data-snippet]")].filter((each) => each.checkVisibility());
  const at = choices.indexOf(document.activeElement);
  if (event.key === "Enter" && at < 0 && event.target.matches("[type=search]")) choices[0]?.click();
  else if (event.key === "ArrowDown") choices[Math.min(at + 1, choices.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (choices[at - 1] ?? sheet.querySelector("[type=search]"))?.focus();
  else return;
  event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches?.("textarea")) write(event);
  else if (event.target.closest?.(".snippets")) pick(event);
});
