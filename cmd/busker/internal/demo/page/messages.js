// Renders messages as Discord's clients do: content, Components V2, embeds and
// attachments. Types and flags are Discord's.
import { el, link, markdown } from "./markdown.js";
import { isSelect, select } from "./pickers.js";

const EPHEMERAL = 1 << 6, LOADING = 1 << 7;

// A Conversation keeps the message list in step with what the server sends.
export class Conversation {
  // press(message, customID, values) tells what the reader did; menu(button, message)
  // and personMenu(button, user) open the menus of commands.
  constructor(list, { press, menu, personMenu }) {
    Object.assign(this, { list, press, menu, personMenu });
    this.street = { people: [], roles: [], channels: [] };
    this.shown = new Map(); // id → { text, node }
    this.dismissed = new Set();
  }

  // update takes the ids in order, those messages that changed, and who is there.
  update(order, changed, names, street) {
    this.street = street;
    for (const message of changed) this.render(message, names);
    const ids = new Set(order);
    for (const [id, node] of this.shown) {
      if (!ids.has(id)) { node.remove(); this.shown.delete(id); }
    }
    let at = this.list.firstElementChild;
    for (const id of order) {
      const node = this.shown.get(id);
      if (!node || this.dismissed.has(id)) continue;
      if (node === at) { at = at.nextElementSibling; continue; }
      this.list.insertBefore(node, at);
    }
  }

  // clear forgets everything: somebody else reads.
  clear() {
    this.list.replaceChildren();
    this.shown.clear();
  }

  render(message, names) {
    const old = this.shown.get(message.id);
    if (old?.querySelector("details[open]")) { this.later(old, message, names); return; }
    const node = this.build(message, names);
    this.shown.set(message.id, node);
    if (!old?.isConnected) return;
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.custom : null;
    old.replaceWith(node);
    if (focused) [...node.querySelectorAll("[data-custom]")].find((b) => b.dataset.custom === focused)?.focus();
  }

  // later waits with a new face until the reader has closed the menu in the old one.
  later(old, message, names) {
    old.update = () => this.render(message, names);
    old.querySelector("details[open]").addEventListener("toggle", () => old.update(), { once: true });
  }

  build(m, names) {
    const body = el("div", { class: "body" });
    const node = el("li", { class: "message", "data-id": m.id },
      avatar(m.author.global_name || m.author.username, m.author.bot, "big"),
      el("div", {}, this.heading(m), this.cause(m), body));
    const more = el("button", { type: "button", class: "more", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `What to do with the message of ${m.author.global_name || m.author.username}` }, "⋯");
    more.addEventListener("click", () => this.menu(more, m));
    node.addEventListener("contextmenu", (e) => { if (!e.target.closest("a, input, select, textarea")) { e.preventDefault(); this.menu(more, m); } });
    node.append(more);
    if (m.flags & LOADING) body.append(el("p", { class: "thinking" }, `${m.author.username} is thinking`));
    else this.fill(body, m, names);
    if (m.flags & EPHEMERAL) {
      node.classList.add("private");
      body.append(el("p", { class: "only" }, "Only you can see this", el("span", { "aria-hidden": "true" }, "·"),
        el("button", { type: "button", onclick: () => { this.dismissed.add(m.id); node.remove(); } }, "Dismiss")));
    }
    return node;
  }

  heading(m) {
    const when = new Date(m.timestamp);
    const who = el("button", { type: "button", class: "author", "aria-haspopup": "menu", "aria-expanded": "false" }, m.author.global_name || m.author.username);
    who.addEventListener("click", () => this.personMenu(who, m.author));
    return el("p", { class: "who" }, who,
      m.author.bot ? el("span", { class: "tag" }, "bot") : null,
      el("time", { dateTime: m.timestamp, title: when.toLocaleString() }, when.toLocaleTimeString([], { timeStyle: "short" })));
  }

  cause(m) {
    const from = m.interaction_metadata;
    if (!from?.name) return null;
    return el("p", { class: "cause" }, `${from.user.global_name || from.user.username} used `, el("code", {}, (m.type === 23 ? "" : "/") + from.name));
  }

  fill(body, m, names) {
    if (m.content) body.append(markdown(m.content, names));
    for (const e of m.embeds || []) body.append(embed(e, names));
    for (const c of m.components || []) body.append(this.component(c, m, names));
    for (const a of m.attachments || []) {
      if (!JSON.stringify(m.components || []).includes(a.url)) body.append(attachment(a));
    }
  }

  component(c, m, names) {
    const inner = (list) => (list || []).map((x) => this.component(x, m, names));
    switch (c.type) {
      case 1: return el("div", { class: "buttons" }, ...inner(c.components));
      case 2: return this.button(c, m);
      case 9: return el("div", { class: "section" }, el("div", {}, ...inner(c.components)), c.accessory ? this.component(c.accessory, m, names) : null);
      case 10: return el("div", { class: "body" }, markdown(c.content, names));
      case 11: return picture(c.media?.url, c.description, "thumb");
      case 12: return el("div", { class: "gallery" }, ...(c.items || []).map((i) => picture(i.media?.url, i.description, "")));
      case 13: return attachment({ url: c.file?.url, filename: c.name, size: c.size });
      case 14: return el("hr", { class: c.divider === false ? "rule blank" : "rule" });
      case 17: {
        const card = el("div", { class: "card" }, ...inner(c.components));
        if (Number.isInteger(c.accent_color)) card.style.setProperty("--accent", "#" + c.accent_color.toString(16).padStart(6, "0"));
        return card;
      }
    }
    if (isSelect(c.type)) return select(c, this.street, c.placeholder, (values) => this.press(m.id, c.custom_id, values));
    return el("span", { class: "sub" }, `(component ${c.type})`);
  }

