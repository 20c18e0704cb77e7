// The message box: Enter sends, a slash offers the app's commands.

import { gesture, refresh, toast } from "./talk.js";
import { upload } from "./controls.js";

let hints = [];
fetch("/page/hints").then((answer) => answer.json()).then((given) => { hints = given; }).catch(() => {});

const listOf = (box) => document.getElementById(box.getAttribute("aria-controls"));
const isBox = (target) => target.matches?.(".composer textarea");

// The box grows with its words, by rows and not by a style attribute, which the page's policy forbids.
function grow(box) {
  box.rows = Math.min(Math.max(box.value.split("\n").length, Math.ceil(box.value.length / 90)), 10) || 1;
}

export function composerInput(event) {
  const box = event.target;
  if (!isBox(box)) return false;
  grow(box);
  offer(box);
  return true;
}

function offer(box) {
  const typed = box.value.replace(/\s+/g, " ").trimStart();
  const list = listOf(box);
  const fitting = typed.startsWith("/") ? hints.filter((hint) => fits(hint.text, typed)).slice(0, 12) : [];
  list.replaceChildren(...fitting.map((hint, n) => line(hint, `${list.id}-${n}`)));
  list.hidden = fitting.length === 0;
  box.setAttribute("aria-expanded", String(!list.hidden));
  mark(box, -1);
}

const fits = (hint, typed) => hint.toLowerCase().startsWith(typed.toLowerCase()) && hint.toLowerCase() !== typed.toLowerCase().trim();

function line(hint, id) {
  const option = document.createElement("div");
  option.setAttribute("role", "option");
  option.id = id;
  option.dataset.text = hint.text;
  const words = document.createElement("b");
  words.textContent = hint.text;
  const about = document.createElement("small");
  about.textContent = hint.about;
  option.append(words, about);
  return option;
}

function mark(box, at) {
  const lines = [...listOf(box).children];
  lines.forEach((one, n) => one.classList.toggle("active", n === at));
  if (lines[at]) {
    box.setAttribute("aria-activedescendant", lines[at].id);
    lines[at].scrollIntoView({ block: "nearest" });
  } else box.removeAttribute("aria-activedescendant");
}

function take(box, option) {
  // What stands in <…> or […] is for the person to fill in.
  box.value = option.dataset.text.replace(/\s*[<[].*$/, "") + " ";
  closeHints(box);
  box.focus();
  offer(box);
}

function closeHints(box) {
  listOf(box).hidden = true;
  box.setAttribute("aria-expanded", "false");
}

export function composerClick(event) {
  const option = event.target.closest(".hints [role=option]");
  if (!option) return false;
  take(option.closest(".composer").querySelector("textarea"), option);
  return true;
}

export function composerKey(event) {
  const box = event.target;
  if (!isBox(box)) return false;
  const list = listOf(box);
  const lines = [...list.children];
  const at = lines.findIndex((one) => one.classList.contains("active"));
  if (!list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    mark(box, (at + (event.key === "ArrowDown" ? 1 : -1) + lines.length) % lines.length);
    return true;
  }
  if (!list.hidden && event.key === "Escape") {
    event.preventDefault();
    closeHints(box);
    return true;
  }
  if (!list.hidden && (event.key === "Tab" || event.key === "Enter") && lines[Math.max(at, 0)] && (at >= 0 || event.key === "Tab")) {
    event.preventDefault();
    take(box, lines[Math.max(at, 0)]);
    return true;
  }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    box.form.requestSubmit();
    return true;
  }
  return false;
}

export async function composerSubmit(form) {
  const box = form.querySelector("textarea");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  grow(box);
  closeHints(box);
  const outcome = await gesture("type", { text, in: { channel: form.dataset.channel }, thread: form.dataset.thread ?? null });
  // What Slack refused is given back, so that nobody has to type it again.
  if (!outcome.ok && !box.value) { box.value = text; grow(box); }
  await refresh();
}

export async function composerUpload(input) {
  const form = input.closest(".composer");
  const sent = await upload([...input.files], { channel: form.dataset.channel, thread: form.dataset.thread });
  input.value = "";
  if (!sent.length) toast("The file was not shared.");
  await refresh();
}
