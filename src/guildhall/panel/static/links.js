// Clicks on links that open or close a dialog.

import { placeOf } from "./calendar.js";
import { open, sheet } from "./sheet.js";

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
