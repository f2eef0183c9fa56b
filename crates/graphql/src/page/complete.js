// What can be put in where the cursor is.

import { isComposite, textOf } from "./schema.js";
import { walk } from "./walk.js";

// The choices, the likeliest first: `{text, detail, doc, start}`, of which `text` takes the place of what stands from `start` to the cursor.
export function choices(text, schema, cursor) {
  const { slots, fragments } = walk(text, schema, cursor);
  const found = slots.flatMap((slot) => of(slot, schema, fragments).map((choice) => ({ ...choice, start: slot.start })));
  const fitting = found.flatMap((choice) => {
    const rank = rankOf(choice.text, text.slice(choice.start, cursor));
    return rank === null ? [] : [{ ...choice, rank }];
  });
  const seen = new Set();
  return fitting.sort((a, b) => a.rank - b.rank).filter((choice) => !seen.has(choice.text) && seen.add(choice.text));
}

// How well a choice fits what is typed: what begins with it comes before what has it within.
function rankOf(choice, typed) {
  const place = choice.toLowerCase().indexOf(typed.toLowerCase());
  return place < 0 || choice === typed ? null : Math.min(place, 1);
}

function of(slot, schema, fragments) {
  const words = (...texts) => texts.map((text) => ({ text }));
  switch (slot.kind) {
    case "definition":
      return words("query", "mutation", "subscription", "fragment");
    case "field":
      return schema && slot.type ? schema.fields(slot.type).map(member) : [];
    case "on":
      return words("on");
    case "spread":
      return [...words("on"), ...fragments.map((text) => ({ text, detail: "fragment" }))];
    case "condition":
      return schema ? schema.overlapping(slot.type).map(type) : [];
    case "input":
      return schema ? schema.inputs().map(type) : [];
    case "argument":
      return (slot.args ?? []).filter((one) => !slot.used.includes(one.name)).map((one) => ({ ...member(one), text: `${one.name}: ` }));
    case "value":
      return values(slot);
    case "directive":
      return schema ? directives(schema, slot.location) : [];
    default:
      return [];
  }
}

const member = (one) => ({ text: one.name, detail: textOf(one.type), doc: one.description });
const type = (one) => ({ text: one.name, detail: isComposite(one) ? "" : one.kind.toLowerCase(), doc: one.description });

function values({ type: of, variables }) {
  const own = of?.kind === "ENUM" ? of.enumValues.map((value) => ({ text: value.name, detail: of.name, doc: value.description })) : [];
  const logical = of?.name === "Boolean" ? [{ text: "true" }, { text: "false" }] : [];
  const object = of?.kind === "INPUT_OBJECT" ? [{ text: "{}", detail: of.name, back: 1 }] : [];
  const given = variables.map((one) => ({ text: one.name, detail: one.type ? textOf(one.type) : "" }));
  return [...own, ...logical, ...given, ...object];
}

function directives(schema, location) {
  const here = [...schema.directives.values()].filter((one) => one.locations.includes(location));
  return here.map((one) => ({ text: `@${one.name}`, doc: one.description }));
}
