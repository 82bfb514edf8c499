// The page: who you are, where you are, and everything kept up to date.
import { el, act, look, toast } from "./dom.js";
import { inline } from "./mrkdwn.js";
import { renderBlocks } from "./blocks.js";
import { showMessages } from "./messages.js";
import { showModal } from "./modal.js";
import { composer } from "./composer.js";

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const linked = /^\/archives\/(\w+)(?:\/p(\d+))?/.exec(location.pathname);
const place = {
  user: query.get("user") ?? localStorage.getItem("user") ?? "",
  channel: linked?.[1] ?? query.get("channel") ?? "",
  thread: query.get("thread") ?? query.get("thread_ts") ?? "",
  home: query.get("view") === "home",
};
let world = { commands: [], shortcuts: [], panels: [], guide: null, channel: null };
let jump = linked?.[2] ?? null;
let refreshing = null;
let again = false;

const boxes = {
  main: composer($("composer"), () => world, { label: () => (world.channel ? `Message ${placeName(world.channel)}` : "Message") }),
  thread: null,
};

function placeName(channel) {
  if (channel.name && channel.kind !== "mpim") return `#${channel.name}`;
  return channel.members.filter((id) => id !== world.me).map((id) => world.users[id]?.real_name ?? id).join(", ");
}

async function refresh() {
  if (refreshing) { again = true; return; }
  refreshing = true;
  try { await load(); } finally { refreshing = null; }
  if (again) { again = false; refresh(); }
}

async function load() {
  const asked = { user: place.user, channel: place.channel, thread: place.thread };
  try {
    const seen = await look("snapshot", asked);
    // Somebody went elsewhere while this was on its way: what it shows is no longer wanted.
    if (Object.keys(asked).some((name) => asked[name] !== place[name])) { again = true; return; }
    world = seen;
  } catch (error) {
    if (place.user) { place.user = ""; again = true; } else toast(String(error.message ?? error));
    return;
  }
  place.user = world.me;
  if (!world.channel) {
    const first = world.channels.find((c) => c.member && !c.archived && c.unread) ?? world.channels.find((c) => c.member && !c.archived);
    if (first && first.id !== place.channel) { place.channel = first.id; again = true; }
    if (!first) return;
  }
  if (world.channel) show();
}

function show() {
  remember();
  people();
  sidebar();
  extra();
  guide();
  channel();
  thread();
  showModal(world);
  if (document.visibilityState === "visible" && world.channels.find((c) => c.id === place.channel)?.unread) act("read", { user: world.me, channel: place.channel });
}

function remember() {
  localStorage.setItem("user", world.me);
  const search = new URLSearchParams({ user: world.me });
  if (place.home) search.set("view", "home");
  if (place.thread) search.set("thread", place.thread);
  history.replaceState(null, "", `/archives/${place.channel}?${search}`);
  document.title = `${placeName(world.channel)} · Muster workspace`;
}

function people() {
  const known = Object.entries(world.users).filter(([, u]) => !u.is_bot && !u.deleted);
  const key = known.map(([id]) => id).join();
  const select = $("me");
  if (select.dataset.key !== key) {
    select.replaceChildren(...known.map(([id, u]) => el("option", { value: id }, u.real_name)));
    select.dataset.key = key;
  }
  select.value = world.me;
  select.title = `Times are shown in ${world.users[world.me].tz}`;
  $("status").className = world.app_connected ? "on" : "";
  $("status").textContent = world.app_connected ? "Muster is connected" : "Muster is not connected";
}

function go(channelId, { home = false, threadTs = "" } = {}) {
  place.channel = channelId;
  place.home = home;
  place.thread = threadTs;
  $("messages").scrollTop = $("messages").scrollHeight;
  refresh();
}

function sidebar() {
  const mine = world.channels.filter((c) => c.kind === "channel" || c.kind === "group");
  const direct = world.channels.filter((c) => c.member && (c.kind === "im" || c.kind === "mpim") && !c.members.includes(world.bot));
  const app = world.channels.find((c) => c.kind === "im" && c.members.includes(world.bot) && c.member);
  const group = (title, rows) => (rows.length ? [el("h2", {}, title), el("ul", {}, ...rows)] : []);
  const focused = document.activeElement?.dataset?.place;
  $("places").replaceChildren(
    ...group("Apps", [el("li", {}, appRow(app))]),
    ...group("Channels", mine.filter((c) => c.member && !c.archived).map(row)),
    ...group("Direct messages", direct.map(row)),
    ...group("Not joined", mine.filter((c) => !c.member && !c.archived).map(row)),
    ...group("Archived", mine.filter((c) => c.archived).map(row)),
  );
  if (focused) document.querySelector(`[data-place="${focused}"]`)?.focus();
}

