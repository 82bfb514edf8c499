// Slack's text: mrkdwn, mentions, dates and emoji, as DOM nodes (never as HTML).
import { el, safeLink } from "./dom.js";

export const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", eyes: "👀", rotating_light: "🚨", warning: "⚠️", red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵", white_circle: "⚪",
  black_circle: "⚫", fire: "🔥", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎", tada: "🎉", mag: "🔍", lock: "🔒",
  unlock: "🔓", pushpin: "📌", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  bell: "🔔", no_bell: "🔕", memo: "📝", pencil: "📝", rocket: "🚀", robot_face: "🤖", bulb: "💡", wrench: "🔧", hammer_and_wrench: "🛠️",
  gear: "⚙️", arrow_right: "➡️", arrow_up: "⬆️", arrow_down: "⬇️", leftwards_arrow_with_hook: "↩️", rewind: "⏪", recycle: "♻️",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bar_chart: "📊", clock3: "🕒", alarm_clock: "⏰", stopwatch: "⏱️",
  calendar: "📅", date: "📅", link: "🔗", page_facing_up: "📄", clipboard: "📋", books: "📚", raising_hand: "🙋", wave: "👋", pray: "🙏",
  raised_hands: "🙌", clap: "👏", heart: "❤️", thinking_face: "🤔", sos: "🆘", information_source: "ℹ️", question: "❓", exclamation: "❗",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", key: "🔑", package: "📦", electric_plug: "🔌", shield: "🛡️", zap: "⚡", bug: "🐛",
  100: "💯", sunny: "☀️", moon: "🌙", zzz: "💤", star: "⭐", speech_balloon: "💬", loudspeaker: "📢", mega: "📣", handshake: "🤝", ok: "🆗",
  ok_hand: "👌", construction: "🚧", octagonal_sign: "🛑", black_square_for_stop: "⏹️", arrow_forward: "▶️", double_vertical_bar: "⏸️",
};
export const PALETTE = ["eyes", "white_check_mark", "+1", "-1", "fire", "rotating_light", "tada", "warning", "pushpin", "memo", "bulb", "x"];
export const emoji = (name) => EMOJI[name.split("::")[0]] ?? `:${name}:`;

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const INLINE = /`([^`\n]+)`|<([^<>\n]+)>|(?<![\w*])\*(\S(?:[^*\n]*?\S)?)\*(?![\w*])|(?<![\w_])_(\S(?:[^_\n]*?\S)?)_(?![\w_])|(?<![\w~])~(\S(?:[^~\n]*?\S)?)~(?![\w~])|:([a-z0-9_+-]+):/;

export function inline(text, world) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (;;) {
    const hit = INLINE.exec(rest);
    if (!hit) break;
    if (hit.index) out.append(unescape(rest.slice(0, hit.index)));
    out.append(styled(hit, world));
    rest = rest.slice(hit.index + hit[0].length);
  }
  if (rest) out.append(unescape(rest));
  return out;
}

function styled(hit, world) {
  const [whole, code, angle, bold, italic, strike, name] = hit;
  if (code) return el("code", {}, unescape(code));
  if (angle) return reference(angle, world);
  if (bold) return el("strong", {}, inline(bold, world));
  if (italic) return el("em", {}, inline(italic, world));
  if (strike) return el("s", {}, inline(strike, world));
  return EMOJI[name] ? el("span", { role: "img", "aria-label": name, title: `:${name}:` }, EMOJI[name]) : whole;
}

function reference(inside, world) {
  const [target, label] = inside.split(/\|(.*)/s);
  if (target.startsWith("@")) return userMention(target.slice(1), label, world);
  if (target.startsWith("#")) {
    const place = world.channels.find((c) => c.id === target.slice(1));
    return el("a", { class: "mention", href: `/archives/${target.slice(1)}`, "data-channel": target.slice(1) }, `#${place?.name ?? label ?? "private channel"}`);
  }
  if (target.startsWith("!date^")) return date(target, label, world);
  if (target.startsWith("!subteam^")) return el("span", { class: "mention" }, `@${world.usergroups[target.slice(9)] ?? label ?? "group"}`);
  if (target.startsWith("!")) return el("span", { class: "mention" }, label ?? `@${target.slice(1)}`);
  const address = safeLink(unescape(target));
  return address ? el("a", { href: address, target: "_blank", rel: "noreferrer noopener" }, unescape(label || target)) : unescape(`<${inside}>`);
}

