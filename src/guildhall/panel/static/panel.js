// Everything here is a convenience: without it each link is a page and each form is a form.
// Pages are fetched as they are, and the parts that changed are put in place; there is no second way to render anything.

const main = () => document.getElementById("main");
const toasts = document.getElementById("toasts");
// Which address the page shows; going to a place within it is no reason to load it again.
const placed = () => location.pathname + location.search;
let shown = placed();
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const sheet = makeSheet();

function makeSheet() {
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.addEventListener("close", () => dialog.replaceChildren());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  return dialog;
}

function tell(text, bad = false) {
  const toast = Object.assign(document.createElement("p"), { className: bad ? "toast bad" : "toast", textContent: text });
  toast.addEventListener("animationend", () => toast.remove());
  toasts.append(toast);
}

async function load(address, options = {}) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { answer, page, url: new URL(answer.url) };
}

// The sign-in page in place of what was asked for means that the session is over.
function leaves(url) {
  if (url.pathname !== "/panel/sign-in") return false;
  location.assign(url);
  return true;
}

function change(work) {
  if (document.startViewTransition && !calm.matches && document.visibilityState === "visible") {
    const transition = document.startViewTransition(work);
    // An animation that gives way to the next one is no fault; the change itself was made.
    transition.ready.catch(() => null);
    return transition.updateCallbackDone;
  }
  work();
  return Promise.resolve();
}

function show(page) {
  const holdAgain = holding();
  main().replaceWith(page.getElementById("main"));
  const nav = page.getElementById("nav");
  const parts = nav?.querySelectorAll("ul, .who") ?? [];
  document.querySelectorAll("#nav :is(ul, .who)").forEach((part, at) => parts[at] && part.replaceWith(parts[at]));
  document.title = page.title;
  settle();
  follow();
  holdAgain();
}

// Remembers what has the keyboard's attention, and gives it to the same on the new page; where that is gone, to what
// stands in its place within the same part.
const stops = (part) => [...part.querySelectorAll("a[href], button, [tabindex='0']")].filter((each) => each.checkVisibility());

function holding() {
  const at = document.activeElement?.closest("#main :is(a[href], button, [id][tabindex='0'])");
  if (!at) return () => null;
  const part = at.closest("[data-part]");
  const place = part ? stops(part).indexOf(at) : -1;
  const same = sameAs(at);
  return () => {
    const after = part && document.getElementById(part.id);
    const next = (same && document.querySelector(same)) ?? (after && stops(after).at(Math.min(place, stops(after).length - 1)));
    next?.focus({ preventScroll: true });
  };
}

function sameAs(at) {
  if (at.matches("[id][tabindex='0']")) return `#${CSS.escape(at.id)}`;
  const named = (name) => `[${name}="${CSS.escape(at.getAttribute(name))}"]`;
  if (at.matches("a")) return `#main a${named("href")}`;
  if (at.matches("[popovertarget]")) return `#main ${named("popovertarget")}`;
  return at.form?.hasAttribute("action") ? `#main form[action="${CSS.escape(at.form.getAttribute("action"))}"] button` : null;
}

function forget(url) {
  url.searchParams.delete("done");
  return url;
}

/* Dialogs: a page opened above the page */

async function open(address) {
  const { answer, page, url } = await load(address);
  if (leaves(url)) return;
  const part = page.getElementById("sheet");
  if (!part) return tell(problemOf(page, answer), true);
  sheet.replaceChildren(part);
  if (!sheet.open) sheet.showModal();
  (sheet.querySelector("[autofocus]") ?? sheet.querySelector("input:not([type=hidden]), a, button"))?.focus();
}

function problemOf(page, answer) {
  return page.querySelector("#problem .lead, #main .problem")?.textContent ?? `The house answered ${answer.status}.`;
}

/* Forms: sent in the background; what comes back is the page that a form without this script would have shown */

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

/* Files of a message: chosen, dropped or pasted, and shown until they are sent */

const bytes = (size) => (size < 1024 ? `${size} B` : size < 1 << 20 ? `${Math.round(size / 1024)} KB` : `${(size / (1 << 20)).toFixed(1)} MB`);

