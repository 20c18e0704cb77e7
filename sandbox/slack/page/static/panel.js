// The control panel: levers that post, and the log of requests as it grows.

import { morph } from "./morph.js";
import { toast } from "./talk.js";
import { toggleTheme } from "./theme.js";

const MOST_LINES = 500;
const lines = document.getElementById("lines");
const filter = document.getElementById("filter");
const pause = document.getElementById("pause");

async function pull(verb, body) {
  try {
    const answer = await fetch(`/panel/do/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    toast(said.said ?? said.error);
  } catch {
    toast("The sandbox does not answer. Is it still running?");
  }
  await redraw();
}

async function redraw() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  morph(document.querySelector(".levers"), fresh.querySelector(".levers"));
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#theme")) toggleTheme();
  if (event.target.closest("#clear-log")) lines.replaceChildren();
  const button = event.target.closest("button[data-verb]");
  if (button) pull(button.dataset.verb, JSON.parse(button.dataset.body));
});

document.addEventListener("change", (event) => {
  const box = event.target.closest("input[data-verb]");
  if (box) pull(box.dataset.verb, { key: box.dataset.key, on: box.checked });
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  pull(event.target.dataset.verb, Object.fromEntries(new FormData(event.target)));
});

const fits = (line) => line.dataset.words.includes(filter.value.trim().toLowerCase());

filter.addEventListener("input", () => {
  for (const line of lines.children) line.hidden = !fits(line);
});

// Lines that came while the log was paused are shown when it goes on.
let held = [];
pause.addEventListener("change", () => {
  if (pause.checked) return;
  held.forEach(show);
  held = [];
});

function show({ key, html }) {
  const box = document.createElement("template");
  box.innerHTML = html;
  const line = box.content.firstElementChild;
  line.hidden = !fits(line);
  const old = document.getElementById(`log-${key}`);
  if (old) {
    line.open = old.open;
    old.replaceWith(line);
  } else lines.prepend(line);
  while (lines.children.length > MOST_LINES) lines.lastElementChild.remove();
}

new EventSource("/panel/log").addEventListener("line", (event) => {
  const line = JSON.parse(event.data);
  if (pause.checked) held = [...held.slice(-MOST_LINES), line];
  else show(line);
});

setInterval(redraw, 2000);
document.documentElement.dataset.ready = "yes";
