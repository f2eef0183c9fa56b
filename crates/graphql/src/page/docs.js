// The schema to be read: types and fields, from one to the other and back, and a search over all.

import { element } from "./editor.js";
import { innerOf, textOf } from "./schema.js";

// The most that a search shows.
const MAX_FOUND = 100;

export class Docs {
  constructor(host) {
    this.search = Object.assign(element("input"), { type: "search", placeholder: "Search the schema" });
    this.search.setAttribute("aria-label", "Search the schema");
    this.back = element("button", "plain", "‹ Back");
    this.body = element("div", "body");
    this.body.tabIndex = -1;
    host.append(this.search, this.back, this.body);
    this.path = [];
    this.search.addEventListener("input", () => this.draw());
    this.back.addEventListener("click", () => {
      this.path.pop();
      this.draw();
    });
    this.tell("The schema is loading …");
  }

  tell(text) {
    this.back.hidden = true;
    this.body.replaceChildren(element("p", "faint", text));
  }

  use(schema) {
    this.schema = schema;
    this.draw();
  }

  // Opens a type, and a field of it.
  open(typeName, fieldName) {
    this.search.value = "";
    this.path.push({ typeName, fieldName });
    this.draw();
    this.body.focus();
    this.body.querySelector(".marked")?.scrollIntoView({ block: "nearest" });
  }

  draw() {
    if (!this.schema) return;
    const text = this.search.value.trim().toLowerCase();
    const here = this.path.at(-1);
    this.back.hidden = !here || text !== "";
    const type = here && this.schema.type(here.typeName);
    if (text) this.body.replaceChildren(...this.found(text));
    else if (type) this.body.replaceChildren(...this.type(type, here.fieldName));
    else this.body.replaceChildren(...this.roots());
    this.body.scrollTop = 0;
  }

  roots() {
    const kinds = Object.entries(this.schema.roots).filter(([, name]) => name);
    const roots = kinds.map(([kind, name]) => item(element("span", "t-keyword", `${kind}: `), this.link(name)));
    const rest = [...this.schema.types.keys()].filter((name) => !name.startsWith("__") && !kinds.some(([, root]) => root === name));
    const all = rest.sort().map((name) => item(this.link(name)));
    return [element("h3", "", "Operations"), list(roots), element("h3", "", "Types"), list(all)];
  }

  found(text) {
    const has = (name) => name.toLowerCase().includes(text);
    const items = [];
    for (const type of this.schema.types.values()) {
      if (type.name.startsWith("__")) continue;
      if (has(type.name)) items.push({ rank: type.name.toLowerCase().indexOf(text), item: item(this.link(type.name)) });
      for (const member of membersOf(type)) {
        if (has(member.name)) items.push({ rank: 1 + member.name.toLowerCase().indexOf(text), item: item(this.link(type.name, member.name)) });
      }
    }
    const best = items.sort((a, b) => a.rank - b.rank).slice(0, MAX_FOUND);
    const told = items.length > best.length ? `The first ${best.length} of ${items.length}:` : `${items.length} found`;
    return [element("p", "faint", told), list(best.map((one) => one.item))];
  }

  type(type, fieldName) {
    const parts = [element("h3", "", type.name), element("p", "faint", type.kind.toLowerCase().replace("_", " "))];
    if (type.description) parts.push(element("p", "doc", type.description));
    for (const [title, names] of [["Implements", type.interfaces], ["Is one of", type.possibleTypes]]) {
      if (names?.length) parts.push(element("h4", "", title), list(names.map((one) => item(this.link(one.name)))));
    }
    const title = type.enumValues ? "Values" : "Fields";
    const members = membersOf(type).map((member) => this.member(member, member.name === fieldName));
    if (members.length) parts.push(element("h4", "", title), list(members));
    return parts;
  }

  member(member, isMarked) {
    const made = item(element("code", "t-field", member.name));
    if (isMarked) made.className = "marked";
    if (member.type) made.append(": ", this.typeLink(member.type));
    if (member.defaultValue) made.append(` = ${member.defaultValue}`);
    if (member.isDeprecated) made.append(element("p", "wrong", `Deprecated. ${member.deprecationReason ?? ""}`));
    if (member.description) made.append(element("p", "doc", member.description));
    if (member.args?.length) made.append(this.args(member.args));
    return made;
  }

  args(args) {
    const of = (arg) => item(element("span", "t-argument", arg.name), ": ", this.typeLink(arg.type), arg.description ? ` ${arg.description}` : "");
    return list(args.map(of), "args");
  }

  // `[Room!]!`, of which the name leads to the type.
  typeLink(type) {
    const [before, after] = textOf(type).split(innerOf(type).name);
    const made = element("span");
    made.append(before, this.link(innerOf(type).name), after);
    return made;
  }

  link(typeName, fieldName) {
    const made = element("button", "link t-type", fieldName ? `${typeName}.${fieldName}` : typeName);
    made.addEventListener("click", () => this.open(typeName, fieldName));
    return made;
  }
}

const membersOf = (type) => type.fields ?? type.inputFields ?? type.enumValues ?? [];

function item(...children) {
  const made = element("li");
  made.append(...children);
  return made;
}

function list(items, className) {
  const made = element("ul", className);
  made.append(...items);
  return made;
}
