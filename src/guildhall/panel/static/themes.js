// Light and dark.

function dress(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// A page that says what went wrong is made without knowing who looks, so what they chose is put on here.
if (document.getElementById("problem")) dress(/(?:^|; )theme=(light|dark)/.exec(document.cookie)?.[1] ?? "auto");

export function wear(theme, form) {
  dress(theme);
  for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button.value === theme);
  const body = new URLSearchParams(new FormData(form));
  body.set("theme", theme);
  return fetch(form.action, { method: "POST", body, redirect: "manual" });
}
