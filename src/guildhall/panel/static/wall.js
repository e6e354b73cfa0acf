// A page on a wall: loaded anew each minute, but only when the house answers, for nobody is there to try again.

import { main } from "./page.js";

const A_MINUTE = 60_000;

async function look() {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  if (answer?.ok) location.reload();
  else document.documentElement.dataset.stale = "";
}

if (main()?.hasAttribute("data-wall")) setInterval(look, A_MINUTE);
