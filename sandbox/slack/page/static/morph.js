// Makes the page on the screen equal to the page the server drew, touching only what differs, so that focus, typed
// words, open menus and scroll positions stay. Elements are paired by id, then by place and tag.

const same = (a, b) => a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

// What a person has done to an element belongs to the person: the browser keeps typed values itself (they are
// properties, not attributes); `open`, `hidden` and `aria-expanded` of what scripts opened are kept here.
const keptAttributes = new Set(["open", "hidden", "aria-expanded", "aria-activedescendant"]);

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !keepsAttribute(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !keepsAttribute(old, name)) old.setAttribute(name, value);
  }
}

function keepsAttribute(element, name) {
  if (!keptAttributes.has(name)) return false;
  if (name === "hidden") return element.matches("[role=menu], [role=listbox]");
  return true;
}

// A control somebody has used keeps what they chose, and so does a message that has not changed.
function isUntouchable(old, fresh) {
  if (old.touched) return true;
  const mark = old.dataset?.fingerprint;
  return Boolean(mark) && mark === fresh.dataset.fingerprint;
}

export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (isUntouchable(old, fresh)) return;
  morphAttributes(old, fresh);
  if (old.nodeName === "TEMPLATE") old.innerHTML = fresh.innerHTML;
  else morphChildren(old, fresh);
}

function morphChildren(old, fresh) {
  const named = new Map();
  for (const child of old.children) if (child.id) named.set(child.id, child);
  let next = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const partner = partnerOf(wanted, next, named);
    if (!partner) {
      old.insertBefore(document.importNode(wanted, true), next);
      continue;
    }
    // Moving an element would take its focus away; moving what stands before it does not.
    while (partner !== next && next && !isWantedLater(next, wanted)) next = removeAndAdvance(next);
    if (partner !== next) old.insertBefore(partner, next);
    else next = next.nextSibling;
    morph(partner, wanted);
  }
  while (next) next = removeAndAdvance(next);
}

function partnerOf(wanted, next, named) {
  if (wanted.id) {
    const byId = named.get(wanted.id);
    return byId && byId.nodeName === wanted.nodeName ? byId : null;
  }
  return next && !next.id && same(next, wanted) ? next : null;
}

function isWantedLater(node, wanted) {
  if (!node.id) return false;
  for (let sibling = wanted.nextSibling; sibling; sibling = sibling.nextSibling) if (sibling.id === node.id) return true;
  return false;
}

function removeAndAdvance(node) {
  const next = node.nextSibling;
  if (!node.matches?.(".toasts")) node.remove(); // notes in a modal are the page's own, and go by themselves
  return next;
}
