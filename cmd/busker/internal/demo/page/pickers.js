// What one chooses from: select menus of every kind, in messages and in forms, and
// the fields only forms have. Types are Discord's.
import { el } from "./markdown.js";

const STRING = 3, TEXT = 4, USER = 5, ROLE = 6, MENTIONABLE = 7, CHANNEL = 8;
const FILES = 19, RADIO = 21, CHECKS = 22, CHECK = 23;
const VOICE = 2, STAGE = 13;

export const isSelect = (type) => type === STRING || (type >= USER && type <= CHANNEL);

// bounds are how many values a component takes.
export function bounds(c) {
  return [c.min_values ?? 1, c.max_values ?? (c.type === CHECKS ? c.options.length : 1)];
}

// choices lists what a select menu offers: its own options, or whoever is there.
export function choices(c, street) {
  if (c.type === STRING) return c.options || [];
  const chosen = new Set((c.default_values || []).map((d) => d.id));
  const list = [];
  const add = (all, face) => all.forEach((x) => list.push({ value: x.id, label: face(x), default: chosen.has(x.id) }));
  if (c.type === USER || c.type === MENTIONABLE) add(street.people, (p) => p.name);
  if (c.type === ROLE || c.type === MENTIONABLE) add(street.roles, (r) => "@" + r.name);
  if (c.type === CHANNEL) {
    const type = (x) => (x.stage ? STAGE : x.voice ? VOICE : 0);
    add(street.channels.filter((x) => !c.channel_types?.length || c.channel_types.includes(type(x))), (x) => (x.voice ? "◖ " : "# ") + x.name);
  }
  return list;
}

const face = (o) => [o.emoji?.name, o.label].filter(Boolean).join(" ") + (o.description ? ` – ${o.description}` : "");

// select builds a menu. chosen(values) is told of every choice; menus of several
// values tell when they are closed.
export function select(c, street, label, chosen) {
  const [least, most] = bounds(c);
  const list = choices(c, street);
  return most > 1 ? several(c, list, label, chosen) : one(c, list, label, least, chosen);
}

function one(c, list, label, least, chosen) {
  const placeholder = c.placeholder || "Choose";
  const none = list.every((o) => !o.default);
  const s = el("select", { class: "pick", disabled: c.disabled, "data-custom": c.custom_id, "aria-label": label || placeholder },
    none || least === 0 ? el("option", { value: "", disabled: least > 0, selected: none }, none ? placeholder : "–") : null);
  for (const o of list) s.append(el("option", { value: o.value, selected: o.default, title: o.description }, face(o)));
  s.addEventListener("change", () => chosen(s.value ? [s.value] : []));
  s.values = () => (s.value ? [s.value] : []);
  return s;
}

// several is a menu of check boxes that unfolds.
function several(c, list, label, chosen) {
  const [least, most] = bounds(c);
  const boxes = list.map((o) => el("input", { type: "checkbox", value: o.value, checked: o.default }));
  const values = () => boxes.filter((b) => b.checked).map((b) => b.value);
  const summary = el("summary", { class: "pick", "data-custom": c.custom_id, "aria-label": label || c.placeholder || "Choose" });
  const before = values().join();
  const tell = () => {
    const names = list.filter((_, i) => boxes[i].checked).map((o) => o.label);
    summary.textContent = names.length ? names.join(", ") : c.placeholder || "Choose";
    boxes.forEach((b) => { b.disabled = !b.checked && values().length >= most; });
  };
  const node = el("details", { class: "several" }, summary,
    el("div", { class: "choices", role: "group", "aria-label": label || c.placeholder || "Choose" },
      ...list.map((o, i) => el("label", {}, boxes[i], el("span", {}, [o.emoji?.name, o.label].filter(Boolean).join(" "), o.description ? el("small", {}, o.description) : null)))));
  boxes.forEach((b) => b.addEventListener("change", tell));
  node.addEventListener("toggle", () => {
    if (!node.open && values().join() !== before && values().length >= least) chosen(values());
  });
  node.addEventListener("keydown", (e) => { if (e.key === "Escape" && node.open) { node.open = false; summary.focus(); e.stopPropagation(); e.preventDefault(); } });
  if (c.disabled) { summary.setAttribute("aria-disabled", "true"); summary.addEventListener("click", (e) => e.preventDefault()); }
  node.values = values;
  tell();
  return node;
}

// field builds a form's component: { node, value() or files() }.
export function field(c, street, id, label) {
  const needed = c.required !== false;
  if (isSelect(c.type)) {
    const node = select(c, street, label, () => {});
    if (node.tagName === "SELECT") node.id = id;
    return { node, value: () => node.values() };
  }
  switch (c.type) {
    case TEXT: {
      const common = { id, required: needed, maxLength: c.max_length ?? 4000, placeholder: c.placeholder || "", value: c.value || "" };
      if (c.min_length) common.minLength = c.min_length;
      const node = c.style === 2 ? el("textarea", { ...common, rows: 5 }) : el("input", { ...common, type: "text" });
      return { node, value: () => node.value };
    }
    case CHECK: {
      const node = el("input", { id, type: "checkbox", checked: !!c.default });
      return { node, value: () => node.checked };
    }
    case RADIO: case CHECKS: return group(c, id, label);
    case FILES: {
      const most = bounds(c)[1];
      const accept = (c.file_types || []).map((t) => (t.startsWith(".") ? t : t + "/*")).join();
      const node = el("input", { id, type: "file", multiple: most > 1, required: needed, accept });
      return { node, files: () => [...node.files] };
    }
  }
  return { node: el("p", { class: "sub" }, `(component ${c.type})`) };
}

function group(c, id, label) {
  const radio = c.type === RADIO;
  const inputs = c.options.map((o, i) => el("input", { type: radio ? "radio" : "checkbox", name: id, id: i ? `${id}-${i}` : id, value: o.value, checked: !!o.default, required: radio && c.required !== false }));
  const node = el("div", { class: "choices", role: radio ? "radiogroup" : "group", "aria-label": label },
    ...c.options.map((o, i) => el("label", {}, inputs[i], el("span", {}, o.label, o.description ? el("small", {}, o.description) : null))));
  const values = () => inputs.filter((b) => b.checked).map((b) => b.value);
  return { node, value: () => (radio ? values()[0] || "" : values()) };
}