function row(channel) {
  const mark = channel.kind === "group" ? "🔒" : channel.kind === "channel" ? "#" : "●";
  const name = channel.name && channel.kind !== "mpim" ? channel.name : placeName(channel);
  return el("li", {}, entry(channel.id, mark, name, channel, () => go(channel.id)));
}

function entry(id, mark, name, channel, onclick) {
  const here = id === place.channel;
  const unread = channel?.unread && !here;
  const node = el("button", { type: "button", class: `place${unread ? " unread" : ""}${channel && !channel.member ? " off" : ""}`, "aria-current": here ? "page" : null, "data-place": id, onclick },
    el("span", { class: "mark", "aria-hidden": "true" }, mark), el("span", { class: "name" }, name));
  if (unread && channel.mentions) node.append(el("span", { class: "count", "aria-label": `${channel.mentions} new` }, String(channel.mentions)));
  return node;
}

function appRow(app) {
  const open = async () => {
    const made = await act("open_dm", { user: world.me });
    if (made) { await act("open_home", { user: world.me }); go(made.id, { home: true }); }
  };
  return entry(app?.id ?? "app", "◆", world.users[world.bot].real_name, app, app ? () => { act("open_home", { user: world.me }); go(app.id, { home: true }); } : open);
}

function extra() {
  const key = JSON.stringify([world.panels, world.controls]);
  if ($("extra").dataset.key === key) return;
  $("extra").dataset.key = key;
  const panels = world.panels.flatMap((p) => [el("h2", {}, p.title), el("dl", {}, ...Object.entries(p.rows).flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]))]);
  const controls = world.controls.map((c) => (c.url
    ? el("a", { class: "control", href: c.url, target: "_blank" }, c.label)
    : el("button", { class: "control", type: "button", onclick: () => act("press", { label: c.label }) }, c.label)));
  $("extra").replaceChildren(...panels, ...(controls.length ? [el("h2", {}, "Controls"), ...controls] : []));
}

function guide() {
  const box = $("guide");
  box.hidden = !world.guide;
  if (!world.guide) return;
  const { title, steps } = world.guide;
  const next = steps.findIndex((step) => !step.done);
  const key = JSON.stringify([steps, place.user, place.channel]);
  if (box.dataset.key === key) return;
  const open = box.querySelector("details")?.open ?? false;
  box.dataset.key = key;
  const list = el("ol", {}, ...steps.map((step, n) => el("li", { class: step.done ? "done" : null, "aria-current": n === next ? "step" : null }, step.text)));
  const all = el("details", {}, el("summary", {}, "All steps"), list);
  all.open = open;
  box.replaceChildren(
    el("b", {}, next < 0 ? `${title}: done` : `${title}: ${next + 1} of ${steps.length}`),
    el("p", { role: "status" }, next < 0 ? "That was the night. Look around: the draft, the timeline, App Home." : steps[next].text),
    el("div", { class: "ways" }, ...(next < 0 ? [] : ways(steps[next]))),
    all,
  );
}

function ways(step) {
  const away = (step.user && step.user !== world.me) || (step.channel && step.channel !== place.channel) || place.home;
  const there = () => { if (step.user) place.user = step.user; go(step.channel || place.channel); };
  const name = world.users[step.user]?.real_name.split(" ")[0] ?? "";
  const where = world.channels.find((c) => c.id === step.channel);
  const spot = where?.kind === "channel" ? `to #${where.name}` : "to the message";
  const found = [];
  if (away && step.user) found.push([step.user !== world.me ? `Go ${spot} as ${name}` : `Go ${spot}`, there]);
  if (!away && step.line) found.push([`Type ${step.line.split(" ").slice(0, 2).join(" ")} …`, () => boxes.main.fill(step.line)]);
  if (step.control && (!away || !step.user)) found.push([step.control, () => act("press", { label: step.control })]);
  return found.map(([label, onclick], n) => el("button", { class: n ? "btn" : "btn primary", type: "button", onclick }, label));
}