export function userMention(id, label, world) {
  const user = world.users[id];
  return el("span", { class: id === world.me ? "mention me" : "mention", title: user?.real_name ?? "" }, `@${user?.name ?? label ?? id}`);
}

function date(target, fallback, world) {
  const [, seconds, format, address] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (Number.isNaN(moment.getTime())) return fallback ?? "";
  const shown = format.replace(/\{(\w+)\}/g, (token, name) => part(name, moment, world) ?? token);
  const node = el("time", { datetime: moment.toISOString(), title: `${full(moment, world)} (${zone(world)})` }, shown);
  return address && safeLink(address) ? el("a", { href: address }, node) : node;
}

export const zone = (world) => world.users[world.me]?.tz || "UTC";
const say = (moment, world, options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone(world), ...options }).format(moment);
export const time = (moment, world) => say(moment, world, { hour: "2-digit", minute: "2-digit" });
export const full = (moment, world) => say(moment, world, { dateStyle: "full", timeStyle: "medium" });
export const day = (moment, world) => pretty(moment, world, { weekday: "long", day: "numeric", month: "long" });

function pretty(moment, world, options) {
  const key = (m) => say(m, world, { year: "numeric", month: "2-digit", day: "2-digit" });
  const today = new Date(world.now * 1000);
  for (const [word, shift] of [["Today", 0], ["Yesterday", -1], ["Tomorrow", 1]]) {
    if (key(new Date(today.getTime() + shift * 86400000)) === key(moment)) return word;
  }
  return say(moment, world, options);
}

function part(name, moment, world) {
  const short = { day: "numeric", month: "short", year: "numeric" };
  const plain = { day: "numeric", month: "long", year: "numeric" };
  const long = { weekday: "long", ...plain };
  switch (name) {
    case "time": return time(moment, world);
    case "time_secs": return say(moment, world, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    case "date_num": return say(moment, world, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-");
    case "date_short": return say(moment, world, short);
    case "date": return say(moment, world, plain);
    case "date_long": return say(moment, world, long);
    case "date_short_pretty": return lower(pretty(moment, world, short));
    case "date_pretty": return lower(pretty(moment, world, plain));
    case "date_long_pretty": return lower(pretty(moment, world, long));
    case "ago": return ago(moment, world);
    default: return null;
  }
}

const lower = (text) => (/^(Today|Yesterday|Tomorrow)$/.test(text) ? text.toLowerCase() : text);

function ago(moment, world) {
  const minutes = Math.round((moment.getTime() / 1000 - world.now) / 60);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  if (Math.abs(minutes) < 60) return words.format(minutes, "minute");
  if (Math.abs(minutes) < 2880) return words.format(Math.round(minutes / 60), "hour");
  return words.format(Math.round(minutes / 1440), "day");
}

export function mrkdwn(text, world) {
  const out = document.createDocumentFragment();
  text.split(/```\n?([\s\S]*?)\n?```/).forEach((piece, n) => {
    if (n % 2) out.append(el("pre", {}, unescape(piece)));
    else if (piece) quoted(piece, world, out);
  });
  return out;
}

function quoted(text, world, out) {
  const groups = [];
  for (const line of text.split("\n")) {
    const quote = line.startsWith("&gt;") || line.startsWith(">");
    const bare = quote ? line.replace(/^(&gt;|>)\s?/, "") : line;
    const last = groups.at(-1);
    if (last && last.quote === quote) last.lines.push(bare);
    else groups.push({ quote, lines: [bare] });
  }
  for (const { quote, lines } of groups) {
    const node = el(quote ? "blockquote" : "div", { class: "text" });
    node.append(inline(lines.join("\n"), world));
    out.append(node);
  }
}
