// The page on which documents are tried: it puts its parts together.

import { choices } from "./complete.js";
import { Docs } from "./docs.js";
import { Editor, element } from "./editor.js";
import { tokensOf } from "./lexer.js";
import { pretty } from "./print.js";
import { ask, run, runOverSocket } from "./request.js";
import { Schema, textOf } from "./schema.js";
import { forgetRuns, keep, kept, noteRun, runs } from "./store.js";
import { walk } from "./walk.js";

const at = (id) => document.getElementById(id);
const EXAMPLE = "# Ctrl+Space shows what can stand at the cursor.\n{\n  __typename\n}\n";
// How many answers of a subscription stay on the page.
const MAX_ANSWERS = 100;

let schema = null;
let running = null;
// What the document is, as it was read last.
let read = { operations: [], problems: [], tokens: [] };

const docs = new Docs(at("docs"));
const query = new Editor(at("query"), {
  label: "Document",
  paint: (text) => (read = walk(text, schema)).tokens,
  choices: (text, place) => choices(text, schema, place),
});
const variables = new Editor(at("variables"), { label: "Variables, in JSON", paint: paintJson, choices: variableNames });
const headers = new Editor(at("headers"), { label: "Headers, in JSON", paint: paintJson });

query.onChange = (text) => {
  keep("query", text);
  listOperations();
  showProblems(read.problems.map(({ token, message }) => ({ ...placeOf(token.start), message })));
};
query.onMove = showHint;
query.onDoc = (doc) => doc && (at("hint").textContent = doc);
variables.onChange = (text) => {
  keep("variables", text);
  checkJson();
};
headers.onChange = checkJson;

query.value = kept("query", EXAMPLE);
variables.value = kept("variables");
headers.value = "";
headers.area.placeholder = '{"authorization": "Bearer …"}';
at("endpoint").value = kept("endpoint", "/graphql");
at("transport").value = kept("transport", "socket");

at("run").addEventListener("click", start);
at("stop").addEventListener("click", () => running?.abort());
at("pretty").addEventListener("click", () => query.replaceAll(pretty(query.value)));
at("transport").addEventListener("change", () => keep("transport", at("transport").value));
at("endpoint").addEventListener("change", () => {
  keep("endpoint", at("endpoint").value);
  loadSchema();
});
at("tab-headers").addEventListener("blur", () => schema || loadSchema());
headers.area.addEventListener("blur", () => schema || loadSchema());
for (const name of ["history", "docs"]) {
  at(`show-${name}`).addEventListener("click", () => show(name, at(name).hidden));
}
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const other = tab.nextElementSibling ?? tab.previousElementSibling;
    choose(other);
    other.focus();
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  else if (event.code === "KeyF" && event.shiftKey && event.altKey) at("pretty").click();
  else return;
  event.preventDefault();
});

function choose(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const isChosen = other === tab;
    other.setAttribute("aria-selected", String(isChosen));
    other.tabIndex = isChosen ? 0 : -1;
    at(other.getAttribute("aria-controls")).hidden = !isChosen;
  }
}

function show(name, isShown) {
  at(name).hidden = !isShown;
  at(`show-${name}`).setAttribute("aria-expanded", String(isShown));
  if (name === "history" && isShown) listRuns();
}

// JSON has the tokens of values in GraphQL; a text before a colon is a key.
function paintJson(text) {
  const tokens = tokensOf(text);
  tokens.forEach((token, place) => {
    if (token.kind === "string" && tokens[place + 1]?.text === ":") token.role = "key";
    if (token.kind === "name") token.role = "enum";
  });
  return tokens;
}

function variableNames(text, place) {
  const typed = /"?\w*$/.exec(text.slice(0, place))[0];
  const known = chosenOperation()?.variables ?? [];
  const missing = known.filter(({ name }) => !text.includes(`"${name.slice(1)}"`) && `"${name.slice(1)}`.includes(typed));
  // The quote behind the cursor, which an editor of ours does not put there, is not doubled.
  const of = ({ name, type }) => ({ text: `"${name.slice(1)}": `, detail: type ? textOf(type) : "", start: place - typed.length });
  return missing.map(of);
}

