// Calendars: where one clicks is when one books; one stop for Tab, arrows within.

import { whenShown } from "./page.js";

function timeAt(strip, x) {
  const { left, width } = strip.getBoundingClientRect();
  const { first, last } = strip.closest("[data-grid]").dataset;
  const minutes = Number(first) + ((x - left) / width) * (Number(last) - Number(first));
  const snapped = Math.min(Math.max(Math.floor(minutes / 30) * 30, Number(first)), Number(last) - 30);
  return `${String(Math.floor(snapped / 60)).padStart(2, "0")}:${String(snapped % 60).padStart(2, "0")}`;
}

export function placeOf(strip, x) {
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

function places(grid) {
  return [...grid.querySelectorAll(".strip, .chip, .slot, .block")].filter((each) => each.offsetParent);
}

whenShown(() => {
  for (const grid of document.querySelectorAll("[data-grid]")) {
    const all = places(grid);
    const entry = all.find((each) => each.closest(".today")) ?? all[0];
    for (const each of all) each.tabIndex = each === entry ? 0 : -1;
  }
});

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

export function walk(event) {
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
