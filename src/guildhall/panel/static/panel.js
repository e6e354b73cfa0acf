// Everything here is a convenience: without it each link is a page and each form is a form.
// Pages are fetched as they are, and the parts that changed are put in place; there is no second way to render anything.

import "./links.js";
import "./forms.js";
import "./snippets.js";
import "./keys.js";
import "./live.js";
import "./wall.js";
import { settle } from "./page.js";

settle();
// Back at the list, the line that was left has the keyboard again.
document.querySelector(location.hash === "#q" ? "#q" : `[data-queue] a[href="${CSS.escape(new URL(document.referrer || location.href).pathname)}"]`)?.focus();
