// The box one types into: messages, slash commands with their list, global shortcuts.
import { el, act, toast } from "./dom.js";

export function composer(form, world, { thread = () => null, label }) {
  const list = el("div", { class: "commands", role: "listbox", id: `${form.id || "thread"}-commands`, "aria-label": "Commands" });
  const area = el("textarea", { id: form.id === "composer" ? "text" : null, rows: "1", "aria-label": label(), placeholder: label(), "aria-controls": list.id, autocomplete: "off" });
  const hint = el("span", { class: "hint" });
  const shortcuts = el("details", { class: "menu" }, el("summary", { class: "btn", "aria-label": "Shortcuts" }, "⚡"));
  const sheet = el("div", { class: "sheet" });
  shortcuts.append(sheet);
  form.replaceChildren(list, area, el("div", { class: "row" }, hint, thread() ? "" : shortcuts, el("button", { class: "btn primary", type: "submit" }, "Send")));
  sheet.style.bottom = "100%";
  sheet.style.top = "auto";
  let marked = 0;

  const matches = () => {
    const word = /^\/\S*$/.exec(area.value)?.[0];
    return word ? world().commands.filter((c) => c.command.startsWith(word)) : [];
  };
  const pick = (command) => { area.value = `${command.command} `; area.focus(); update(); };
  const update = () => {
    const found = matches();
    marked = Math.min(marked, Math.max(found.length - 1, 0));
    list.replaceChildren(...found.map((command, n) => el("div", { role: "option", "aria-selected": String(n === marked), onclick: () => pick(command) },
      el("b", {}, command.command), ` ${command.usage_hint}`, el("small", {}, command.description))));
    const typed = world().commands.find((c) => area.value.startsWith(`${c.command} `));
    hint.textContent = typed ? `${typed.command} ${typed.usage_hint}` : "Enter sends, Shift+Enter makes a new line";
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight}px`;
  };
  const send = async () => {
    const text = area.value.trim();
    if (!text) return;
    const now = world();
    if (text.startsWith("/") && thread()) { toast("Slack does not take slash commands in threads. Mention the bot instead."); return; }
    area.value = "";
    update();
    const place = { user: now.me, channel: now.channel.id };
    const done = text.startsWith("/") ? await act("slash", { ...place, line: text }) : await act("say", { ...place, text, thread_ts: thread() });
    if (!done) { area.value = text; update(); }
  };
  area.addEventListener("input", update);
  area.addEventListener("keydown", (event) => {
    const found = matches();
    if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      marked = (marked + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
      event.preventDefault();
      update();
    } else if (found.length && (event.key === "Tab" || (event.key === "Enter" && found[marked].command !== area.value))) {
      event.preventDefault();
      pick(found[marked]);
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  form.onsubmit = (event) => { event.preventDefault(); send(); };
  update();
  return {
    fill(text) { area.value = text; update(); area.focus(); },
    refresh() {
      area.placeholder = label();
      area.setAttribute("aria-label", label());
      const known = world().shortcuts.filter((s) => s.type === "global");
      sheet.replaceChildren(...known.map((s) => el("button", { type: "button", onclick: () => { shortcuts.open = false; act("shortcut", { user: world().me, callback_id: s.callback_id }); } }, `${s.name} · Muster`)));
      shortcuts.hidden = !known.length;
    },
  };
}
