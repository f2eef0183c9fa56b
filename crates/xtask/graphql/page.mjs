// The parts of the page `/graphiql` that need no browser: node page.mjs <folder of the page>.

import assert from "node:assert/strict";
import test from "node:test";
import { pathToFileURL } from "node:url";

const part = (name) => import(pathToFileURL(`${process.argv[2]}/${name}.js`));
const [{ choices }, { pretty }, { Schema }, { walk }] = await Promise.all(["complete", "print", "schema", "walk"].map(part));

const named = (kind, name) => ({ kind, name });
const required = (type) => ({ kind: "NON_NULL", ofType: type });
const many = (type) => ({ kind: "LIST", ofType: type });
const [id, room, order] = [named("SCALAR", "UUID"), named("OBJECT", "Room"), named("INPUT_OBJECT", "RoomOrder")];
const field = (name, type, args = []) => ({ name, type, args });

const schema = new Schema({
  queryType: { name: "Query" },
  subscriptionType: { name: "Subscription" },
  directives: [{ name: "include", locations: ["FIELD"], args: [field("if", named("SCALAR", "Boolean"))] }],
  types: [
    { ...named("OBJECT", "Query"), fields: [
      field("room", room, [field("id", required(id))]),
      field("rooms", many(room), [field("order", many(order)), field("hidden", named("SCALAR", "Boolean"))]),
    ] },
    { ...named("OBJECT", "Subscription"), fields: [field("rooms", room)] },
    { ...room, interfaces: [{ name: "Record" }], fields: [field("id", required(id)), field("name", named("SCALAR", "String")), field("next", room)] },
    { ...named("INTERFACE", "Record"), possibleTypes: [{ name: "Room" }], fields: [field("id", required(id))] },
    { ...order, inputFields: [field("by", named("ENUM", "By")), field("then", order)] },
    { ...named("ENUM", "By"), enumValues: [{ name: "NAME" }, { name: "TIME" }] },
    id, named("SCALAR", "Boolean"), named("SCALAR", "String"),
  ],
});

// What can be put in at `|`.
function checkChoices(text, expected) {
  const cursor = text.indexOf("|");
  const found = choices(text.replace("|", ""), schema, cursor).map((choice) => choice.text);
  assert.deepEqual(found, expected, text);
}

test("what can stand at the cursor is offered and nothing else", () => {
  checkChoices("q|", ["query"]);
  checkChoices("{ ro| }", ["room", "rooms"]);
  checkChoices("{ room { n| } }", ["name", "next", "__typename"]);
  checkChoices("{ room { next { | ", ["id", "name", "next", "__typename"]);
  checkChoices("{ room(| }", ["id: "]);
  checkChoices("{ rooms(hidden: t|) { id } }", ["true"]);
  checkChoices("{ rooms(order: {by: NAME |}) { id } }", ["then: "]);
  checkChoices("{ rooms(order: [{then: {by: T|}}]) { id } }", ["TIME"]);
  checkChoices("query($id: UU|) { room }", ["UUID"]);
  checkChoices("query($mine: UUID) { room(id: $|) { id } }", ["$mine"]);
  checkChoices("{ room { id @|", ["@include"]);
  checkChoices("{ room { ... on | } }", ["Room", "Record"]);
  checkChoices("{ ...| } fragment F on Query { room { id } }", ["on", "F"]);
  checkChoices("{ room # r|\n }", []);
  checkChoices("{ room(id: \"r|\") }", []);
  checkChoices("subscription { r| }", ["rooms"]);
});

function checkProblems(text, expected) {
  assert.deepEqual(walk(text, schema).problems.map(({ token, message }) => `${token.text}: ${message}`), expected, text);
}

test("what is wrong is marked where it is", () => {
  checkProblems("query A($a: UUID!) { a: room(id: $a) { id ...F } } fragment F on Room { next { name } }", []);
  checkProblems("{ nothing }", ["nothing: Query has no field nothing"]);
  checkProblems("{ room(at: 1) { id } }", ["at: room has no argument at"]);
  checkProblems("{ room }", ["room: say which fields of room to show: { … }"]);
  checkProblems("{ room { id { id } } }", ["id: id is UUID!, which has no fields"]);
  checkProblems("{ rooms(order: {by: SIZE}) { id } }", ["SIZE: By has no value SIZE"]);
  checkProblems("{ room(id: $a) { id } }", ["$a: the operation has no variable $a"]);
  checkProblems("mutation { x }", ["mutation: the schema has no mutation"]);
  checkProblems("{ ...G } ]", ["G: there is no fragment G", "]: a document has operations and fragments"]);
});

// Whatever is typed, it comes to an end and loses nothing.
test("texts that are no documents are gone through", () => {
  const signs = ["{", "}", "(", ")", "[", "]", "$", "@", ":", "=", "!", "...", "on", "query", "fragment", "room", "\"", "#", "\n", "1"];
  let seed = 1;
  const next = () => (seed = (seed * 48271) % 2147483647);
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: next() % 24 }, () => signs[next() % signs.length]).join(next() % 2 ? " " : "");
    choices(text, schema, next() % (text.length + 1));
    const words = (source) => source.replace(/[\s,]/g, "");
    if (!/["#]/.test(text)) assert.equal(words(pretty(text)), words(text), text);
  }
});

test("a document is printed as is usual, and stays as it is when it is printed again", () => {
  const text = `query Q($a:Int=3,$b:[UUID!]!=["x"])@x(y:{a:1 b:[1,2]}){a:rooms(order:[{by:NAME}]) @include(if:$b){...F ... on Room{id # why
    name} ...@skip(if:true){id}}} # behind
    fragment F on Room{id} {room{id}}`;
  const expected = `query Q($a: Int = 3, $b: [UUID!]! = ["x"]) @x(y: {a: 1, b: [1, 2]}) {
  a: rooms(order: [{by: NAME}]) @include(if: $b) {
    ...F
    ... on Room {
      id
      # why
      name
    }
    ... @skip(if: true) {
      id
    }
  }
}

# behind
fragment F on Room {
  id
}

{
  room {
    id
  }
}
`;
  assert.equal(pretty(text), expected);
  assert.equal(pretty(expected), expected);
});
