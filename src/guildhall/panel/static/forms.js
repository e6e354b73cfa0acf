// Forms: sent in the background; what comes back is the page that a form without this script would have shown.

import { choose } from "./files.js";
import { change, forget, leaves, load, show, tell } from "./page.js";
import { problemOf, sheet } from "./sheet.js";
import { wear } from "./themes.js";

async function send(form, submitter) {
  const button = submitter ?? form.querySelector("button:not([type=button])");
  if (button?.ariaBusy === "true") return;
  if (button) button.ariaBusy = "true";
  try {
    const fields = new FormData(form, submitter?.name ? submitter : undefined);
    const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
    const { answer, page, url } = await load(form.action, { method: "POST", body });
    if (leaves(url)) return;
    if (answer.ok) await accept(form, answer, page, url);
    else refuse(form, answer, page);
  } catch (fault) {
    if (!(fault instanceof TypeError)) throw fault;
    tell("The house cannot be reached. Nothing was changed as far as we know; please try again.", true);
  } finally {
    if (button) button.ariaBusy = null;
  }
}

async function accept(form, answer, page, url) {
  form.closest("[popover]")?.hidePopover();
  const notice = page.querySelector("#toasts .toast")?.textContent;
  forget(url);
  sheet.close();
  if (answer.redirected && url.href !== location.href) history.pushState(null, "", url);
  for (const field of form.querySelectorAll("[data-kept]")) sessionStorage.removeItem(field.dataset.kept);
  await change(() => show(page));
  if (form.dataset.then) document.querySelector(form.dataset.then)?.focus();
  if (notice) tell(notice);
  document.querySelector(".secret")?.scrollIntoView({ block: "center" });
}

function refuse(form, answer, page) {
  const again = form.id && page.querySelector(`form#${CSS.escape(form.id)}`);
  if (!again) return tell(problemOf(page, answer), true);
  const chosen = form.querySelector("[type=file]")?.files ?? [];
  form.replaceWith(again);
  choose(again, [...chosen]);
  const wrong = again.querySelector("[aria-invalid=true]") ?? again.querySelector(".alternative") ?? again.querySelector(".problem");
  wrong?.focus();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || "plain" in form.dataset) return;
  event.preventDefault();
  if ("themes" in form.dataset) return wear(event.submitter.value, form);
  send(form, event.submitter);
});
