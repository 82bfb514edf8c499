// The modal on top of a person's stack: fill in, submit, errors under their fields, cancel.
import { el, act } from "./dom.js";
import { renderBlocks } from "./blocks.js";

let shown = null; // {id, hash, box, inputs}

export function showModal(world) {
  const view = world.modals.at(-1) ?? null;
  if (shown && view && shown.id === view.id && shown.hash === view.hash) return;
  const typed = shown && view && shown.id === view.id ? values(shown.inputs) : null;
  shown?.box.remove();
  shown = null;
  if (view) shown = open(view, world, typed);
}

function values(inputs) {
  const out = {};
  for (const { block_id, action_id, read } of inputs.fields) (out[block_id] ??= {})[action_id] = read();
  return out;
}

function open(view, world, typed) {
  const inputs = { fields: [], values: view.state.values };
  const use = (part, value) => act("click", { user: world.me, target: view.id, action_id: part.action_id, value });
  const form = el("form", { novalidate: true });
  const trouble = el("div", { role: "alert" });
  const submit = view.submit ? el("button", { class: "btn primary", type: "submit" }, view.submit.text) : null;
  const box = el("dialog", { "aria-label": view.title.text }, form);
  const close = (all) => act("close", { user: world.me, view: view.id, all_views: all });
  form.append(
    el("div", { class: "top" }, el("h2", {}, view.title.text), el("button", { class: "cross", type: "button", "aria-label": "Close", onclick: () => close(true) }, "×")),
    el("div", { class: "inside" }, trouble, renderBlocks(view.blocks, world, use, inputs)),
    el("div", { class: "foot" }, el("button", { class: "btn", type: "button", onclick: () => close(false) }, view.close?.text ?? (view.submit ? "Cancel" : "Close")), submit),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const reply = await act("submit", { user: world.me, view: view.id, values: values(inputs) });
    submit.disabled = false;
    if (reply) tell(inputs, reply, trouble);
  });
  box.addEventListener("cancel", (event) => { event.preventDefault(); close(false); });
  if (typed) restore(inputs, typed);
  document.getElementById("dialogs").append(box);
  box.showModal();
  inputs.fields[0]?.control.focus?.();
  return { id: view.id, hash: view.hash, box, inputs };
}

function tell(inputs, reply, trouble) {
  trouble.replaceChildren();
  if (reply.failure && reply.failure !== "incomplete") trouble.append(el("div", { class: "trouble" }, reply.failure));
  let first = null;
  for (const { block_id, control, error } of inputs.fields) {
    const message = reply.errors[block_id] ?? "";
    error.textContent = message;
    control.setAttribute("aria-invalid", String(Boolean(message)));
    if (message) first ??= control;
  }
  first?.focus();
}

// An update of the view keeps what was typed where the field is still there.
function restore(inputs, typed) {
  for (const { block_id, action_id, control } of inputs.fields) {
    const value = typed[block_id]?.[action_id];
    if (typeof value === "string" && "value" in control && control.type !== "datetime-local") control.value = value;
  }
}
