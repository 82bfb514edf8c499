// Block Kit as a person sees and uses it, in messages, modals and the Home tab.
import { el, safeLink } from "./dom.js";
import { inline, mrkdwn, emoji, userMention } from "./mrkdwn.js";
import { field, choices } from "./fields.js";

// `use(element, value)` is called when somebody uses an element; `inputs` collects a modal's fields.
export function renderBlocks(blocks, world, use, inputs = null) {
  const out = el("div", { class: "blocks" });
  for (const block of blocks) {
    const draw = DRAW[block.type];
    out.append(draw ? draw(block, world, use, inputs) : el("div", { class: "block-context" }, `[${block.type}]`));
  }
  return out;
}

export function composed(text, world) {
  if (!text) return "";
  if (text.type === "mrkdwn") return mrkdwn(text.text, world);
  const out = document.createDocumentFragment();
  out.append(el("span", { class: "text" }, withEmoji(text.text)));
  return out;
}

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name));

const DRAW = {
  section(block, world, use) {
    const main = el("div", {}, composed(block.text, world));
    if (block.fields) main.append(el("div", { class: "fields" }, ...block.fields.map((f) => el("div", {}, composed(f, world)))));
    return el("div", { class: "block-section" }, main, block.accessory ? el("div", { class: "side" }, element(block, block.accessory, world, use)) : null);
  },
  header: (block) => el("div", { class: "block-header", role: "heading", "aria-level": "3" }, withEmoji(block.text.text)),
  divider: () => el("hr", { class: "block-divider" }),
  context: (block, world) => el("div", { class: "block-context" }, ...block.elements.map((part) => (
    part.type === "image" ? el("img", { src: safeLink(part.image_url ?? ""), alt: part.alt_text }) : el("span", {}, composed(part, world))))),
  actions: (block, world, use) => el("div", { class: "block-actions" }, ...block.elements.map((part) => element(block, part, world, use))),
  context_actions: (block, world, use) => el("div", { class: "block-actions" }, ...block.elements.map((part) => element(block, part, world, use))),
  image: (block) => el("figure", { class: "block-image" }, el("img", { src: safeLink(block.image_url ?? ""), alt: block.alt_text }), block.title ? el("figcaption", {}, block.title.text) : null),
  markdown: (block, world) => el("div", {}, mrkdwn(block.text.replace(/\*\*(.+?)\*\*/g, "*$1*").replace(/^#+\s+(.*)$/gm, "*$1*"), world)),
  rich_text: (block, world) => el("div", {}, ...block.elements.map((part) => richPart(part, world))),
  table: (block, world) => el("table", { class: "grid" }, ...block.rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell.type === "rich_text" ? DRAW.rich_text(cell, world) : cell.text ?? ""))))),
  alert: (block, world) => el("div", { class: "trouble" }, composed(block.text, world)),
  input: (block, world, use, inputs) => field(block, world, use, inputs),
};

function richPart(part, world) {
  if (part.type === "rich_text_list") {
    return el(part.style === "ordered" ? "ol" : "ul", {}, ...part.elements.map((item) => el("li", {}, richPart(item, world))));
  }
  const inside = part.elements.map((leaf) => richLeaf(leaf, world));
  if (part.type === "rich_text_quote") return el("blockquote", {}, ...inside);
  if (part.type === "rich_text_preformatted") return el("pre", {}, ...inside);
  return el("div", { class: "text" }, ...inside);
}

function richLeaf(leaf, world) {
  let node = leaf.text ?? "";
  if (leaf.type === "link") node = el("a", { href: safeLink(leaf.url), target: "_blank", rel: "noreferrer noopener" }, leaf.text ?? leaf.url);
  if (leaf.type === "user") node = userMention(leaf.user_id, null, world);
  if (leaf.type === "channel") node = inline(`<#${leaf.channel_id}>`, world);
  if (leaf.type === "emoji") node = emoji(leaf.name);
  if (leaf.type === "date") node = inline(`<!date^${leaf.timestamp}^${leaf.format}|${leaf.fallback ?? ""}>`, world);
  if (leaf.type === "broadcast") node = el("span", { class: "mention" }, `@${leaf.range}`);
  for (const [style, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["code", "code"]]) if (leaf.style?.[style]) node = el(tag, {}, node);
  return node;
}

function element(block, part, world, use) {
  if (part.type === "button") return button(block, part, use);
  if (part.type === "image") return el("img", { src: safeLink(part.image_url ?? ""), alt: part.alt_text });
  if (part.type === "overflow") return overflow(block, part, use);
  const { node, read } = choices(part, world, { label: part.placeholder?.text ?? part.action_id });
  node.addEventListener("change", async () => {
    const value = read();
    if (value !== null && (await agreed(part.confirm))) use(part, value);
  });
  return node;
}

function button(block, part, use) {
  const name = `btn ${part.style ?? ""}`;
  const link = part.url && safeLink(part.url);
  const node = link
    ? el("a", { class: name, href: link, target: "_blank", rel: "noreferrer noopener" }, withEmoji(part.text.text))
    : el("button", { class: name, type: "button", "aria-label": part.accessibility_label }, withEmoji(part.text.text));
  node.addEventListener("click", async () => {
    if (!(await agreed(part.confirm))) return;
    node.disabled = true;
    await use(part, part.value ?? null);
    node.disabled = false;
  });
  return node;
}

function overflow(block, part, use) {
  const pick = async (option) => { menu.open = false; if (await agreed(part.confirm)) use(part, option.value); };
  const sheet = el("div", { class: "sheet" }, ...part.options.map((option) => el("button", { type: "button", onclick: () => pick(option) }, withEmoji(option.text.text))));
  const menu = el("details", { class: "menu overflow" }, el("summary", { "aria-label": "More" }, "⋯"), sheet);
  return menu;
}

export function agreed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const box = el("dialog", { "aria-label": confirm.title.text },
      el("div", { class: "top" }, el("h2", {}, confirm.title.text)),
      el("div", { class: "inside" }, composed(confirm.text, { users: {}, channels: [], usergroups: {}, me: "", now: Date.now() / 1000 })),
      el("div", { class: "foot" },
        el("button", { class: "btn", type: "button", onclick: () => box.close("no") }, confirm.deny.text),
        el("button", { class: `btn ${confirm.style ?? "primary"}`, type: "button", onclick: () => box.close("yes") }, confirm.confirm.text)));
    box.addEventListener("close", () => { box.remove(); resolve(box.returnValue === "yes"); });
    document.body.append(box);
    box.showModal();
  });
}
