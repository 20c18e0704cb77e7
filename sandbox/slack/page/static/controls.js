// Using the controls of messages, modals and the Home tab: what was pressed or chosen goes to the server.

import { gesture, refresh } from "./talk.js";
import { chosenOf, hooksOf, surfaceOf } from "./menus.js";

// What a control holds now, in the page's own plain form; the server gives it Slack's shape.
export function valueOf(control) {
  const kind = control.dataset.type;
  if (control.classList.contains("pick")) return chosenOf(control);
  if (kind === "checkboxes") return [...control.querySelectorAll("input:checked")].map((box) => box.value);
  if (kind === "radio_buttons") return control.querySelector("input:checked")?.value ?? null;
  if (kind === "file_input") return control.files ?? [];
  const field = control.querySelector("input, textarea");
  return field ? field.value || null : undefined;
}

// All typed and chosen values of a view; buttons and overflow menus hold none.
export function valuesOf(scope) {
  const values = {};
  for (const control of scope.querySelectorAll(".control")) {
    const value = valueOf(control);
    if (value === undefined || ["button", "overflow", "workflow_button"].includes(control.dataset.type)) continue;
    (values[control.dataset.block] ??= {})[control.dataset.action] = value;
  }
  return values;
}

const viewValues = (control) => {
  const scope = control.closest("[data-scope]");
  return scope ? { values: valuesOf(scope) } : {};
};

async function use(verb, control, more) {
  if (!(await confirmed(control))) return false;
  control.setAttribute("aria-busy", "true");
  control.classList.add("working");
  await gesture(verb, { ...hooksOf(control), in: surfaceOf(control), ...viewValues(control), ...more });
  control.removeAttribute("aria-busy");
  control.classList.remove("working");
  await refresh();
  return true;
}

// The confirm dialog waits in the control's template; resolves to whether the person meant it.
function confirmed(control) {
  const template = control.querySelector(":scope > template");
  if (!template) return Promise.resolve(true);
  const dialog = document.importNode(template.content.firstElementChild, true);
  const before = document.activeElement;
  document.body.append(dialog);
  return new Promise((answer) => {
    const end = (meant) => {
      dialog.close();
      dialog.remove();
      before?.focus();
      answer(meant);
    };
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); end(false); });
    dialog.addEventListener("click", (event) => {
      const button = event.target.closest("[data-answer]");
      if (button) end(button.dataset.answer === "confirm");
    });
    dialog.showModal();
    dialog.querySelector("[data-answer=deny]").focus();
  });
}

export function controlClick(event) {
  const item = event.target.closest(".control [role=menuitem]");
  const pressed = item ?? event.target.closest(".control .btn:not(.opener)");
  if (!pressed) return false;
  const control = pressed.closest(".control");
  if (control.classList.contains("working")) return true;
  if (item) use("pick", control, { value: item.dataset.value });
  else use("click", control, pressed.dataset.value === undefined ? {} : { value: pressed.dataset.value });
  return true;
}

const dispatches = (control, trigger) =>
  control.dataset.input === undefined || (control.dataset.dispatch ?? "").split(" ").includes(trigger);

export function controlChosen(event) {
  const control = event.target.closest(".control");
  if (control && (control.dataset.input === undefined || control.dataset.dispatch !== undefined)) {
    use("pick", control, { value: valueOf(control) });
  }
}

const choosing = new Set(["checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker"]);

// A date that is typed changes with every digit; only where it comes to rest is what the person means.
function afterRest(control, then) {
  clearTimeout(control.resting);
  control.resting = setTimeout(then, control.dataset.type.endsWith("picker") ? 600 : 0);
}

export function controlChange(event) {
  const control = event.target.closest(".control");
  if (!control) return false;
  control.touched = true;
  control.surface = surfaceOf(control);
  if (control.dataset.type === "file_input") takeFiles(control, event.target.files);
  else if (choosing.has(control.dataset.type)) afterRest(control, () => controlChosen(event));
  return true;
}

export function controlTyped(event) {
  const control = event.target.closest(".control");
  if (!control || control.classList.contains("pick")) return;
  control.touched = true;
  clearError(control);
  if (event.target.matches(".field") && control.dataset.dispatch?.includes("on_character_entered")) {
    clearTimeout(control.typing);
    control.typing = setTimeout(() => use("pick", control, { value: valueOf(control) }), 300);
  }
}

export function controlEnter(event) {
  const control = event.target.closest?.(".control");
  if (!control || event.key !== "Enter" || !event.target.matches("input.field")) return false;
  if (control.dataset.dispatch === undefined || !dispatches(control, "on_enter_pressed")) return false;
  event.preventDefault();
  use("pick", control, { value: valueOf(control) });
  return true;
}

function clearError(control) {
  const note = control.parentElement.querySelector(".field-error");
  if (note) {
    note.hidden = true;
    note.touched = true;
  }
  control.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
}

// Files are handed over as soon as they are chosen; the control then holds their ids.
async function takeFiles(control, files) {
  const most = Number(control.dataset.max) || 10;
  control.classList.add("working");
  control.files = await upload([...files].slice(0, most), {});
  control.classList.remove("working");
}

export async function upload(files, where) {
  const form = new FormData();
  form.append("as", document.getElementById("app").dataset.me);
  for (const [name, value] of Object.entries(where)) if (value) form.append(name, value);
  for (const file of files) form.append("file", file);
  const answer = await fetch("/page/upload", { method: "POST", body: form });
  return (await answer.json()).files ?? [];
}
