// Live pages: told that something changed, they load themselves anew. Only while somebody looks.

import { settleDesk } from "./desk.js";
import { change, holding, leaves, load, main, show, tell, unreachable, whenShown } from "./page.js";

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

whenShown(follow);