  button(c, m) {
    const style = { 1: "primary", 3: "success", 4: "danger" }[c.style] || "";
    const face = [c.emoji?.name ? symbol(c.emoji.name, c.label) : null, c.label || null];
    if (c.style === 5) {
      const a = link(c.url);
      a.className = "press";
      a.append(...face.filter(Boolean));
      return a;
    }
    const b = el("button", { type: "button", class: `press ${style}`, disabled: c.disabled, "data-custom": c.custom_id }, ...face);
    b.addEventListener("click", () => { b.classList.add("busy"); this.press(m.id, c.custom_id, []).finally(() => b.classList.remove("busy")); });
    return b;
  }
}

// The signs of players, drawn: not every machine has a font with emoji.
const signs = {
  "⏸": "M7 5h4v14H7zM13 5h4v14h-4z", "▶": "M7 4.5v15l12-7.5z", "⏹": "M6 6h12v12H6z",
  "⏭": "M5 5v14l9-7zM15 5h3v14h-3z", "⏮": "M19 5v14l-9-7zM6 5h3v14H6z",
  "🔁": "M7 7h9V4l5 4.5-5 4.5v-3H9v4H6V8zM17 17H8v3l-5-4.5L8 11v3h7v-4h3v6z", "🔀": "M3 6h5l7 9h2v-3l5 4.5-5 4.5v-3h-4L6.5 9H3zM13 6h4V3l5 4.5-5 4.5V9h-2l-2 2-2-2.5zM3 15h3.5l2-2.5 1.8 2.3L8 18H3z",
  "❤": "M12 20.5 4.2 12.6a5 5 0 0 1 7-7.1l.8.8.8-.8a5 5 0 0 1 7 7.1z",
  "🎚": "M6 4h2v5h2v3H8v8H6v-8H4V9h2zM16 4h2v9h2v3h-2v4h-2v-4h-2v-3h2z",
  "📜": "M4 5h16v2.4H4zM4 10.8h16v2.4H4zM4 16.6h10V19H4z",
  "⚙": "M10.5 3h3l.4 2.3 1.8.8 2-1.3 2.1 2.1-1.3 2 .8 1.8 2.3.4v3l-2.3.4-.8 1.8 1.3 2-2.1 2.1-2-1.3-1.8.8-.4 2.3h-3l-.4-2.3-1.8-.8-2 1.3-2.1-2.1 1.3-2-.8-1.8L2.4 14v-3l2.3-.4.8-1.8-1.3-2 2.1-2.1 2 1.3 1.8-.8zM12 9a3.2 3.2 0 1 0 0 6.4A3.2 3.2 0 0 0 12 9z",
  "🔂": "M7 7h9V4l5 4.5-5 4.5v-3H9v4H6V8zM17 17H8v3l-5-4.5L8 11v3h7v-4h3v6z",
};

function symbol(emoji, label) {
  const path = signs[emoji.replace(/\uFE0F/g, "")];
  if (!path) return el("span", { "aria-hidden": label ? "true" : null }, emoji);
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "sign");
  if (label) svg.setAttribute("aria-hidden", "true");
  else { svg.setAttribute("role", "img"); svg.setAttribute("aria-label", emoji); }
  const shape = document.createElementNS(ns, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

export function avatar(name, bot, size = "") {
  return el("span", { class: `avatar ${bot ? "bot" : ""} ${size}`, "aria-hidden": "true" }, bot ? "♪" : (name || "?").slice(0, 1).toUpperCase());
}

// local turns an address of the local Discord's file store into one of this page's
// own (its policy lets nothing else load); other addresses are not loaded.
function local(url) {
  try {
    const u = new URL(url);
    return ["127.0.0.1", "localhost", "[::1]"].includes(u.hostname) ? "media" + u.pathname + u.search : null;
  } catch {
    return null;
  }
}

function picture(url, alt, style) {
  const src = local(url);
  return src ? el("img", { src, alt: alt || "", class: style, loading: "lazy" }) : el("span", { class: style, role: "img", "aria-label": alt || "picture" });
}

function attachment(a) {
  if ((a.content_type || "").startsWith("image/")) return el("div", { class: "gallery" }, picture(a.url, a.description || a.filename, ""));
  const size = a.size ? el("small", {}, a.size > 1e6 ? `${(a.size / 1e6).toFixed(1)} MB` : `${Math.ceil(a.size / 1e3)} kB`) : null;
  const src = local(a.url);
  const name = a.filename || a.url?.split("/").at(-1) || "file";
  return el("p", { class: "file" }, src ? el("a", { href: src, download: name }, name) : name, size);
}

function embed(e, names) {
  const card = el("div", { class: "card" });
  if (Number.isInteger(e.color)) card.style.setProperty("--accent", "#" + e.color.toString(16).padStart(6, "0"));
  if (e.author) card.append(el("p", { class: "sub" }, e.author.name));
  if (e.title) card.append(el("h5", {}, e.url ? link(e.url, e.title) : e.title));
  if (e.description) card.append(el("div", { class: "body" }, markdown(e.description, names)));
  for (const f of e.fields || []) card.append(el("div", { class: "body" }, el("strong", {}, f.name), markdown(f.value, names)));
  if (e.thumbnail?.url) card.append(picture(e.thumbnail.url, "", "thumb"));
  if (e.footer) card.append(el("p", { class: "sub" }, e.footer.text));
  return card;
}
