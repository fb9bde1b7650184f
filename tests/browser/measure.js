// Measures the page it is put into, folded and with all details open, and tells the frame around it.
"use strict";
const wrong = [];
addEventListener("error", event => wrong.push(String(event.message || event.target)), true);
addEventListener("securitypolicyviolation", event => wrong.push(`policy: ${event.violatedDirective}`));

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const shown = element => element.getClientRects().length > 0;

// WCAG 2: relative luminance, and the contrast of two colours
const numbers = colour => colour.match(/[0-9.]+/g).slice(0, 3)
  .map(value => value * (colour.startsWith("color(srgb") ? 255 : 1));
const linear = value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const light = colour => numbers(colour).map(value => linear(value / 255))
  .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
const contrast = (one, other) => {
  const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
  return (more + 0.05) / (less + 0.05);
};
const fill = selector => getComputedStyle(document.querySelector(selector)).fill;
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (!/, 0\)$|transparent/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
};

const roles = () => all("symbol").map(symbol => symbol.id.replace("cpu-", ""));
const TEXTS = "p,td,th,dd,dt,summary,.badge,small,a,code,.facts,.legend span,.tally span,.cluster>span";

const report = () => {
  const room = document.documentElement.clientWidth;
  return {
    width: innerWidth,
    room,
    scroll: document.documentElement.scrollWidth,
    wide: all("body *").filter(e => !e.closest(".scroll table,.symbols,thead") && e.getBoundingClientRect().right > room + 1)
      .slice(0, 9).map(e => `${e.tagName}.${e.getAttribute("class")}: ${e.textContent.slice(0, 60)}`),
    closed: all("details:not([open])").length,
    flat: all(".node").filter(e => shown(e) && e.getBoundingClientRect().height < 40).length,
    roles: Object.fromEntries(roles().map(role => [role, contrast(fill(`.cell.${role}`), fill(`#cpu-${role} .letter`))])),
    pale: all(TEXTS).filter(e => e.textContent.trim() && shown(e))
      .map(e => [contrast(getComputedStyle(e).color, ground(e)), `${e.tagName}.${e.className}: ${e.textContent.slice(0, 40)}`])
      .filter(([value]) => value < 4.5).slice(0, 9),
    loaded: performance.getEntriesByType("resource").map(entry => entry.name),
  };
};

addEventListener("load", () => {
  const folded = report();
  all("details").forEach(each => { each.open = true; });
  requestAnimationFrame(() => parent.postMessage({folded, open: report(), wrong}, "*"));
});
