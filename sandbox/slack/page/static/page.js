// The workspace page. The server draws it whole; this keeps what is on the screen equal to it (morph.js), goes from
// place to place without reloading, and hands every press to the part it belongs to.

import { composerClick, composerInput, composerKey, composerSubmit, composerUpload } from "./composer.js";
import { controlChange, controlChosen, controlClick, controlEnter, controlTyped, valuesOf } from "./controls.js";
import { closeMenus, comboClick, comboInput, comboKey, menuClick, menuKey } from "./menus.js";
import { morph } from "./morph.js";
import { enliven } from "./tables.js";
import { app, gesture, me, refreshBy, toast } from "./talk.js";
import { toggleTheme } from "./theme.js";

// Redrawing ----------------------------------------------------------------------------------------------------

let drawing = null;
let drawAgain = false;
let drawMs = 10;

// One redraw at a time; a wish that comes meanwhile is granted once, after it.
function refresh(url = location.href) {
  if (drawing) {
    drawAgain = true;
    return drawing.then(() => drawing);
  }
  const started = performance.now();
  drawing = draw(url).finally(() => {
    drawing = null;
    drawMs = performance.now() - started;
    if (drawAgain) {
      drawAgain = false;
      refresh();
    }
  });
  return drawing;
}
refreshBy(refresh);

async function draw(url) {
  const from = location.href;
  let answer;
  try {
    answer = await fetch(url, { headers: { Accept: "text/html" } });
  } catch {
    return;
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const wanted = fresh.getElementById("app");
  // Who has gone elsewhere meanwhile is not brought back: that place is drawn next.
  if (!wanted || location.href !== from) return;
  const follow = app().dataset.href !== wanted.dataset.href || atEnd(scroller());
  const followThread = atEnd(document.getElementById("thread-scroll"));
  if (answer.url.split("#")[0] !== location.href.split("#")[0]) history.replaceState(null, "", answer.url);
  document.title = fresh.title;
  morph(app(), wanted);
  settle(follow, followThread);
}

const scroller = () => document.getElementById("scroll");
const atEnd = (box) => !box || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
const toEnd = (box) => { if (box) box.scrollTop = box.scrollHeight; };

function settle(follow, followThread) {
  enliven();
  showSheets();
  if (follow && !app().dataset.home) toEnd(scroller());
  if (followThread) toEnd(document.getElementById("thread-scroll"));
}

// A permalink, or the page's own start, leads to one message: `#at=main-…`. It is no element id, because going to one
// would take the focus there.
function showPointedAt() {
  const message = document.getElementById(location.hash.replace("#at=", ""));
  message?.classList.add("pointed-at");
  message?.scrollIntoView({ block: message.offsetHeight > scroller().clientHeight ? "start" : "center" });
}

// Modals -------------------------------------------------------------------------------------------------------

let sheetBefore = null;

// Only the top one is shown; those below keep what was typed into them until they come back.
function showSheets() {
  const top = document.querySelector("dialog.sheet[data-top]");
  for (const sheet of document.querySelectorAll("dialog.sheet")) {
    if (sheet !== top && sheet.open) sheet.close();
  }
  if (top && !top.open) {
    if (!document.querySelector("dialog:modal")) sheetBefore = document.activeElement;
    top.showModal();
    firstField(top)?.focus();
  }
  if (!top && sheetBefore) {
    (sheetBefore.isConnected ? sheetBefore : document.querySelector(".composer textarea"))?.focus();
    sheetBefore = null;
  }
}

const firstField = (sheet) =>
  sheet.querySelector(".control[data-focus] :is(input, textarea)") ??
  sheet.querySelector(".sheet-body :is(input:not([type=hidden]), textarea, .control button)") ??
  sheet.querySelector(".sheet-body");

async function submitSheet(sheet) {
  if (sheet.getAttribute("aria-busy") === "true") return;
  for (const note of sheet.querySelectorAll(".field-error")) note.touched = false;
  sheet.setAttribute("aria-busy", "true");
  const outcome = await gesture("submit", { in: { view: sheet.dataset.view }, values: valuesOf(sheet) });
  sheet.removeAttribute("aria-busy");
  await refresh();
  if (outcome.ok) return;
  for (const note of sheet.querySelectorAll(".field-error:not([hidden])")) {
    note.parentElement.querySelector("input, textarea")?.setAttribute("aria-invalid", "true");
  }
  const wrong = sheet.isConnected && sheet.querySelector("[aria-invalid=true]");
  if (wrong) wrong.focus();
}

async function closeSheet(sheet, all) {
  await gesture("close", { in: { view: sheet.dataset.view }, all });
  await refresh();
}

// Places -------------------------------------------------------------------------------------------------------

async function go(url) {
  closeSide();
  closeMenus();
  history.pushState(null, "", url);
  await refresh(url);
  await arrive();
  if (!document.querySelector("dialog:modal")) document.getElementById("conversation")?.focus({ preventScroll: true });
}

// Opening one of the app's tabs tells the app, once for each arrival.
async function arrive() {
  if (app().dataset.withApp) await gesture("arrive", { home: Boolean(app().dataset.home) });
}

const side = () => document.getElementById("side");
function closeSide() {
  side()?.classList.remove("open");
  document.getElementById("open-side")?.setAttribute("aria-expanded", "false");
}

function toggleSide(button) {
  const open = side().classList.toggle("open");
  button.setAttribute("aria-expanded", String(open));
  if (open) side().querySelector("a")?.focus();
}

// Everything that can be pressed -------------------------------------------------------------------------------

const messageOf = (element) => {
  const { channel, ts } = element.closest(".message")?.dataset ?? {};
  return channel ? { channel, ts } : null;
};

const deeds = {
  react: (button) => gesture("react", { in: messageOf(button), name: button.dataset.name }),
  delete: (button) => gesture("delete", { in: messageOf(button) }),
  shortcut: (button) => gesture("shortcut", { in: messageOf(button), callback_id: button.dataset.callback }),
};

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-nav]");
  const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.button);
  if (link && plain) {
    event.preventDefault();
    await go(link.href);
    return;
  }
  if (event.target.closest("#open-side")) return void toggleSide(event.target.closest("#open-side"));
  if (event.target.closest("#theme")) return void toggleTheme();
  if (!event.target.closest("#side")) closeSide();
  if (menuClick(event) || comboClick(event) || composerClick(event) || controlClick(event)) return;
  const deed = event.target.closest("[data-do]");
  const sheet = event.target.closest("dialog.sheet");
  if (sheet && deed?.dataset.do.startsWith("close")) await closeSheet(sheet, deed.dataset.do === "close-all");
  else if (deed && deeds[deed.dataset.do]) {
    await deeds[deed.dataset.do](deed);
    await refresh();
  }
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const sheet = event.target.closest("dialog.sheet");
  if (sheet) submitSheet(sheet);
  else if (event.target.matches(".composer")) composerSubmit(event.target);
});

