// Talking to the server: gestures go out as JSON, and what went wrong is said on the screen.

export const app = () => document.getElementById("app");
export const me = () => app().dataset.me;

export async function gesture(verb, body = {}) {
  try {
    const answer = await fetch(`/page/do/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ as: me(), ...body }),
    });
    const outcome = await answer.json();
    // What the workspace itself tells a person comes with the changes; here is only what the page got wrong.
    if (answer.status >= 400) toast(outcome.error);
    return outcome;
  } catch {
    toast("The sandbox does not answer. Is it still running?");
    return { ok: false };
  }
}

export function toast(words) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = words;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "tool";
  close.setAttribute("aria-label", "Dismiss");
  close.textContent = "×";
  close.addEventListener("click", () => note.remove());
  note.append(close);
  const place = topDialog() ?? document.body;
  let box = place.querySelector(":scope > .toasts");
  if (!box) {
    box = document.createElement("div");
    box.className = "toasts";
    box.setAttribute("role", "alert");
    place.append(box);
  }
  box.append(note);
  setTimeout(() => note.remove(), 12000);
}

// A modal dialog hides everything else from the keyboard and from screen readers, so notes go into the top one.
export const topDialog = () => [...document.querySelectorAll("dialog:modal")].pop();

let refresher = async () => {};
export const refreshBy = (refresh) => { refresher = refresh; };
export const refresh = (...given) => refresher(...given);
