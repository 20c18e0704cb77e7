// Menus behind a button (overflow, person switcher, message actions) and comboboxes (selects), usable by keyboard.

import { gesture } from "./talk.js";

// Menus behind a button ----------------------------------------------------------------------------------------

const menuOf = (opener) => document.getElementById(opener.getAttribute("aria-controls"));
const openerOf = (menu) => document.querySelector(`.opener[aria-controls="${CSS.escape(menu.id)}"]`);
const itemsOf = (menu) => [...menu.querySelectorAll("[role=menuitem]")];

function openMenu(opener, last = false) {
  closeMenus();
  const menu = menuOf(opener);
  menu.hidden = false;
  opener.setAttribute("aria-expanded", "true");
  place(menu, opener);
  const items = itemsOf(menu);
  items[last ? items.length - 1 : 0]?.focus();
}

export function closeMenus(giveFocusBack = false) {
  for (const menu of document.querySelectorAll("[role=menu]:not([hidden])")) {
    menu.hidden = true;
    const opener = openerOf(menu);
    opener?.setAttribute("aria-expanded", "false");
    if (giveFocusBack) opener?.focus();
  }
}

// Menus are fixed to the window, so that no box that scrolls cuts them off; they open to where there is room.
const gap = 4;
const edge = 8;

function place(menu, anchor) {
  const room = anchor.getBoundingClientRect();
  const below = innerHeight - room.bottom - gap - edge;
  const above = room.top - gap - edge;
  const isList = menu.getAttribute("role") === "listbox";
  const most = isList ? 300 : 460;
  const upwards = below < Math.min(menu.scrollHeight, most) && above > below;
  const { style } = menu;
  style.maxHeight = `${Math.min(most, upwards ? above : below)}px`;
  style.minWidth = isList ? `${room.width}px` : "";
  style.top = upwards ? "auto" : `${room.bottom + gap}px`;
  style.bottom = upwards ? `${innerHeight - room.top + gap}px` : "auto";
  style.left = `${Math.max(edge, Math.min(room.left, innerWidth - menu.offsetWidth - edge))}px`;
}

function placeAgain() {
  for (const opener of document.querySelectorAll(".opener[aria-expanded=true]")) place(menuOf(opener), opener);
  for (const input of document.querySelectorAll(".pick input[aria-expanded=true]")) place(listOf(input), boxOf(input));
}
addEventListener("scroll", placeAgain, { capture: true, passive: true });
addEventListener("resize", placeAgain);

export function menuClick(event) {
  const opener = event.target.closest(".opener");
  if (opener) {
    const isOpen = opener.getAttribute("aria-expanded") === "true";
    if (isOpen) closeMenus(true);
    else openMenu(opener);
    return true;
  }
  if (!event.target.closest("[role=menu]") || event.target.closest("[role=menuitem]")) closeMenus();
  return false;
}

export function menuKey(event) {
  const opener = event.target.closest?.(".opener");
  if (opener && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    openMenu(opener, event.key === "ArrowUp");
    return true;
  }
  const menu = event.target.closest?.("[role=menu]");
  if (!menu) return false;
  const items = itemsOf(menu);
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    items[to]?.focus();
    return true;
  }
  if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    closeMenus(event.key === "Escape");
    return event.key === "Escape";
  }
  if (event.key.length === 1) {
    const letter = event.key.toLowerCase();
    [...items.slice(at + 1), ...items].find((item) => item.textContent.trim().toLowerCase().startsWith(letter))?.focus();
  }
  return false;
}

// Comboboxes ---------------------------------------------------------------------------------------------------

const boxOf = (input) => input.closest(".combo");
const listOf = (input) => document.getElementById(input.getAttribute("aria-controls"));
const linesOf = (list) => [...list.querySelectorAll("[role=option]:not([hidden])")];
const isCombo = (target) => target.matches?.(".pick input[role=combobox]");

export function chosenOf(control) {
  if (control.dataset.many !== undefined) return [...control.querySelectorAll(".chip")].map((chip) => chip.dataset.value);
  return control.querySelector("input").dataset.chosen ?? null;
}

export function comboOpen(input) {
  const list = listOf(input);
  if (!list.hidden) return;
  closeCombos(input);
  const control = input.closest(".control");
  if (!control.label && control.dataset.many === undefined) control.label = input.value;
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  if (control.dataset.external !== undefined) askOutside(control, input.dataset.chosen ? "" : input.value);
  else narrow(input, input.dataset.chosen ? "" : input.value);
  place(list, boxOf(input));
}

export function closeCombos(except) {
  for (const list of document.querySelectorAll(".pick [role=listbox]:not([hidden])")) {
    const input = list.closest(".pick").querySelector("input");
    if (input === except) continue;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    settle(input);
  }
}

// Words that were typed but not chosen mean nothing; the field shows what is chosen again. Emptied means none.
function settle(input) {
  const control = input.closest(".control");
  if (control.dataset.many !== undefined) { input.value = ""; return; }
  if (!input.value.trim() && input.dataset.chosen) { delete input.dataset.chosen; control.label = ""; control.touched = true; return; }
  input.value = input.dataset.chosen ? control.label ?? input.value : "";
}