document.addEventListener("input", (event) => {
  if (!comboInput(event) && !composerInput(event)) controlTyped(event);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-do=upload]")) composerUpload(event.target);
  else controlChange(event);
});

document.addEventListener("chosen", controlChosen);

document.addEventListener("keydown", (event) => {
  if (menuKey(event) || comboKey(event) || composerKey(event) || controlEnter(event)) return;
  if (event.key === "Escape" && !document.querySelector("dialog:modal")) {
    if (side()?.classList.contains("open")) closeSide();
    else document.querySelector(".close-thread")?.click();
  }
});

document.addEventListener("cancel", (event) => {
  const sheet = event.target.closest?.("dialog.sheet");
  if (!sheet) return;
  event.preventDefault();
  closeSheet(sheet, false);
}, true);

// A browser may close a dialog on a second Escape without asking; the workspace has to hear of it all the same.
document.addEventListener("close", (event) => {
  const sheet = event.target.closest?.("dialog.sheet[data-top]");
  if (sheet?.isConnected) closeSheet(sheet, false);
}, true);

addEventListener("popstate", async () => { await refresh(); await arrive(); });

// Changes as they happen -------------------------------------------------------------------------------------------

function listen() {
  const source = new EventSource("/page/events");
  let soon = null;
  let wasAway = false;
  source.addEventListener("change", (event) => {
    const { kind, who, data } = JSON.parse(event.data);
    if (kind === "error" && who === me() && data.text) toast(data.text);
    // In a flood of changes the page draws a third of the time, not all of it.
    soon ??= setTimeout(() => { soon = null; refresh(); }, Math.max(20, 2 * drawMs));
  });
  source.addEventListener("open", () => { if (wasAway) refresh(); wasAway = false; });
  source.addEventListener("error", () => { wasAway = true; });
}

settle(true, true);
showPointedAt();
listen();
arrive();
document.documentElement.dataset.ready = "yes";
