// The subset of chat markdown bots write, turned into DOM nodes. Nothing here ever
// parses HTML: foreign text only becomes text nodes.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && !key.includes("-")) node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

// names maps user ids to names, for mentions.
export function markdown(text, names = {}) {
  const out = document.createDocumentFragment();
  const parts = String(text).split(/```(?:[a-z]*\n)?([\s\S]*?)```/);
  parts.forEach((part, i) => {
    if (i % 2) out.append(el("pre", {}, part.replace(/\n$/, "")));
    else if (part.trim()) blocks(part.replace(/^\n+|\n+$/g, ""), out, names);
  });
  return out;
}

function blocks(text, out, names) {
  let paragraph = null, list = null, quote = null;
  for (const line of text.split("\n")) {
    const heading = /^(#{1,3}) +(.*)/.exec(line);
    const small = /^-# +(.*)/.exec(line);
    const item = /^ *[-*] +(.*)/.exec(line);
    const quoted = /^> ?(.*)/.exec(line);
    if (!item) list = null;
    if (!quoted) quote = null;
    if (heading || small || item || quoted) paragraph = null;
    if (heading) out.append(inline(el("h" + (heading[1].length + 3)), heading[2], names));
    else if (small) out.append(inline(el("p", { class: "sub" }), small[1], names));
    else if (item) {
      if (!list) out.append((list = el("ul")));
      list.append(inline(el("li"), item[1], names));
    } else if (quoted) {
      if (!quote) out.append((quote = el("blockquote")));
      else quote.append(el("br"));
      inline(quote, quoted[1], names);
    } else {
      if (!paragraph) out.append((paragraph = el("p")));
      else paragraph.append("\n");
      inline(paragraph, line, names);
    }
  }
}

// Each rule: pattern, and what to make of the match.
const rules = [
  [/`([^`]+)`/, (m) => el("code", {}, m[1])],
  [/\\([\\*_~`|>#\[\]()<\-.!])/, (m) => m[1]],
  [/\*\*([\s\S]+?)\*\*(?!\*)/, (m, n) => inline(el("strong"), m[1], n)],
  [/__([\s\S]+?)__(?!_)/, (m, n) => inline(el("u"), m[1], n)],
  [/~~([\s\S]+?)~~/, (m, n) => inline(el("s"), m[1], n)],
  [/\*([^\s*](?:[\s\S]*?[^\s*])?)\*/, (m, n) => inline(el("em"), m[1], n)],
  [/(?<![A-Za-z0-9])_([^\s_](?:[\s\S]*?[^\s_])?)_(?![A-Za-z0-9])/, (m, n) => inline(el("em"), m[1], n)],
  [/\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?(?: "[^"]*")?\)/, (m, n) => inline(link(m[2]), m[1], n)],
  [/<(https?:\/\/[^\s>]+)>/, (m) => link(m[1], m[1])],
  [/https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,:;!?]/, (m) => link(m[0], m[0])],
  [/<t:(-?\d+)(?::([tTdDfFR]))?>/, (m) => moment(Number(m[1]), m[2])],
  [/<@!?(\d+)>/, (m, n) => el("strong", { class: "mention" }, "@" + (n[m[1]] || "someone"))],
  [/<#(\d+)>/, (m, n) => el("strong", { class: "mention" }, "#" + (n[m[1]] || "channel"))],
  [/<\/([\w -]+):\d+>/, (m) => el("code", {}, "/" + m[1])],
];

function inline(into, text, names) {
  while (text) {
    let first = null, make = null;
    for (const [pattern, build] of rules) {
      const match = pattern.exec(text);
      if (match && (!first || match.index < first.index)) [first, make] = [match, build];
    }
    if (!first) break;
    if (first.index) into.append(text.slice(0, first.index));
    into.append(make(first, names));
    text = text.slice(first.index + first[0].length);
  }
  if (text) into.append(text);
  return into;
}

export function link(href, text) {
  const url = safeURL(href);
  const node = el(url ? "a" : "span", url ? { href: url, target: "_blank", rel: "noopener noreferrer" } : {});
  if (text) node.append(text);
  return node;
}

function safeURL(href) {
  try {
    const url = new URL(href);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

function moment(seconds, style) {
  const when = new Date(seconds * 1000);
  const text = style === "R" ? relative(when) : when.toLocaleString([], style === "t" || style === "T" ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  return el("time", { dateTime: when.toISOString(), title: when.toLocaleString() }, text);
}

function relative(when) {
  const seconds = Math.round((when - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return words.format(Math.round(seconds / length), unit);
  }
  return words.format(seconds, "second");
}
