// Walks through a document with the schema. It notes of each token what it is, what is wrong with it, and what could stand where the cursor is. It goes
// on behind what it does not understand, since a document that is being written is never whole.

import { isWord, tokensOf } from "./lexer.js";
import { elementOf, innerOf, isComposite, textOf } from "./schema.js";

// `slots` is what could stand at the cursor; of each: what it is and what it depends on.
export function walk(text, schema, cursor = -1) {
  const walker = new Walker(tokensOf(text), schema, cursor);
  walker.document();
  const { all, slots, problems, operations, fragments } = walker;
  return { tokens: all, slots, problems, operations, fragments };
}

class Walker {
  constructor(all, schema, cursor) {
    this.all = all;
    this.tokens = all.filter((token) => token.kind !== "comment");
    this.schema = schema;
    this.cursor = cursor;
    this.at = 0;
    this.slots = [];
    this.problems = [];
    this.operations = [];
    this.fragments = this.tokens.flatMap((token, at) =>
      token.text === "fragment" && this.tokens[at + 1]?.kind === "name" ? [this.tokens[at + 1].text] : []);
    this.inComment = all.some((token) => token.kind === "comment" && token.start < cursor && cursor <= token.end);
  }

  get next() {
    return this.tokens[this.at];
  }

  is(...texts) {
    return this.next !== undefined && texts.includes(this.next.text);
  }

  take(role, more = {}) {
    const token = this.tokens[this.at++];
    return Object.assign(token, { role }, more);
  }

  skip(text) {
    if (this.is(text)) this.take("mark");
  }

  problem(token, message) {
    token.problem = message;
    this.problems.push({ token, message });
  }

  // Something of this kind could stand here: it is noted if the cursor is here.
  slot(kind, more = {}) {
    const before = this.tokens[this.at - 1];
    const from = before === undefined ? 0 : before.end + (isWord(before) ? 1 : 0);
    const to = isWord(this.next) ? this.next.end : this.next?.start ?? Infinity;
    // Where a type or a fragment has to stand, nothing else can.
    if (this.slots.some((other) => ["condition", "input", "spread"].includes(other.kind))) return;
    if (!this.inComment && from <= this.cursor && this.cursor <= to) {
      const start = isWord(this.next) && this.next.start <= this.cursor ? this.next.start : this.cursor;
      this.slots.push({ kind, start, ...more });
    }
  }

  document() {
    while (this.next || this.slots.length === 0) {
      this.slot("definition");
      if (!this.next) return;
      if (this.is("{")) this.operation("query");
      else if (this.is("query", "mutation", "subscription")) this.operation(this.take("keyword").text);
      else if (this.is("fragment")) this.fragment();
      else this.problem(this.take("bad"), "a document has operations and fragments");
    }
  }

  operation(kind) {
    const operation = { kind, name: "", variables: [], start: this.next?.start ?? 0 };
    this.operations.push(operation);
    if (this.next?.kind === "name") operation.name = this.take("type").text;
    this.variables = operation.variables;
    if (this.is("(")) this.variableDefinitions();
    this.directives(kind.toUpperCase());
    const root = this.schema?.root(kind);
    if (this.schema && !root) this.problem(this.tokens[this.at - 1] ?? this.next, `the schema has no ${kind}`);
    this.selection(root);
    operation.end = this.tokens[this.at - 1]?.end ?? 0;
  }

  fragment() {
    this.take("keyword");
    if (this.next?.kind === "name") this.take("type");
    this.variables = null;
    this.directives("FRAGMENT_DEFINITION");
    this.selection(this.condition());
  }

  // `on Type`
  condition(within) {
    this.slot("on");
    if (!this.is("on")) return within;
    this.take("keyword");
    this.slot("condition", { type: within });
    if (this.next?.kind !== "name") return within;
    const token = this.take("type");
    const type = this.schema?.type(token.text);
    if (this.schema && !isComposite(type)) this.problem(token, `there is no type ${token.text} with fields`);
    return Object.assign(token, { type }).type;
  }

  variableDefinitions() {
    this.take("mark");
    while (this.next && !this.is(")", "{")) {
      if (this.next.kind !== "variable") {
        this.problem(this.take("bad"), "a variable begins with `$`");
        continue;
      }
      const name = this.take("variable").text;
      this.skip(":");
      const type = this.typeReference();
      this.variables.push({ name, type });
      if (this.is("=")) {
        this.take("mark");
        this.value(type);
      }
      this.directives("VARIABLE_DEFINITION");
    }
    this.skip(")");
  }

