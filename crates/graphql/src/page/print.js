// A document in the form that is usual: one field a line, two spaces a level.

import { tokensOf } from "./lexer.js";

export function pretty(text) {
  const printer = new Printer();
  tokensOf(text).forEach((token, at, all) => printer.add(token, all[at - 1], all[at - 2]));
  return printer.out.trim() + "\n";
}

class Printer {
  out = "";
  level = 0;
  // The brackets of arguments, in which all stays on a line.
  within = 0;

  add(token, before, beforeThat) {
    if (token.kind === "comment") this.line(token.text.trimEnd(), true);
    else if (this.within > 0 || "([".includes(token.text)) this.inline(token, before);
    else if (token.text === "{") this.open(before);
    else if (token.text === "}") this.close();
    else this.plain(token, before, beforeThat);
  }

  line(text, isWhole) {
    const fresh = this.out === "" || this.out.endsWith("\n");
    this.out += (fresh ? "" : "\n") + "  ".repeat(this.level) + text + (isWhole ? "\n" : "");
  }

  open(before) {
    if (this.level === 0 && (!before || before.text === "}")) this.line("{", true);
    else this.out = this.out.trimEnd() + " {\n";
    this.level += 1;
  }

  close() {
    this.level = Math.max(0, this.level - 1);
    this.line("}", true);
    // Definitions stand apart.
    if (this.level === 0) this.out += "\n";
  }

  // A name begins a line, unless it goes on what stands before it.
  plain(token, before, beforeThat) {
    const goesOn = before && [":", "...", "=", "@"].includes(before.text);
    const isOfSpread = before?.text === "on" && beforeThat?.text === "...";
    const begins = (token.kind === "name" || token.kind === "spread") && !goesOn && !isOfSpread;
    const fresh = this.out === "" || this.out.endsWith("\n");
    if (fresh || (begins && this.level > 0)) this.line(token.text, false);
    else if (token.text === ":" || (before?.text === "..." && token.text !== "on" && token.kind === "name")) this.out += token.text;
    else this.out += ` ${token.text}`;
  }

  inline(token, before) {
    const opens = "([{".includes(token.text);
    const closes = ")]}".includes(token.text);
    if (closes) this.within -= 1;
    this.out += this.gap(token, before) + token.text;
    if (opens) this.within += 1;
  }

  gap(token, before) {
    if (this.within === 0 || !before || before.kind === "comment") return "";
    if ("([{".includes(before.text) || ")]}:!(".includes(token.text)) return "";
    if ([":", "="].includes(before.text) || token.text === "=" || token.kind === "directive") return " ";
    return ", ";
  }
}
