// An editor: a text area, and behind it the same text in colours. What can be put in is shown in a list below the cursor.

import { tokensOf } from "./lexer.js";

const PAIRS = { "{": "}", "(": ")", "[": "]" };

export class Editor {
  // `paint` answers the tokens of a text with what they are; `choices` what can be put in at a place.
  constructor(host, { label, paint = tokensOf, choices = () => [] }) {
    this.paint = paint;
    this.choicesAt = choices;
    this.back = element("pre", "back");
    this.back.setAttribute("aria-hidden", "true");
    this.area = Object.assign(element("textarea"), { spellcheck: false, wrap: "off" });
    this.area.setAttribute("aria-label", label);
    this.area.setAttribute("autocapitalize", "off");
    this.list = element("ul", "choices");
    this.list.setAttribute("role", "listbox");
    this.list.id = `${host.id}-choices`;
    this.list.hidden = true;
    this.area.setAttribute("aria-controls", this.list.id);
    this.area.setAttribute("aria-autocomplete", "list");
    this.ruler = element("span", "ruler", "x".repeat(100));
    host.append(this.back, this.area, this.list, this.ruler);
    this.area.addEventListener("input", (event) => this.changed(event));
    this.area.addEventListener("scroll", () => this.follow());
    this.area.addEventListener("keydown", (event) => this.key(event));
    this.area.addEventListener("blur", () => this.close());
    document.addEventListener("selectionchange", () => document.activeElement === this.area && this.onMove?.(this.area.selectionStart));
  }

  get value() {
    return this.area.value;
  }

  set value(text) {
    this.area.value = text;
    this.close();
    this.draw();
    this.onChange?.(text);
  }

  changed(event) {
    this.draw();
    this.onChange?.(this.value);
    // Behind a bracket Enter begins a line, so that nothing is offered there before something is typed.
    if (event.inputType?.startsWith("insert") && /[\w$@.]$/.test(event.data ?? "")) this.offer();
    else if (event.inputType?.startsWith("delete") && !this.list.hidden) this.offer();
    else this.close();
  }

  draw() {
    const text = this.value;
    const parts = [];
    let end = 0;
    for (const token of this.paint(text)) {
      parts.push(text.slice(end, token.start));
      const part = element("span", `t-${token.role ?? token.kind}`, token.text);
      if (token.problem) part.classList.add("wrong");
      parts.push(part);
      end = token.end;
    }
    // A line at the end that is empty has to have its height.
    this.back.replaceChildren(...parts, text.slice(end), "\n ");
    this.follow();
  }

  follow() {
    this.back.scrollTop = this.area.scrollTop;
    this.back.scrollLeft = this.area.scrollLeft;
  }

  // Puts text in as if it were typed, so that it can be undone.
  insert(text, start = this.area.selectionStart, end = this.area.selectionEnd) {
    this.area.focus();
    this.area.setSelectionRange(start, end);
    if (!document.execCommand("insertText", false, text)) {
      this.area.setRangeText(text, start, end, "end");
      this.area.dispatchEvent(new Event("input"));
    }
  }

  replaceAll(text) {
    if (text !== this.value) this.insert(text, 0, this.value.length);
  }

  // Shows a place, given by its line and column.
  show(line, column) {
    const before = this.value.split("\n").slice(0, line - 1).join("\n").length;
    const place = before + (line > 1 ? 1 : 0) + column - 1;
    this.area.focus();
    this.area.setSelectionRange(place, place);
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      return this.offer();
    }
    if (!this.list.hidden && this.keyInList(event)) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab" && !event.shiftKey) this.tab(event);
    else if (event.key === "Enter") this.newLine(event);
    else if (event.key === "Escape") this.tabLeaves = true;
    else if (PAIRS[event.key]) this.pair(event);
    else if (Object.values(PAIRS).includes(event.key) && this.value[this.area.selectionStart] === event.key) this.over(event);
  }

  // Tab indents; behind Escape, and at the begin, it leaves, as everywhere.
  tab(event) {
    const leaves = this.tabLeaves || this.area.selectionStart === 0;
    this.tabLeaves = false;
    if (leaves) return;
    event.preventDefault();
    this.insert("  ");
  }

  newLine(event) {
    event.preventDefault();
    const { selectionStart: at, value } = this.area;
    const indent = /[^\n]*$/.exec(value.slice(0, at))[0].match(/^ */)[0];
    const opens = "{([".includes(value[at - 1] ?? "x");
    this.insert(`\n${indent}${opens ? "  " : ""}`);
    if (opens && PAIRS[value[at - 1]] === value[at]) {
      const inner = this.area.selectionStart;
      this.insert(`\n${indent}`);
      this.area.setSelectionRange(inner, inner);
    }
  }

  pair(event) {
    const { selectionStart: start, selectionEnd: end, value } = this.area;
    if (start === end && /[\w"$]/.test(value[end] ?? "")) return;
    event.preventDefault();
    this.insert(event.key + value.slice(start, end) + PAIRS[event.key]);
    this.area.setSelectionRange(start + 1, end + 1);
  }

  // The closing bracket is there already.
  over(event) {
    event.preventDefault();
    const at = this.area.selectionStart + 1;
    this.area.setSelectionRange(at, at);
  }

  // Shows what can be put in here.
  offer() {
    const at = this.area.selectionStart;
    this.choices = this.choicesAt(this.value, at).slice(0, 100);
    if (this.choices.length === 0) return this.close();
    this.list.replaceChildren(...this.choices.map((choice, index) => this.item(choice, index)));
    this.list.hidden = false;
    this.choose(0);
    this.place(at);
  }

  item(choice, index) {
    const item = element("li", "", choice.text);
    item.id = `${this.list.id}-${index}`;
    item.setAttribute("role", "option");
    if (choice.detail) item.append(element("span", "detail", choice.detail));
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.accept(index);
    });
    return item;
  }

  place(at) {
    const lines = this.value.slice(0, at).split("\n");
    const width = this.ruler.getBoundingClientRect().width / 100;
    const height = parseFloat(getComputedStyle(this.area).lineHeight);
    const top = lines.length * height + 10 - this.area.scrollTop;
    const room = this.area.clientHeight;
    const above = top - height - this.list.offsetHeight;
    this.list.style.top = `${top + this.list.offsetHeight > room && above > 0 ? above : top}px`;
    const left = lines.at(-1).length * width + 10 - this.area.scrollLeft;
    this.list.style.left = `${Math.max(0, Math.min(left, this.area.clientWidth - this.list.offsetWidth))}px`;
  }

  choose(index) {
    this.chosen = (index + this.choices.length) % this.choices.length;
    [...this.list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === this.chosen)));
    const item = this.list.children[this.chosen];
    this.area.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
    const { doc } = this.choices[this.chosen];
    this.onDoc?.(doc ?? "");
  }

  keyInList(event) {
    const { key } = event;
    if (key === "ArrowDown") this.choose(this.chosen + 1);
    else if (key === "ArrowUp") this.choose(this.chosen - 1);
    else if ((key === "Enter" && !event.ctrlKey && !event.metaKey) || (key === "Tab" && !event.shiftKey)) this.accept(this.chosen);
    else if (key === "Escape") this.close();
    else return false;
    return true;
  }

  accept(index) {
    const { text, start, back = 0 } = this.choices[index];
    this.insert(text, start, this.area.selectionStart);
    const at = this.area.selectionStart - back;
    this.area.setSelectionRange(at, at);
    this.close();
  }

  close() {
    this.list.hidden = true;
    this.area.removeAttribute("aria-activedescendant");
  }
}

export function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
