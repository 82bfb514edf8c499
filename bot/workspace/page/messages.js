// Messages as the reader sees them: text, blocks, files, reactions, and what can be done with them.
import { el, act, safeLink, settle } from "./dom.js";
import { day, emoji, full, mrkdwn, PALETTE, time } from "./mrkdwn.js";
import { renderBlocks } from "./blocks.js";
import { markdown } from "./markdown.js";

const COLOURS = ["#0b6e7f", "#8a4fbf", "#b5532a", "#2d7d46", "#a83264", "#3d5fb8", "#7a6a1f"];
const drawn = new WeakMap(); // list -> Map(ts -> {key, node})

export function showMessages(list, messages, world, open) {
  const before = drawn.get(list) ?? new Map();
  const after = new Map();
  const nodes = [];
  let lastDay = null;
  for (const message of messages) {
    const today = day(new Date(Number(message.ts) * 1000), world);
    if (today !== lastDay) nodes.push(kept(before, after, `day-${today}`, today, () => el("div", { class: "day" }, el("span", {}, today))));
    lastDay = today;
    const key = JSON.stringify([message, world.me, world.channel?.pins.includes(message.ts), Object.keys(world.users).length]);
    nodes.push(kept(before, after, message.ts, key, () => draw(message, world, open)));
  }
  if (!nodes.length) nodes.push(el("p", { class: "empty" }, "Nothing here yet."));
  drawn.set(list, after);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  settle(list, nodes);
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function kept(before, after, name, key, make) {
  const old = before.get(name);
  const entry = old && old.key === key ? old : { key, node: make() };
  after.set(name, entry);
  return entry.node;
}

function draw(message, world, open) {
  const user = world.users[message.user] ?? { name: "Slackbot", real_name: "Slackbot", is_bot: true };
  const name = message.username ?? (user.real_name || user.name);
  const pinned = world.channel?.pins.includes(message.ts);
  const system = (message.subtype ?? "").startsWith("channel_");
  const moment = new Date(Number(message.ts) * 1000);
  const node = el("article", { class: `message${message.ephemeral ? " only" : ""}${pinned ? " pinned" : ""}${system ? " system" : ""}`, id: `m${message.ts.replace(".", "")}`, "aria-label": `${name}, ${time(moment, world)}` });
  if (message.ephemeral) node.append(el("div", { class: "note" }, "👁 Only visible to you"));
  if (pinned) node.append(el("div", { class: "note" }, "📌 Pinned"));
  node.append(
    face(name, message.user),
    el("div", { class: "byline" }, el("b", {}, name), user.is_bot ? el("span", { class: "tag" }, "APP") : null, el("time", { datetime: moment.toISOString(), title: full(moment, world) }, time(moment, world))),
    body(message, world),
  );
  if (message.reactions) node.append(reactions(message, world));
  if (message.reply_count && open) {
    node.append(el("button", { class: "replies", type: "button", onclick: () => open(message.ts) }, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`));
  }
  if (!system) node.append(tools(message, world, open, pinned));
  return node;
}

export function face(name, id) {
  const sum = [...(id ?? "")].reduce((total, letter) => total + letter.charCodeAt(0), 0);
  const node = el("div", { class: "face", "aria-hidden": "true" }, name.slice(0, 1).toUpperCase());
  node.style.background = COLOURS[sum % COLOURS.length];
  return node;
}

function body(message, world) {
  const out = el("div", { class: "body" });
  const use = (part, value) => act("click", { user: world.me, target: message.ts, action_id: part.action_id, value });
  if (message.blocks?.length) out.append(renderBlocks(message.blocks, world, use));
  else if (message.text) out.append(mrkdwn(message.text, world));
  for (const attachment of message.attachments ?? []) {
    const node = el("div", { class: "attachment" }, attachment.blocks ? renderBlocks(attachment.blocks, world, use) : mrkdwn(attachment.text ?? attachment.fallback ?? "", world));
    if (/^#[0-9a-f]{6}$/i.test(attachment.color ?? "")) node.style.borderColor = attachment.color;
    out.append(node);
  }
  for (const file of message.files ?? []) out.append(fileCard(file));
  // Slack does not mark an edit that changed blocks.
  if (message.edited && !message.blocks?.length) out.append(el("span", { class: "edited", title: full(new Date(Number(message.edited.ts) * 1000), world) }, "(edited)"));
  return out;
}

function fileCard(file) {
  return el("details", { class: "file" },
    el("summary", {}, `📄 ${file.title}`, el("small", {}, `${file.name} · ${file.size.toLocaleString("en")} bytes`)),
    file.text === null || file.text === undefined ? el("p", {}, "No preview.") : file.name.endsWith(".md") ? markdown(file.text) : el("pre", {}, file.text),
    el("p", { class: "block-context" }, el("a", { href: safeLink(file.url_private), target: "_blank" }, "Open by itself")));
}

function reactions(message, world) {
  return el("div", { class: "reactions" }, ...message.reactions.map((reaction) => {
    const mine = reaction.users.includes(world.me);
    const who = reaction.users.map((id) => world.users[id]?.name ?? id).join(", ");
    const toggle = () => act(mine ? "unreact" : "react", { user: world.me, message: message.ts, name: reaction.name });
    return el("button", { class: `reaction${mine ? " mine" : ""}`, type: "button", title: who, "aria-pressed": String(mine), "aria-label": `${reaction.name}, ${reaction.count}`, onclick: toggle }, `${emoji(reaction.name)} ${reaction.count}`);
  }));
}

function tools(message, world, open, pinned) {
  const target = { user: world.me, message: message.ts };
  const items = [];
  const add = (label, run) => items.push(el("button", { type: "button", onclick: () => { more.open = false; run(); } }, label));
  const more = el("details", { class: "menu" }, el("summary", { "aria-label": "More actions", title: "More actions" }, "⋯"));
  const row = el("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" });
  if (!message.ephemeral) {
    row.append(reactMenu(target));
    if (open) row.append(el("button", { type: "button", title: "Reply in thread", "aria-label": "Reply in thread", onclick: () => open(message.thread_ts ?? message.ts) }, "💬"));
    add(pinned ? "Unpin" : "Pin to channel", () => act(pinned ? "unpin" : "pin", target));
    for (const shortcut of world.shortcuts.filter((s) => s.type === "message")) add(`${shortcut.name} · Muster`, () => act("shortcut", { ...target, callback_id: shortcut.callback_id }));
    if (message.user === world.me) add("Edit", () => edit(message, world));
    add("Copy link", () => navigator.clipboard?.writeText(`${location.origin}/archives/${world.channel.id}/p${message.ts.replace(".", "")}`));
  }
  if (message.user === world.me || message.ephemeral) add(message.ephemeral ? "Dismiss" : "Delete", () => act("delete", target));
  more.append(el("div", { class: "sheet" }, ...items));
  row.append(more);
  return row;
}

function reactMenu(target) {
  const menu = el("details", { class: "menu" }, el("summary", { "aria-label": "Add reaction", title: "Add reaction" }, "🙂"));
  menu.append(el("div", { class: "sheet emoji" }, ...PALETTE.map((name) => el("button", {
    type: "button", "aria-label": name, onclick: () => { menu.open = false; act("react", { ...target, name }); },
  }, emoji(name)))));
  return menu;
}

function edit(message, world) {
  const area = el("textarea", { "aria-label": "Edit message", rows: "4", value: message.text.replace(/<@(\w+)>/g, (w, id) => (world.users[id] ? `@${world.users[id].name}` : w)).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&") });
  const box = el("dialog", { "aria-label": "Edit message" });
  const save = async () => { if (await act("edit", { user: world.me, message: message.ts, text: area.value })) box.close(); };
  box.append(el("div", { class: "top" }, el("h2", {}, "Edit message")), el("div", { class: "inside block-input" }, area),
    el("div", { class: "foot" }, el("button", { class: "btn", type: "button", onclick: () => box.close() }, "Cancel"), el("button", { class: "btn primary", type: "button", onclick: save }, "Save")));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}
