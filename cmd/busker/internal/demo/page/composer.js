// The command box: offers the registered commands while one types, then one field
// for every option of the chosen one.
import { el } from "./markdown.js";

const STRING = 3, INTEGER = 4, BOOLEAN = 5, USER = 6, CHANNEL = 7, ROLE = 8, MENTIONABLE = 9, NUMBER = 10, ATTACHMENT = 11;

export class Composer {
  // send(name, args, files) and say(text) resolve to "" or to what went wrong;
  // complete(name, args, focused, value) resolves to suggestions.
  constructor(root, { send, say, complete }) {
    Object.assign(this, { send, say, complete });
    for (const id of ["prompt", "offers", "fields", "verb", "problem"]) this[id] = root.querySelector("#" + id);
    this.commands = []; // sub-commands stand for themselves: "queue show"
    this.street = { people: [], roles: [], channels: [] };
    this.command = null; // the chosen one
    this.offered = [];
    this.at = 0;
    this.waiting = 0; // generation of the newest autocomplete request
    this.past = [];
    root.addEventListener("submit", (e) => { e.preventDefault(); this.submit(); });
    root.addEventListener("keydown", (e) => this.key(e));
    this.prompt.addEventListener("input", () => this.typed());
    this.prompt.addEventListener("blur", () => this.offer([]));
  }

  // typed offers what fits the text so far, and moves on to the options once a
  // command's name is complete.
  typed() {
    this.complain("");
    const text = this.prompt.value;
    if (this.command || !text.startsWith("/")) return this.offer([]);
    const wanted = text.slice(1).toLowerCase();
    const exact = this.commands.find((c) => wanted.startsWith(c.name + " "));
    if (exact) return this.choose(exact, text.slice(exact.name.length + 2));
    const fits = this.commands.filter((c) => c.name.includes(wanted) || c.description.toLowerCase().includes(wanted));
    fits.sort((a, b) => b.name.startsWith(wanted) - a.name.startsWith(wanted) || a.name.localeCompare(b.name));
    this.offer(fits.map((c) => ({
      face: [el("b", {}, "/" + c.name, ...(c.options || []).map((o) => el("span", { class: "opt" }, o.name))), el("small", {}, c.description)],
      take: () => this.choose(c, ""),
    })), this.prompt);
  }

  offer(list, field = this.prompt) {
    this.offered = list;
    this.field = field;
    this.at = 0;
    this.offers.hidden = !list.length;
    field.setAttribute("aria-expanded", String(list.length > 0));
    this.offers.replaceChildren(...list.map((o, i) => el("div", {
      class: "offer", role: "option", id: "offer-" + i,
      onmousedown: (e) => { e.preventDefault(); o.take(); },
      onmousemove: () => this.mark(i),
    }, ...o.face)));
    if (list.length) this.mark(0);
    else field.removeAttribute("aria-activedescendant");
  }

  mark(i) {
    this.at = (i + this.offered.length) % this.offered.length;
    [...this.offers.children].forEach((node, n) => node.setAttribute("aria-selected", String(n === this.at)));
    const chosen = this.offers.children[this.at]; // not scrollIntoView: it moves the page as well
    this.offers.scrollTop = Math.min(Math.max(this.offers.scrollTop, chosen.offsetTop + chosen.offsetHeight - this.offers.clientHeight + 6), chosen.offsetTop - 6);
    this.field.setAttribute("aria-activedescendant", "offer-" + this.at);
  }

  key(e) {
    const open = this.offered.length > 0;
    if (open && e.key === "ArrowDown") { this.mark(this.at + 1); e.preventDefault(); }
    else if (open && e.key === "ArrowUp") { this.mark(this.at - 1); e.preventDefault(); }
    else if (open && (e.key === "Tab" || e.key === "Enter") && !e.shiftKey && this.wants(e.key)) { this.offered[this.at].take(); e.preventDefault(); }
    else if (e.key === "Escape") { open ? this.offer([]) : this.reset(); e.preventDefault(); }
    else if (e.key === "Backspace" && this.command && e.target.value === "" && e.target === this.fields.querySelector("input, select")) { this.reset("/" + this.command.name); e.preventDefault(); }
    else if (!open && e.key === "ArrowUp" && e.target === this.prompt && !this.prompt.value && this.past.length) { this.prompt.value = this.past.at(-1); this.typed(); e.preventDefault(); }
  }

  // Enter sends a command whose suggestion is only a help for its value.
  wants(key) { return key === "Tab" || this.field === this.prompt || this.touched; }

  choose(command, rest) {
    this.command = command;
    this.touched = false;
    this.offer([]);
    this.prompt.hidden = true;
    this.prompt.value = "";
    this.verb.hidden = false;
    this.verb.textContent = "/" + command.name;
    this.fields.replaceChildren(...(command.options || []).map((o) => this.optionField(o)));
    const first = this.fields.querySelector("input, select");
    if (!first) { this.prompt.hidden = false; this.prompt.placeholder = "Enter to send"; this.prompt.focus(); return; }
    if (rest && first.type !== "file") first.value = rest;
    first.focus();
    first.dispatchEvent(new Event("input"));
  }