function choose(form, files) {
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

/* Light and dark */

function dress(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// A page that says what went wrong is made without knowing who looks, so what they chose is put on here.
if (document.getElementById("problem")) dress(/(?:^|; )theme=(light|dark)/.exec(document.cookie)?.[1] ?? "auto");

function wear(theme, form) {
  dress(theme);
  for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button.value === theme);
  const body = new URLSearchParams(new FormData(form));
  body.set("theme", theme);
  return fetch(form.action, { method: "POST", body, redirect: "manual" });
}

/* Clicks */

document.addEventListener("click", (event) => event.target.closest("[data-print]") && print());

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a");
  if (!link) return;
  if (sheet.open && "close" in link.dataset) {
    event.preventDefault();
    sheet.close();
  } else if ("sheet" in link.dataset) {
    event.preventDefault();
    open(link.matches(".strip") && event.detail ? placeOf(link, event.clientX) : link.href);
  }
});

/* Strips: where one clicks is when one books */

function timeAt(strip, x) {
  const { left, width } = strip.getBoundingClientRect();
  const { first, last } = strip.closest("[data-grid]").dataset;
  const minutes = Number(first) + ((x - left) / width) * (Number(last) - Number(first));
  const snapped = Math.min(Math.max(Math.floor(minutes / 30) * 30, Number(first)), Number(last) - 30);
  return `${String(Math.floor(snapped / 60)).padStart(2, "0")}:${String(snapped % 60).padStart(2, "0")}`;
}

function placeOf(strip, x) {
  const address = new URL(strip.href);
  address.searchParams.set("start", timeAt(strip, x));
  return address;
}

document.addEventListener("pointermove", (event) => {
  const strip = event.pointerType === "mouse" && event.target.closest?.(".strip");
  if (!strip) return;
  let flag = strip.querySelector("u");
  if (!flag) strip.append((flag = document.createElement("u")));
  flag.textContent = timeAt(strip, event.clientX);
  const { left, width } = strip.getBoundingClientRect();
  flag.style.left = `${Math.min(Math.max(event.clientX - left, 24), width - 24)}px`;
});

/* Calendars: one stop for Tab, arrows within */

function places(grid) {
  return [...grid.querySelectorAll(".strip, .chip, .slot, .block")].filter((each) => each.offsetParent);
}

function settle() {
  for (const each of document.querySelectorAll("[data-print]")) each.hidden = false;
  const url = new URL(location.href);
  if (url.searchParams.has("done")) history.replaceState(null, "", forget(url));
  shown = placed();
  for (const grid of document.querySelectorAll("[data-grid]")) {
    const all = places(grid);
    const entry = all.find((each) => each.closest(".today")) ?? all[0];
    for (const each of all) each.tabIndex = each === entry ? 0 : -1;
  }
  settleDesk();
}

function step(grid, from, key) {
  const here = middle(from);
  const near = (each) => Math.abs(middle(each).x - here.x) < 8 || each.parentElement === from.parentElement;
  const along = key === "ArrowUp" || key === "ArrowDown" ? near : (each) => !near(each);
  const ahead = { ArrowUp: (p) => here.y - p.y, ArrowDown: (p) => p.y - here.y, ArrowLeft: (p) => here.x - p.x, ArrowRight: (p) => p.x - here.x }[key];
  const aside = key === "ArrowUp" || key === "ArrowDown" ? () => 0 : (p) => Math.abs(p.y - here.y) / 4;
  const found = places(grid).filter((each) => each !== from && along(each) && ahead(middle(each)) > 1);
  return found.sort((a, b) => ahead(middle(a)) + aside(middle(a)) - ahead(middle(b)) - aside(middle(b)))[0];
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
}

function walk(event) {
  const grid = event.target.closest?.("[data-grid]");
  if (!grid || !event.target.matches("[tabindex]")) return false;
  const next = step(grid, event.target, event.key);
  if (next) {
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  return true;
}

/* The front desk: what is written is kept until it is sent, and the list that a ticket was opened from is its queue */

document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-kept]")) sessionStorage.setItem(target.dataset.kept, target.value);
  else if (target.closest("[data-filter]")) sift(target);
});

