// Files of a message: chosen, dropped or pasted, and shown until they are sent.

import { tell } from "./page.js";

const bytes = (size) => (size < 1024 ? `${size} B` : size < 1 << 20 ? `${Math.round(size / 1024)} KB` : `${(size / (1 << 20)).toFixed(1)} MB`);

export function choose(form, files) {
  const input = form?.querySelector("[data-attach] [type=file]");
  if (!input) return false;
  const all = new DataTransfer();
  for (const file of files) {
    if (file.size > Number(input.dataset.largest)) tell(`${file.name} is too large, a file has at most ${input.dataset.words}.`, true);
    else if (all.items.length === Number(input.dataset.most)) tell(`A message has at most ${input.dataset.most} files.`, true);
    else all.items.add(file);
  }
  input.files = all.files;
  input.chosen = [...all.files];
  input.parentElement.querySelector("ul").replaceChildren(...input.chosen.map((file) => waiting(form, input, file)));
  const words = form.querySelector("textarea");
  if (words) words.required = !input.chosen.length;
  return true;
}

function waiting(form, input, file) {
  const line = document.createElement("li");
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: "×", ariaLabel: `Remove ${file.name}` });
  remove.addEventListener("click", () => {
    choose(form, input.chosen.filter((each) => each !== file));
    input.focus();
  });
  line.append(Object.assign(document.createElement("b"), { textContent: file.name }), ` ${bytes(file.size)} `, remove);
  return line;
}

// Whoever chooses twice wants both.
document.addEventListener("change", (event) => event.target.matches("[data-attach] [type=file]") && choose(event.target.form, [...(event.target.chosen ?? []), ...event.target.files]));

function bring(event, brought) {
  const form = event.target.closest?.("form:has([data-attach])");
  if (!form || !brought?.files.length) return;
  event.preventDefault();
  choose(form, [...form.querySelector("[type=file]").files, ...brought.files]);
}

document.addEventListener("paste", (event) => bring(event, event.clipboardData));
document.addEventListener("drop", (event) => bring(event, event.dataTransfer));
document.addEventListener("dragover", (event) => event.target.closest?.("form:has([data-attach])") && event.dataTransfer.types.includes("Files") && event.preventDefault());