  optionField(o) {
    const common = { name: o.name, title: o.description, "aria-label": `${o.name}: ${o.description}`, "aria-required": o.required ? "true" : null };
    let input;
    if (o.choices?.length) input = el("select", common, el("option", { value: "" }, "–"), ...o.choices.map((c) => el("option", { value: String(c.value) }, c.name)));
    else if (o.type === BOOLEAN) input = el("select", common, el("option", { value: "" }, "–"), el("option", { value: "true" }, "yes"), el("option", { value: "false" }, "no"));
    else if (o.type >= USER && o.type <= MENTIONABLE) input = el("select", common, el("option", { value: "" }, "–"), ...this.named(o).map((x) => el("option", { value: x.id }, x.name)));
    else if (o.type === ATTACHMENT) input = el("input", { ...common, type: "file", accept: (o.file_types || []).map((t) => (t.startsWith(".") ? t : t + "/*")).join() });
    else if (o.type === INTEGER || o.type === NUMBER) input = el("input", { ...common, type: "text", inputMode: "decimal", placeholder: range(o) });
    else input = el("input", { ...common, type: "text", spellcheck: false, placeholder: o.description, role: o.autocomplete ? "combobox" : null, "aria-controls": o.autocomplete ? "offers" : null });
    if (o.autocomplete) {
      input.addEventListener("input", () => this.suggest(o, input));
      input.addEventListener("blur", () => this.offer([], input));
    }
    return el("label", { class: o.type === STRING && !o.choices?.length ? "field wide" : "field" }, el("span", {}, o.name), input);
  }

  // named are the people, roles or channels an option takes.
  named(o) {
    const { people, roles, channels } = this.street;
    const type = (c) => (c.stage ? 13 : c.voice ? 2 : 0);
    if (o.type === CHANNEL) return channels.filter((c) => !o.channel_types?.length || o.channel_types.includes(type(c)));
    return [...(o.type === ROLE ? [] : people), ...(o.type === USER ? [] : roles)];
  }

  async suggest(option, input) {
    const turn = ++this.waiting;
    const choices = await this.complete(this.command.name, this.args().args, option.name, input.value).catch(() => []);
    if (turn !== this.waiting || document.activeElement !== input) return;
    this.touched = false;
    this.offer(choices.map((c) => ({
      face: [el("b", {}, c.name)],
      take: () => { input.value = String(c.value); this.offer([], input); },
    })), input);
    input.onkeydown = (e) => { if (e.key.startsWith("Arrow")) this.touched = true; };
  }

  args() {
    const args = {}, files = {};
    for (const o of this.command.options || []) {
      const input = this.fields.querySelector(`[name="${CSS.escape(o.name)}"]`);
      if (o.type === ATTACHMENT) { if (input.files[0]) files[o.name] = input.files[0]; continue; }
      const value = input.value.trim();
      if (value === "") continue;
      args[o.name] = o.type === BOOLEAN ? value === "true" : (o.type === INTEGER || o.type === NUMBER) && value !== "" && !isNaN(value) ? Number(value) : value;
    }
    return { args, files };
  }

  async submit() {
    const text = this.prompt.value.trim();
    if (!this.command && text.startsWith("/")) {
      const c = this.commands.find((c) => "/" + c.name === text.toLowerCase());
      if (!c) return this.complain(`There is no command ${text.split(/\s/)[0]}. Type / to see them all.`);
      this.choose(c, "");
      if ((c.options || []).length) return;
    }
    if (!this.command) {
      if (!text) return;
      const wrong = await this.say(text);
      wrong ? this.complain(wrong) : (this.prompt.value = "");
      return;
    }
    const { args, files } = this.args();
    const missing = (this.command.options || []).find((o) => o.required && !(o.name in args) && !(o.name in files));
    if (missing) {
      this.complain(`“${missing.name}” is needed: ${missing.description}`);
      return this.fields.querySelector(`[name="${CSS.escape(missing.name)}"]`).focus();
    }
    this.past.push("/" + this.command.name + " " + Object.values(args).join(" "));
    const name = this.command.name;
    this.reset();
    this.complain(await this.send(name, args, files));
  }

  reset(text = "") {
    this.waiting++;
    this.command = null;
    this.offer([]);
    this.fields.replaceChildren();
    this.verb.hidden = true;
    this.prompt.hidden = false;
    this.prompt.placeholder = "Type / for commands";
    this.prompt.value = text;
    this.prompt.focus();
    this.typed();
  }

  complain(text) {
    this.problem.hidden = !text;
    this.problem.textContent = text;
  }
}

function range(o) {
  if (o.min_value !== undefined && o.max_value !== undefined) return `${o.min_value} to ${o.max_value}`;
  return o.min_value !== undefined ? `from ${o.min_value}` : "number";
}
