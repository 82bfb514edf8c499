// Menus, pickers and text fields: one node each, and a function that reads what was chosen.
import { el } from "./dom.js";
import { withEmoji } from "./blocks.js";
import { zone } from "./mrkdwn.js";

let serial = 0;

export function choices(part, world, { label = "", id = null, value = undefined } = {}) {
  const kind = part.type;
  const common = { id, "aria-label": id ? null : label };
  if (kind === "checkboxes" || kind === "radio_buttons") return ticks(part, kind, value);
  if (kind.startsWith("multi_")) return menu(part, world, { ...common, multiple: true, size: 4 }, value);
  if (kind.endsWith("_select")) return menu(part, world, common, value);
  if (kind === "datepicker") return plain("date", value?.selected_date ?? part.initial_date, common);
  if (kind === "timepicker") return plain("time", value?.selected_time ?? part.initial_time, common);
  if (kind === "datetimepicker") return moment(part, world, common, value);
  return words(part, common, value);
}

function plain(type, start, common, more = {}) {
  const node = el("input", { type, ...common, ...more, value: start ?? "" });
  return { node, read: () => node.value || null };
}

function words(part, common, value) {
  const start = value?.value ?? part.initial_value ?? "";
  const more = { placeholder: part.placeholder?.text, minlength: part.min_length, maxlength: part.max_length };
  if (part.multiline || part.type === "rich_text_input") {
    const node = el("textarea", { ...common, ...more, value: typeof start === "string" ? start : "" });
    return { node, read: () => node.value || null };
  }
  const type = { number_text_input: "number", email_text_input: "email", url_text_input: "url" }[part.type] ?? "text";
  return plain(type, start, common, type === "number" ? { step: part.is_decimal_allowed ? "any" : "1" } : more);
}

function ticks(part, kind, value) {
  const name = `choice-${(serial += 1)}`;
  const many = kind === "checkboxes";
  const chosen = many ? (value?.selected_options ?? part.initial_options ?? []).map((o) => o.value) : [(value?.selected_option ?? part.initial_option)?.value];
  const boxes = part.options.map((option) => el("input", { type: many ? "checkbox" : "radio", name, value: option.value, checked: chosen.includes(option.value) }));
  const node = el("div", { role: many ? "group" : "radiogroup" }, ...part.options.map((option, n) => el("label", { class: "choice" }, boxes[n],
    el("span", {}, withEmoji(option.text.text), option.description ? el("small", {}, option.description.text) : null))));
  const read = () => {
    const picked = boxes.filter((box) => box.checked).map((box) => box.value);
    return many ? picked : picked[0] ?? null;
  };
  return { node, read };
}

function entries(part, world) {
  if (part.type.includes("users")) return Object.entries(world.users).filter(([, u]) => !u.deleted).map(([id, u]) => [id, `${u.real_name} (@${u.name})`]);
  if (part.type.includes("channels") || part.type.includes("conversations")) return world.channels.filter((c) => c.name && !c.archived).map((c) => [c.id, `#${c.name}`]);
  return null;
}

function menu(part, world, common, value) {
  const one = value?.selected_option?.value ?? value?.selected_user ?? value?.selected_channel ?? value?.selected_conversation
    ?? part.initial_option?.value ?? part.initial_user ?? part.initial_channel ?? part.initial_conversation;
  const some = value?.selected_options?.map((o) => o.value) ?? value?.selected_users ?? value?.selected_channels ?? value?.selected_conversations
    ?? part.initial_options?.map((o) => o.value) ?? part.initial_users ?? part.initial_channels ?? part.initial_conversations ?? [];
  const chosen = new Set(common.multiple ? some : [one]);
  const option = ([id, name]) => el("option", { value: id, selected: chosen.has(id) }, withEmoji(name));
  const list = (options) => options.map((o) => option([o.value, o.text.text]));
  const node = el("select", common);
  if (!common.multiple) node.append(el("option", { value: "" }, part.placeholder?.text ?? "Choose…"));
  const known = entries(part, world);
  if (known) node.append(...known.map(option));
  else if (part.option_groups) node.append(...part.option_groups.map((g) => el("optgroup", { label: g.label.text }, ...list(g.options))));
  else node.append(...list(part.options ?? []));
  return { node, read: () => (common.multiple ? [...node.selectedOptions].map((o) => o.value) : node.value || null) };
}

// A wall-clock time in the person's zone, to and from seconds since 1970.
function wall(seconds, tz) {
  return new Date(seconds * 1000).toLocaleString("sv-SE", { timeZone: tz }).replace(" ", "T").slice(0, 16);
}

function seconds(text, tz) {
  const guess = Date.parse(`${text}:00Z`) / 1000;
  const shift = Date.parse(`${wall(guess, tz)}:00Z`) / 1000 - guess;
  return guess - shift;
}

function moment(part, world, common, value) {
  const start = value?.selected_date_time ?? part.initial_date_time;
  const node = el("input", { type: "datetime-local", ...common, value: start ? wall(start, zone(world)) : "", title: `Times are in ${zone(world)}` });
  return { node, read: () => (node.value ? seconds(node.value, zone(world)) : null) };
}

// An input block in a modal (or message): label, field, hint and the place for its error.
export function field(block, world, use, inputs) {
  const part = block.element;
  const id = `field-${(serial += 1)}`;
  const group = part.type === "checkboxes" || part.type === "radio_buttons";
  const held = inputs?.values?.[block.block_id]?.[part.action_id];
  const { node, read } = choices(part, world, { id, label: block.label.text, value: held });
  const control = group ? node : node;
  const error = el("div", { class: "error", id: `${id}-error`, role: "alert" });
  const help = block.hint ? el("div", { class: "help", id: `${id}-hint` }, block.hint.text) : null;
  control.setAttribute("aria-describedby", `${id}-error${help ? ` ${id}-hint` : ""}`);
  const name = [withEmoji(block.label.text), block.optional ? el("span", { class: "optional" }, "(optional)") : ""];
  const title = group ? el("legend", {}, ...name) : el("label", { for: id }, ...name);
  if (block.dispatch_action) node.addEventListener("change", () => use(part, read()));
  inputs?.fields.push({ block_id: block.block_id, action_id: part.action_id, read, control, error });
  return el(group ? "fieldset" : "div", { class: "block-input" }, title, control, help, error);
}