  // A type as it is written: `[UUID!]!`. Answered as introspection would.
  typeReference() {
    let type;
    if (this.is("[")) {
      this.take("mark");
      type = { kind: "LIST", ofType: this.typeReference() };
      this.skip("]");
    } else {
      this.slot("input");
      if (this.next?.kind !== "name") return undefined;
      const token = this.take("type");
      type = this.schema?.type(token.text);
      if (this.schema && !type) this.problem(token, `there is no type ${token.text}`);
      token.type = type;
    }
    if (!this.is("!")) return type;
    this.take("mark");
    return type && { kind: "NON_NULL", ofType: type };
  }

  selection(type) {
    if (!this.is("{")) return;
    const open = this.take("mark");
    while (this.next && !this.is("}")) {
      this.slot("field", { type });
      if (this.next.kind === "spread") this.spread(type);
      else if (this.next.kind === "name") this.field(type);
      else this.problem(this.take("bad"), "a field stands here");
    }
    this.end("field", { type });
    if (this.next) this.take("mark");
    else this.problem(open, "this bracket is not closed");
  }

  // As `slot`, ahead of the bracket that closes. Where the text ends without it, what stands there belongs to the innermost bracket alone.
  end(kind, more) {
    if (!this.isCutOff) this.slot(kind, more);
    this.isCutOff ||= this.next === undefined;
  }

  spread(type) {
    this.take("mark");
    this.slot("spread", { type });
    if (this.next?.kind === "name" && !this.is("on")) {
      const token = this.take("type");
      if (!this.fragments.includes(token.text)) this.problem(token, `there is no fragment ${token.text}`);
      this.directives("FRAGMENT_SPREAD");
      return;
    }
    const inner = this.condition(type);
    this.directives("INLINE_FRAGMENT");
    this.selection(inner);
  }

  field(type) {
    let token = this.take("field");
    if (this.is(":")) {
      token.role = "alias";
      this.take("mark");
      this.slot("field", { type });
      if (this.next?.kind !== "name") return;
      token = this.take("field");
    }
    const field = type && this.schema?.field(type, token.text);
    Object.assign(token, { field, parent: type });
    if (type && !field) this.problem(token, `${type.name} has no field ${token.text}`);
    if (this.is("(")) this.arguments(field?.args, field ? `${token.text} has no argument` : "", ")");
    this.directives("FIELD");
    const inner = this.schema?.type(innerOf(field?.type)?.name);
    if (this.is("{")) {
      if (field && !isComposite(inner)) this.problem(token, `${token.text} is ${textOf(field.type)}, which has no fields`);
      this.selection(isComposite(inner) ? inner : undefined);
    } else if (isComposite(inner)) {
      this.problem(token, `say which fields of ${token.text} to show: { … }`);
    }
  }

  // Arguments, or the members of an object.
  arguments(known, unknown, close) {
    this.take("mark");
    const used = [];
    while (this.next && !this.is(close)) {
      this.slot("argument", { args: known, used });
      if (this.next.kind !== "name") {
        this.problem(this.take("bad"), "a name and a value stand here");
        continue;
      }
      const token = this.take("argument");
      const argument = known?.find((one) => one.name === token.text);
      used.push(token.text);
      Object.assign(token, { argument });
      if (known && !argument && unknown) this.problem(token, `${unknown} ${token.text}`);
      this.skip(":");
      this.value(argument?.type);
    }
    this.end("argument", { args: known, used });
    if (this.next) this.take("mark");
  }

  value(type) {
    const inner = this.schema?.type(innerOf(type)?.name);
    this.slot("value", { type: inner, variables: this.variables ?? [] });
    if (!this.next || this.is(")", "}", "]")) return;
    if (this.is("[")) {
      this.take("mark");
      while (this.next && !this.is("]", ")", "}")) this.value(elementOf(type));
      this.slot("value", { type: inner, variables: this.variables ?? [] });
      this.skip("]");
    } else if (this.is("{")) {
      const members = inner?.kind === "INPUT_OBJECT" ? inner.inputFields : undefined;
      this.arguments(members, members ? `${inner.name} has no field` : "", "}");
    } else if (this.next.kind === "name") {
      const token = this.take("enum");
      const values = inner?.kind === "ENUM" ? inner.enumValues.map((value) => value.name) : null;
      if (values && token.text !== "null" && !values.includes(token.text)) this.problem(token, `${inner.name} has no value ${token.text}`);
    } else {
      const token = this.take(this.next.kind);
      const isUnknown = token.kind === "variable" && this.variables && !this.variables.some((one) => one.name === token.text);
      if (isUnknown) this.problem(token, `the operation has no variable ${token.text}`);
    }
  }

  directives(location) {
    for (;;) {
      this.slot("directive", { location });
      if (this.next?.kind !== "directive") return;
      const token = this.take("keyword");
      const directive = this.schema?.directives.get(token.text.slice(1));
      if (this.schema && !directive) this.problem(token, `there is no directive ${token.text}`);
      if (this.is("(")) this.arguments(directive?.args, directive ? `${token.text} has no argument` : "", ")");
    }
  }
}
