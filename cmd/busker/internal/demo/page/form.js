// A form the bot opened: Discord's modal, as the browser's own dialog.
import { el, markdown } from "./markdown.js";
import { field } from "./pickers.js";

const ROW = 1, TEXT_DISPLAY = 10, LABEL = 18, CHECK = 23;

// openForm shows a form until it is sent or closed. send(values, files) resolves
// to { error } or to { form } when another one follows.
export function openForm(form, street, send) {
  const fields = new Map();
  const before = document.activeElement;
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const dialog = el("dialog", { class: "form", "aria-labelledby": "form-title" },
    el("form", { method: "dialog", autocomplete: "off" },
      el("header", {}, el("h2", { id: "form-title" }, form.title),
        el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
      el("div", { class: "parts" }, ...form.components.map((c, i) => part(c, `part-${i}`, street, fields))),
      problem,
      el("footer", {}, el("button", { type: "button", class: "press", onclick: () => dialog.close() }, "Cancel"),
        el("button", { type: "submit", class: "press primary" }, "Submit"))));
  dialog.addEventListener("close", () => { dialog.remove(); before?.isConnected && before.focus(); });
  dialog.querySelector("form").addEventListener("submit", async (e) => {
    e.preventDefault();
    const values = {}, files = {};
    for (const [id, f] of fields) {
      if (f.files) { if (f.files().length) files[id] = f.files(); } else if (f.value) values[id] = f.value();
    }
    const { error } = await send(values, files);
    if (!error) return dialog.close();
    problem.hidden = false;
    problem.textContent = error;
  });
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("input, select, textarea, summary")?.focus();
}

function part(c, id, street, fields) {
  if (c.type === TEXT_DISPLAY) return el("div", { class: "body" }, markdown(c.content, {}));
  if (c.type === ROW) return el("div", {}, ...c.components.map((in_, i) => labelled(in_, in_.label, "", `${id}-${i}`, street, fields)));
  if (c.type === LABEL) return labelled(c.component, c.label, c.description, id, street, fields);
  return el("p", { class: "sub" }, `(component ${c.type})`);
}

function labelled(c, label, description, id, street, fields) {
  const f = field(c, street, id, label);
  fields.set(c.custom_id, f);
  const name = el("label", { htmlFor: id }, label,
    c.required === false || c.type === CHECK ? null : el("span", { class: "needed", title: "needed", "aria-hidden": "true" }, "*"));
  const note = description ? el("small", { id: id + "-note" }, description) : null;
  if (note) f.node.setAttribute("aria-describedby", id + "-note");
  return el("div", { class: c.type === CHECK ? "part check" : "part" }, name, note, f.node);
}