function channel() {
  const here = world.channel;
  const app = here.kind === "im" && here.members.includes(world.bot);
  $("title").textContent = placeName(here);
  $("topic").replaceChildren(app ? "App" : inline(here.topic || here.purpose || "", world), here.kind === "im" ? "" : ` ${here.topic || here.purpose ? "· " : ""}${here.members.length} members`);
  tabs(app);
  links(here);
  $("messages").hidden = app && place.home;
  $("home").hidden = !(app && place.home);
  $("composer").hidden = (app && place.home) || here.archived || !here.member;
  if (app && place.home) home();
  else {
    showMessages($("messages"), here.messages, world, (ts) => { place.thread = ts; refresh(); });
    if (!here.member && !here.archived) joinBar(here);
  }
  boxes.main.refresh();
  if (jump) { $(`m${jump}`)?.scrollIntoView({ block: "center" }); jump = null; }
}

function joinBar(here) {
  $("messages").append(el("p", { class: "empty" }, el("button", { class: "btn primary", type: "button", onclick: () => act("join", { user: world.me, channel: here.id }) }, `Join #${here.name}`)));
}

function tabs(app) {
  const tab = (name, home) => el("button", { type: "button", role: "tab", "aria-selected": String(place.home === home), onclick: () => { if (home) act("open_home", { user: world.me }); go(place.channel, { home }); } }, name);
  const key = `${app}-${place.home}`;
  if ($("tabs").dataset.key === key) return;
  $("tabs").dataset.key = key;
  $("tabs").replaceChildren(...(app ? [tab("Home", true), tab("Messages", false)] : []));
}

function links(here) {
  const key = JSON.stringify([here.bookmarks, here.pins, here.id]);
  if ($("links").dataset.key === key) return;
  $("links").dataset.key = key;
  const nodes = here.bookmarks.map((b) => el("a", { href: /^https?:/.test(b.link) ? b.link : "#", target: "_blank", rel: "noreferrer noopener" }, `🔖 ${b.title}`));
  if (here.pins.length) {
    const pinned = el("div", { class: "pinned" });
    const box = el("details", { class: "menu" }, el("summary", {}, `📌 ${here.pins.length} pinned`), pinned);
    box.addEventListener("toggle", () => showMessages(pinned, here.messages.filter((m) => here.pins.includes(m.ts)), world, null));
    nodes.unshift(box);
  }
  $("links").replaceChildren(...nodes);
}

function home() {
  const key = JSON.stringify([world.home?.hash, world.home?.id, world.me]);
  if ($("home").dataset.key === key) return;
  $("home").dataset.key = key;
  const use = (part, value) => act("click", { user: world.me, target: world.home.id, action_id: part.action_id, value });
  $("home").replaceChildren(world.home ? renderBlocks(world.home.blocks, world, use) : el("p", { class: "empty" }, "Muster has not put anything here yet."));
}

function thread() {
  const side = $("thread");
  side.hidden = !world.thread;
  if (!world.thread) { side.replaceChildren(); boxes.thread = null; return; }
  if (!boxes.thread || side.dataset.ts !== place.thread) {
    side.dataset.ts = place.thread;
    const form = el("form", { class: "composer" });
    const close = () => { place.thread = ""; refresh(); };
    side.replaceChildren(el("header", {}, "Thread", el("button", { class: "cross btn", type: "button", "aria-label": "Close thread", onclick: close }, "×")), el("div", { class: "list", role: "log", "aria-label": "Replies" }), form);
    boxes.thread = composer(form, () => world, { thread: () => place.thread, label: () => "Reply…" });
  }
  showMessages(side.querySelector(".list"), world.thread, world, null);
}

$("me").addEventListener("change", (event) => { place.user = event.target.value; place.thread = ""; refresh(); });
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-channel]");
  if (link) { event.preventDefault(); go(link.dataset.channel); }
});
document.addEventListener("visibilitychange", refresh);
new EventSource("/_control/stream").onmessage = refresh;
// Panels show what lives outside the workspace, which sends no events.
setInterval(() => { if ((world.panels.length || world.guide) && document.visibilityState === "visible") refresh(); }, 2000);
refresh();