function jsonOf(editor, what) {
  const text = editor.value.trim();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The ${what} are not JSON: ${error.message}`);
  }
}

function checkJson() {
  try {
    jsonOf(variables, "variables");
    jsonOf(headers, "headers");
    at("json-problem").textContent = "";
  } catch (error) {
    at("json-problem").textContent = error.message;
  }
}

function listOperations() {
  const names = read.operations.map((operation) => operation.name).filter(Boolean);
  const chosen = at("operation").value;
  const options = names.length ? names.map((name) => new Option(name)) : [new Option("(the only one)", "")];
  at("operation").replaceChildren(...options);
  if (names.includes(chosen)) at("operation").value = chosen;
}

const chosenOperation = () => read.operations.find(({ name }) => name === at("operation").value) ?? read.operations[0];

function placeOf(place) {
  const lines = query.value.slice(0, place).split("\n");
  return { line: lines.length, column: lines.at(-1).length + 1 };
}

// What is wrong with the document: as this page sees it while it is written, and as the server told it.
function showProblems(problems) {
  const item = ({ line, column, message }) => {
    const button = element("button", "link", `${line}:${column} ${message}`);
    button.addEventListener("click", () => query.show(line, column));
    const made = element("li");
    made.append(button);
    return made;
  };
  at("problems").replaceChildren(...problems.slice(0, 20).map(item));
}

// What stands at the cursor, with a way to it in the schema.
function showHint(place) {
  const token = read.tokens.find((one) => one.start <= place && place <= one.end && (one.field || one.argument || one.type));
  if (!token) return;
  const member = token.field ?? token.argument;
  const owner = token.field ? token.parent?.name : (token.type?.name ?? member?.type?.name);
  const name = token.field ? `${owner}.${member.name}` : member ? member.name : owner;
  const doc = member?.description ?? token.type?.description ?? "";
  const text = `${member ? `: ${textOf(member.type)}` : ""}${doc && ` – ${doc}`}`;
  const link = element("button", "link t-type", name);
  link.addEventListener("click", () => {
    show("docs", true);
    docs.open(owner ?? textOf(member.type).replace(/[[\]!]/g, ""), token.field?.name);
  });
  at("hint").replaceChildren(link, text);
}

function tell(text, isBad) {
  at("status").textContent = text;
  at("status").className = isBad ? "wrong" : "";
}

async function start() {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  at("answer").replaceChildren();
  const begun = performance.now();
  let count = 0;
  try {
    const body = { query: query.value, variables: jsonOf(variables, "variables"), operationName: at("operation").value || null };
    const given = jsonOf(headers, "headers");
    noteRun({ query: query.value, variables: variables.value, operation: at("operation").value });
    if (!at("history").hidden) listRuns();
    at("stop").hidden = false;
    tell("running …");
    const isSocket = chosenOperation()?.kind === "subscription" && at("transport").value === "socket";
    const sent = (isSocket ? runOverSocket : run)(at("endpoint").value, given, body, signal, (text) => {
      if (signal.aborted) return;
      count += 1;
      showAnswer(text);
      tell(`running: ${count} so far`);
    });
    const { text, isBad } = await sent;
    tell(`${text}, ${count === 1 ? "" : `${count} answers, `}${Math.round(performance.now() - begun)} ms`, isBad);
  } catch (error) {
    tell(signal.aborted ? `stopped after ${count} answers` : error.message, !signal.aborted);
  } finally {
    if (running.signal === signal) at("stop").hidden = true;
  }
}

function showAnswer(text) {
  let json = null;
  try {
    json = JSON.parse(text);
  } catch {
    // It is shown as it came.
  }
  const shown = json ? JSON.stringify(json, null, 2) : text;
  const part = element("div");
  let end = 0;
  for (const token of paintJson(shown)) {
    part.append(shown.slice(end, token.start), element("span", `t-${token.role ?? token.kind}`, token.text));
    end = token.end;
  }
  part.append(shown.slice(end));
  at("answer").append(part);
  if (at("answer").children.length > MAX_ANSWERS) at("answer").firstElementChild.remove();
  const errors = json?.errors?.filter((error) => error.locations) ?? [];
  if (errors.length) showProblems(errors.map(({ message, locations: [place] }) => ({ ...place, message })));
}

function listRuns() {
  const item = (noted) => {
    const first = noted.query.split("\n").find((line) => line.trim() && !line.startsWith("#")) ?? "";
    const button = element("button", "link", `${noted.operation || first.slice(0, 60)}\n${new Date(noted.at).toLocaleString()}`);
    button.title = noted.query;
    button.addEventListener("click", () => {
      query.replaceAll(noted.query);
      variables.value = noted.variables;
      at("operation").value = noted.operation;
    });
    const made = element("li");
    made.append(button);
    return made;
  };
  const all = element("ul");
  all.append(...runs().map(item));
  const forget = element("button", "plain", "Forget all");
  forget.addEventListener("click", () => {
    forgetRuns();
    listRuns();
  });
  at("history").replaceChildren(element("h3", "", "History"), all, forget);
}

async function loadSchema() {
  try {
    schema = await Schema.load((body) => ask(at("endpoint").value, jsonOf(headers, "headers"), body));
    docs.use(schema);
  } catch (error) {
    schema = null;
    docs.tell(`The schema cannot be read: ${error.message}`);
  }
  query.draw();
  query.onChange(query.value);
}

loadSchema();
