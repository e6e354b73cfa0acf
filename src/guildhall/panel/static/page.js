// The page that is shown: how another is fetched, and put in its place.

export const main = () => document.getElementById("main");
// Which address the page shows; going to a place within it is no reason to load it again.
export const placed = () => location.pathname + location.search;
let shown = placed();
const toasts = document.getElementById("toasts");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function tell(text, bad = false) {
  const toast = Object.assign(document.createElement("p"), { className: bad ? "toast bad" : "toast", textContent: text });
  toast.addEventListener("animationend", () => toast.remove());
  toasts.append(toast);
}

export async function load(address, options = {}) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, ...options });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { answer, page, url: new URL(answer.url) };
}

// The sign-in page in place of what was asked for means that the session is over.
export function leaves(url) {
  if (url.pathname !== "/panel/sign-in") return false;
  location.assign(url);
  return true;
}

// A house out of reach is no fault of the page: its stream breaks too, and all is loaded anew when it is back.
export function unreachable(fault) {
  if (!(fault instanceof TypeError)) throw fault;
  return null;
}

export function change(work) {
  if (document.startViewTransition && !calm.matches && document.visibilityState === "visible") {
    const transition = document.startViewTransition(work);
    // An animation that gives way to the next one is no fault; the change itself was made.
    transition.ready.catch(() => null);
    return transition.updateCallbackDone;
  }
  work();
  return Promise.resolve();
}

export function show(page) {
  const holdAgain = holding();
  main().replaceWith(page.getElementById("main"));
  const nav = page.getElementById("nav");
  const parts = nav?.querySelectorAll("ul, .who") ?? [];
  document.querySelectorAll("#nav :is(ul, .who)").forEach((part, at) => parts[at] && part.replaceWith(parts[at]));
  document.title = page.title;
  settle();
  holdAgain();
}

// What other modules do whenever a page is new.
const steps = [];

export const whenShown = (step) => steps.push(step);

export function settle() {
  for (const each of document.querySelectorAll("[data-print]")) each.hidden = false;
  const url = new URL(location.href);
  if (url.searchParams.has("done")) history.replaceState(null, "", forget(url));
  shown = placed();
  for (const step of steps) step();
}

export function forget(url) {
  url.searchParams.delete("done");
  return url;
}

// Remembers what has the keyboard's attention, and gives it to the same on the new page, or to what that is folded
// into; where it is gone, to what stands in its place within the same part.
const stops = (part) => [...part.querySelectorAll("a[href], button, [tabindex='0']")].filter((each) => each.checkVisibility());

export function holding() {
  const at = document.activeElement?.closest("#main :is(a[href], button, [id][tabindex='0'])");
  if (!at) return () => null;
  const part = at.closest("[data-part]");
  const place = part ? stops(part).indexOf(at) : -1;
  const same = sameAs(at);
  return () => {
    const after = part && document.getElementById(part.id);
    const next = (same && document.querySelector(same)) ?? (after && stops(after).at(Math.min(place, stops(after).length - 1)));
    (next?.checkVisibility() === false ? next.closest("details")?.querySelector("summary") : next)?.focus({ preventScroll: true });
  };
}

function sameAs(at) {
  if (at.matches("[id][tabindex='0']")) return `#${CSS.escape(at.id)}`;
  const named = (name) => `[${name}="${CSS.escape(at.getAttribute(name))}"]`;
  if (at.matches("a")) return `#main a${named("href")}`;
  if (at.matches("[popovertarget]")) return `#main ${named("popovertarget")}`;
  if (at.matches("[form]")) return `#main ${named("form")}`;
  return at.form?.hasAttribute("action") ? `#main form[action="${CSS.escape(at.form.getAttribute("action"))}"] button` : null;
}

addEventListener("popstate", () => placed() !== shown && location.reload());
