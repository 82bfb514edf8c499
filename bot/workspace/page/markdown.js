// A Markdown file as it reads: headings, lists, tables, quotes and code, as DOM nodes (never as HTML).
import { el } from "./dom.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|_([^_\s][^_]*)_(?!\w)|\[([^\]]*)\]\([^)\s]*\)/;

function inline(text) {
  const out = document.createDocumentFragment();
  let rest = text;
  for (let hit = INLINE.exec(rest); hit; hit = INLINE.exec(rest)) {
    out.append(plain(rest.slice(0, hit.index)));
    const [whole, code, bold, italic, under, label] = hit;
    if (code !== undefined) out.append(el("code", {}, code));
    else if (bold !== undefined) out.append(el("strong", {}, inline(bold)));
    else if (label !== undefined) out.append(inline(label));
    else out.append(el("em", {}, inline(italic ?? under)));
    rest = rest.slice(hit.index + whole.length);
  }
  out.append(plain(rest));
  return out;
}

const NAMED = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#124;": "|" };
const plain = (text) => text.replace(/\\([\\`*_{}[\]()#+\-.!|<>&~:])/g, "$1").replace(/&amp;|&lt;|&gt;|&#124;/g, (sign) => NAMED[sign]);
const cells = (line) => line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim());
const KINDS = [
  ["rule", /^\s*(?:---+|\*\*\*+)\s*$/],
  ["heading", /^(#{1,6})\s+(.*)$/],
  ["table", /^\s*\|.*\|\s*$/],
  ["quote", /^\s*>\s?(.*)$/],
  ["item", /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/],
];

function kind(line) {
  for (const [name, pattern] of KINDS) {
    const hit = pattern.exec(line);
    if (hit) return [name, hit];
  }
  return [line.trim() ? "text" : "empty", [line, line]];
}

// Comments carry the marks by which a draft is checked; a reader needs none of them.
export function markdown(text) {
  const out = el("div", { class: "markdown" });
  let open = null; // [kind, node] that the next line of its kind goes on with
  for (const line of text.replace(/<!--[\s\S]*?-->/g, "").split("\n")) {
    const [name, hit] = kind(line);
    const on = open?.[0] === name ? open[1] : null;
    if (name === "empty") { open = null; continue; }
    if (name === "rule") { out.append(el("hr")); open = null; continue; }
    if (name === "heading") { out.append(el(`h${Math.min(hit[1].length + 2, 6)}`, {}, inline(hit[2]))); open = null; continue; }
    if (name === "table") {
      if (/^[\s|:-]+$/.test(line)) continue;
      const row = el("tr", {}, ...cells(line).map((cell) => el(on ? "td" : "th", {}, inline(cell))));
      if (on) on.append(row); else { open = [name, el("table", { class: "grid" }, row)]; out.append(el("div", { class: "wide" }, open[1])); }
    } else if (name === "item") {
      const list = on ?? el(/^\s*\d/.test(line) ? "ol" : "ul");
      list.append(el("li", {}, inline(hit[1])));
      if (!on) out.append(list);
      open = [name, list];
    } else if (on) on.append(" ", inline(hit[1].trim()));
    else {
      const node = el(name === "quote" ? "blockquote" : "p", {}, inline(hit[1].trim()));
      out.append(node);
      open = [name, node];
    }
  }
  return out;
}
