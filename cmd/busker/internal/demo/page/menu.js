// A context menu at a button: the commands bots registered for a message or a person.
import { el } from "./markdown.js";

let open = null;

export function closeMenu() {
  open?.remove();
  open = null;
}

// openMenu shows items ({ label, take, danger }) beside the button.
export function openMenu(button, title, items) {
  const again = open?.button === button;
  closeMenu();
  if (again || !items.length) return;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": title },
    ...items.map((i) => el("button", { type: "button", role: "menuitem", class: i.danger ? "danger" : "", onclick: () => { close(); i.take(); } }, i.label)));
  const close = () => { closeMenu(); button.setAttribute("aria-expanded", "false"); button.isConnected && button.focus(); };
  menu.button = button;
  menu.addEventListener("keydown", (e) => {
    const all = [...menu.children], at = all.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[e.key];
    if (to !== undefined) { all.at(to % all.length).focus(); e.preventDefault(); }
    if (e.key === "Escape" || e.key === "Tab") { close(); e.preventDefault(); e.stopPropagation(); }
  });
  document.body.append(menu);
  open = menu;
  button.setAttribute("aria-expanded", "true");
  const at = button.getBoundingClientRect();
  menu.style.top = Math.max(8, Math.min(at.bottom + 4, innerHeight - menu.offsetHeight - 8)) + "px";
  menu.style.left = Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8)) + "px";
  menu.firstElementChild.focus();
}

addEventListener("pointerdown", (e) => { if (open && !open.contains(e.target) && !open.button.contains(e.target)) closeMenu(); });