function settleDesk() {
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

/* Snippets: chosen in a dialog above the ticket, and put where the writing is */

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

/* Keys while somebody writes, and while they choose */

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

/* Keys */

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

/* Live pages: told that something changed, they load themselves anew. Only while somebody looks. */

const A_SECOND = 1000;
let stream = null;
let pending = 0;

function follow() {
  const wanted = main()?.hasAttribute("data-live") && document.visibilityState === "visible";
  const address = main()?.dataset.stream ?? "/panel/live";
  if (stream && (!wanted || new URL(address, location.href).href !== stream.url)) {
    stream.close();
    stream = null;
    delete document.documentElement.dataset.following;
  }
  if (wanted && !stream) {
    stream = new EventSource(address);
    // Whatever happened before the stream was open, or while it was broken, is on a page loaded now.
    stream.addEventListener("open", () => (stream.opened ? renew() : (stream.opened = true), document.documentElement.dataset.following = ""));
    stream.addEventListener("rooms", renew);
    stream.addEventListener("shifts", renew);
    stream.addEventListener("tickets", renew);
    // Calendars outside and the bot are heard all the time, which only their own pages show.
    for (const each of ["calendars", "bot"]) stream.addEventListener(each, () => main().dataset.live === each && renew());
    // In a busy guild something happens all the time, so the first event sets the time and later ones do not move it.
    stream.addEventListener("attendance", () => (pending ||= setTimeout(reload, A_SECOND)));
    stream.addEventListener("lagged", renew);
  }
}

function renew() {
  clearTimeout(pending);
  pending = setTimeout(reload, 120);
}

async function reload() {
  pending = 0;
  // Some pages renew parts only, so that nobody loses what they are writing beside them.
  const parts = [...document.querySelectorAll("#main [data-part]")];
  const within = parts.length ? "#main [data-part]" : "#main";
  if (document.querySelector(`${within} :popover-open`) || document.activeElement?.matches(`:is(${within}) :is(input, select, textarea)`)) return renew();
  const found = await load(location.href).catch(unreachable);
  if (!found || leaves(found.url) || !found.answer.ok || !main().hasAttribute("data-live")) return;
  const { page } = found;
  const same = parts.filter((each) => page.getElementById(each.id));
  if (same.length && (same.length === parts.length || isWriting())) exchange(same, page);
  else return change(() => show(page));
  if (same.length < parts.length && !("old" in main().dataset)) tell("This has changed meanwhile. What you have written stays here.", true);
  if (same.length < parts.length) main().dataset.old = "";
}

// Whoever has begun to write keeps the page that they write on, whatever became of it elsewhere.
function isWriting() {
  return [...document.querySelectorAll("#main :is(textarea, input)")].some((field) => field.value !== field.defaultValue || field === document.activeElement);
}

// A house out of reach is no fault of the page: its stream breaks too, and all is loaded anew when it is back.
function unreachable(fault) {
  if (!(fault instanceof TypeError)) throw fault;
  return null;
}

// A part that the new page lacks means that the page is another one now, such as that of a ticket that was closed.
function exchange(parts, page) {
  const holdAgain = holding();
  const talk = document.getElementById("talk");
  const from = talk && { top: talk.scrollTop, height: talk.scrollHeight };
  for (const each of parts) each.replaceWith(page.getElementById(each.id));
  // Whoever has gone up to read what was said before stays there.
  if (from?.top) document.getElementById("talk").scrollTop = from.top - (document.getElementById("talk").scrollHeight - from.height);
  settleDesk();
  holdAgain();
}

document.addEventListener("visibilitychange", () => {
  const slept = !stream;
  follow();
  if (slept && stream) renew();
});
addEventListener("pagehide", () => stream?.close());
addEventListener("popstate", () => placed() !== shown && location.reload());

/* A page on a wall: loaded anew each minute, but only when the house answers, for nobody is there to try again. */

const A_MINUTE = 60_000;

async function look() {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
  else document.documentElement.dataset.stale = "";
}

if (main()?.hasAttribute("data-wall")) setInterval(look, A_MINUTE);

settle();
follow();
// Back at the list, the line that was left has the keyboard again.
document.querySelector(location.hash === "#q" ? "#q" : `[data-queue] a[href="${CSS.escape(new URL(document.referrer || location.href).pathname)}"]`)?.focus();
