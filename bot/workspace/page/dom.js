// Small pieces every part of the page uses: making nodes, calling the workspace, telling what went wrong.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export async function look(name, query = {}) {
  const answer = await fetch(`/_control/${name}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.json();
}

const WORDS = {
  not_in_channel: "You are not in this channel.",
  is_archived: "This channel is archived.",
  cant_update_message: "You can only edit your own messages.",
  cant_delete_message: "You can only delete your own messages.",
  already_reacted: "You already reacted with that.",
};

export async function act(name, body) {
  const answer = await fetch(`/_control/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  }).catch(() => null);
  if (answer === null) { toast("The workspace does not answer. Is it still running?"); return null; }
  const said = await answer.json();
  if (!answer.ok) { toast(WORDS[said.error] ?? said.detail ?? said.error); return null; }
  return said;
}

export function toast(text) {
  const note = el("div", { class: "toast" }, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 5000);
}

export function safeLink(address) {
  return /^(https?:|mailto:)/i.test(address) ? address : null;
}

// Replaces a list's children without touching those that stay, so that focus and open menus survive a refresh.
export function settle(parent, nodes) {
  nodes.forEach((node, n) => { if (parent.children[n] !== node) parent.insertBefore(node, parent.children[n] ?? null); });
  while (parent.children.length > nodes.length) parent.lastElementChild.remove();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
