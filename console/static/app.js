// Keys, the theme, choosing rows, and alerts that arrive while the page is open. Everything works without this file.
"use strict";

const rows = () => [...document.querySelectorAll("table.list tbody tr[data-href]")];
const typing = (target) => target.closest("input:not([type=checkbox]), select, textarea");
const selected = () => document.querySelector("tr.at");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(selected());
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  all.forEach((row) => row.classList.toggle("at", row === next));
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

const inReach = (selector) => (selected() || document).querySelector(selector);

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  a: () => inReach("[data-key=a]:not(:disabled)")?.click(),
  r: () => {
    const button = inReach("[data-focus=r], [data-key=r]:not(:disabled)");
    if (button?.dataset.focus) button.form.elements.reason.focus();
    else button?.click();
  },
  x: () => selected()?.querySelector("input[type=checkbox]")?.click(),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  Enter: () => selected() && !document.activeElement.closest("a, button") && (location.href = selected().dataset.href),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const act = KEYS[event.key];
  if (!act) return;
  if (event.key !== "Enter") event.preventDefault();
  act();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, select, label, form") && !String(getSelection())) location.href = row.dataset.href;
});

document.getElementById("theme")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
});

// Times are shown on the reader's own clock: the next page knows its zone.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.split("; ").includes(`zone=${zone}`)) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;

// Boxes of one name, the one that chooses them all, and how many are chosen.
function count(name) {
  const boxes = [...document.querySelectorAll(`input[type=checkbox][name="${name}"]`)];
  const chosen = boxes.filter((box) => box.checked).length;
  const bar = document.querySelector(`[data-selection="${name}"]`);
  if (bar) {
    bar.hidden = chosen === 0;
    bar.querySelector("[data-count]").textContent = chosen;
  }
  const all = document.querySelector(`input[data-all="${name}"]`);
  if (all) {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }
}

document.addEventListener("change", (event) => {
  const { all } = event.target.dataset;
  if (all) document.querySelectorAll(`input[type=checkbox][name="${all}"]`).forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches("input[type=checkbox]")) count(all || event.target.name);
});
// A button whose field must be filled first, where other buttons of the form do not need it.
document.addEventListener("click", (event) => {
  const field = event.target.dataset.needs && event.target.form.elements[event.target.dataset.needs];
  if (!field) return;
  field.setCustomValidity("");
  field.required = true;
  if (!field.reportValidity()) event.preventDefault();
  field.required = false;
});
document.querySelectorAll("[data-selection]").forEach((bar) => count(bar.dataset.selection));

document.querySelectorAll("[data-refresh]").forEach((part) => setTimeout(() => location.reload(), 1000 * part.dataset.refresh));
document.querySelectorAll(".drawn").forEach((part) => { part.scrollLeft = part.scrollWidth; }); // the newest is on the right
document.querySelector("header nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const MOST_ROWS = 200;

async function refresh(table) {
  const answer = await fetch(location.href);
  if (answer.redirected) return location.reload(); // signed out meanwhile
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("table[data-live]");
  if (!fresh) return;
  const chosen = new Set([...table.querySelectorAll("tbody input:checked")].map((box) => box.value));
  const at = selected()?.id;
  fresh.querySelectorAll("tbody input[type=checkbox]").forEach((box) => { box.checked = chosen.has(box.value); });
  table.tBodies[0].replaceWith(fresh.tBodies[0]);
  table.dataset.state = fresh.dataset.state;
  if (at) document.getElementById(at)?.classList.add("at");
  if (table.tBodies[0].rows.length) document.getElementById("nothing")?.remove();
}

function listen(table) {
  const sign = document.getElementById("live");
  const show = (on) => {
    sign.textContent = on ? `● ${sign.dataset.on}` : sign.dataset.off;
    sign.classList.toggle("fine", on);
  };
  const source = new EventSource(table.dataset.live);
  source.addEventListener("ready", (event) => {
    show(true);
    // What came between this page and the connection, or while there was none, is on a page made now.
    if (JSON.parse(event.data).state !== table.dataset.state) refresh(table);
  });
  source.onerror = () => show(false);
  source.addEventListener("alert", (event) => {
    const { id, html, moved } = JSON.parse(event.data); // made and escaped by our own server
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    const row = holder.content.firstElementChild;
    const old = document.getElementById(id);
    if (old?.classList.contains("at")) row.classList.add("at");
    if (old?.querySelector("input[type=checkbox]")?.checked) row.querySelector("input[type=checkbox]").checked = true;
    document.getElementById("nothing")?.remove();
    if (!moved) {
      old?.replaceWith(row); // only what people did has changed: it stays where it is
      return;
    }
    row.classList.add("new");
    old?.remove();
    const body = table.tBodies[0];
    body.prepend(row);
    while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
  });
  source.addEventListener("gone", (event) => document.getElementById(JSON.parse(event.data).id)?.remove());
  addEventListener("pagehide", () => source.close());
}

document.querySelectorAll("table[data-live]").forEach(listen);