function narrow(input, typed) {
  const words = typed.trim().toLowerCase();
  const list = listOf(input);
  const taken = new Set(input.closest(".control").dataset.many !== undefined ? chosenOf(input.closest(".control")) : []);
  for (const line of list.querySelectorAll("[role=option]")) {
    line.hidden = taken.has(line.dataset.value) || !line.textContent.toLowerCase().includes(words);
  }
  for (const group of list.querySelectorAll("[role=group]")) group.hidden = !group.querySelector("[role=option]:not([hidden])");
  note(list, linesOf(list).length ? "" : "No matches");
  mark(input, linesOf(list).find((line) => line.getAttribute("aria-selected") === "true") ?? linesOf(list)[0]);
}

function note(list, words) {
  list.querySelector(".menu-note")?.remove();
  if (!words) return;
  const line = document.createElement("div");
  line.className = "menu-note";
  line.setAttribute("role", "option");
  line.setAttribute("aria-disabled", "true");
  line.hidden = false;
  line.textContent = words;
  list.append(line);
}

function mark(input, line) {
  const list = listOf(input);
  for (const other of list.querySelectorAll(".active")) other.classList.remove("active");
  if (!line || line.matches(".menu-note")) { input.removeAttribute("aria-activedescendant"); return; }
  line.classList.add("active");
  input.setAttribute("aria-activedescendant", line.id);
  line.scrollIntoView({ block: "nearest" });
}

let asking = 0;
function askOutside(control, typed) {
  const input = control.querySelector("input");
  const list = listOf(input);
  const least = Number(control.dataset.minQuery);
  if (typed.length < least) {
    list.replaceChildren();
    note(list, `Type ${least === 1 ? "a letter" : `${least} letters`} or more`);
    return;
  }
  const mine = ++asking;
  note(list, "Looking…");
  clearTimeout(control.asking);
  control.asking = setTimeout(async () => {
    const outcome = await gesture("options", { ...hooksOf(control), in: surfaceOf(control), typed });
    if (mine !== asking) return;
    list.innerHTML = outcome.html ?? "";
    narrow(input, "");
    place(list, boxOf(input));
  }, 150);
}

function choose(input, line) {
  const control = input.closest(".control");
  control.touched = true;
  if (control.dataset.many !== undefined) addChip(control, line);
  else {
    input.dataset.chosen = line.dataset.value;
    input.value = control.label = line.dataset.label;
    for (const other of listOf(input).querySelectorAll("[role=option]")) {
      other.setAttribute("aria-selected", String(other === line));
    }
  }
  input.value = control.dataset.many !== undefined ? "" : input.value;
  closeCombos();
  control.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
}

function addChip(control, line) {
  const most = Number(control.dataset.max) || Infinity;
  const chips = control.querySelector(".chips");
  if (chips.children.length >= most) return;
  const chip = document.createElement("button");
  chip.type = "button";
  chip.className = "chip";
  chip.dataset.value = line.dataset.value;
  chip.setAttribute("aria-label", `Remove ${line.dataset.label}`);
  chip.append(line.dataset.label, Object.assign(document.createElement("span"), { textContent: "×", ariaHidden: "true" }));
  chips.append(chip);
}

export function comboClick(event) {
  const line = event.target.closest(".pick [role=option]:not(.menu-note)");
  if (line) {
    choose(line.closest(".pick").querySelector("input"), line);
    return true;
  }
  const chip = event.target.closest(".pick .chip");
  if (chip) {
    const control = chip.closest(".control");
    control.touched = true;
    chip.remove();
    control.querySelector("input").focus();
    control.dispatchEvent(new CustomEvent("chosen", { bubbles: true }));
    return true;
  }
  const box = event.target.closest(".pick .combo");
  if (box) {
    const input = box.querySelector("input");
    input.focus();
    comboOpen(input);
    return true;
  }
  closeCombos();
  return false;
}

export function comboInput(event) {
  const input = event.target;
  if (!isCombo(input)) return false;
  const control = input.closest(".control");
  comboOpen(input);
  if (control.dataset.external !== undefined) askOutside(control, input.value);
  else narrow(input, input.value);
  return true;
}

export function comboKey(event) {
  const input = event.target;
  if (!isCombo(input)) return false;
  const list = listOf(input);
  const lines = linesOf(list).filter((line) => !line.matches(".menu-note"));
  const at = lines.findIndex((line) => line.classList.contains("active"));
  switch (event.key) {
    case "ArrowDown":
    case "ArrowUp":
      event.preventDefault();
      if (list.hidden) comboOpen(input);
      else mark(input, lines[(at + (event.key === "ArrowDown" ? 1 : -1) + lines.length) % lines.length]);
      return true;
    case "Enter":
      event.preventDefault();
      if (list.hidden) comboOpen(input);
      else if (at >= 0) choose(input, lines[at]);
      return true;
    case "Escape":
      if (list.hidden) return false;
      event.preventDefault();
      event.stopPropagation();
      closeCombos();
      return true;
    case "Backspace":
      if (!input.value) input.closest(".control").querySelector(".chip:last-child")?.click();
      return false;
    case "Tab":
      closeCombos();
      return false;
    default:
      return false;
  }
}

// Where a control stands ---------------------------------------------------------------------------------------

export const hooksOf = (control) => ({
  block_id: control.dataset.block,
  action_id: control.dataset.action,
  type: control.dataset.type,
});

export function surfaceOf(control) {
  const view = control.closest("[data-view]");
  if (view) return { view: view.dataset.view };
  const message = control.closest(".message");
  // The view may have been drawn anew between a change and the moment it comes to rest.
  if (!message) return control.surface;
  return { channel: message.dataset.channel, ts: message.dataset.ts };
}
