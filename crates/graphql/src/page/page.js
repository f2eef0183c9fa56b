"use strict";

const at = (id) => document.getElementById(id);
const EXAMPLE = "{\n  __typename\n}\n";
let running = null;

// What was written last comes back; a token in the headers does not stay behind.
for (const name of ["query", "variables"]) {
  at(name).value = localStorage.getItem(`graphql.${name}`) ?? (name === "query" ? EXAMPLE : "");
  at(name).addEventListener("input", () => localStorage.setItem(`graphql.${name}`, at(name).value));
}
at("query").addEventListener("input", listOperations);
at("run").addEventListener("click", run);
at("stop").addEventListener("click", () => running?.abort());
at("search").addEventListener("input", () => showTypes(at("search").value.trim().toLowerCase()));
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
for (const editor of document.querySelectorAll("textarea")) {
  editor.addEventListener("keydown", indent);
}

// Tab indents within a line; at its begin it leaves, as everywhere.
function indent(event) {
  const { selectionStart: start, value } = event.target;
  if (event.key !== "Tab" || event.shiftKey || start === 0) return;
  event.preventDefault();
  event.target.setRangeText("  ", start, event.target.selectionEnd, "end");
  if (event.target.value !== value) event.target.dispatchEvent(new Event("input"));
}

function listOperations() {
  const names = [...at("query").value.matchAll(/\b(?:query|mutation|subscription)\s+([_A-Za-z]\w*)/g)].map((found) => found[1]);
  const chosen = at("operation").value;
  at("operation").replaceChildren(...["", ...names].map((name) => new Option(name || "(the only one)", name)));
  at("operation").value = names.includes(chosen) ? chosen : (names.length > 1 ? names[0] : "");
}

function json(id) {
  const text = at(id).value.trim();
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${id} are not JSON: ${error.message}`);
  }
}

async function ask(body, accept, signal) {
  const headers = { ...json("headers"), "content-type": "application/json", accept };
  return fetch("/graphql", { method: "POST", headers, body: JSON.stringify(body), signal });
}

function tell(text, bad) {
  at("status").textContent = text;
  at("status").className = bad ? "bad" : "";
}

async function run() {
  running?.abort();
  running = new AbortController();
  const signal = running.signal;
  at("stop").hidden = false;
  at("answer").textContent = "";
  const begun = performance.now();
  try {
    const body = { query: at("query").value, variables: json("variables"), operationName: at("operation").value || null };
    const response = await ask(body, "text/event-stream, application/graphql-response+json;q=0.9", signal);
    tell(`${response.status} ${response.statusText}`, !response.ok);
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
      await readEvents(response);
    } else {
      show(await response.text());
    }
    tell(`${response.status} ${response.statusText}, ${Math.round(performance.now() - begun)} ms`, !response.ok);
  } catch (error) {
    tell(signal.aborted ? "stopped" : error.message, !signal.aborted);
  } finally {
    if (running.signal === signal) at("stop").hidden = true;
  }
}

async function readEvents(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "))?.slice(6);
      if (data) show(data);
    }
  }
}

function show(text) {
  let pretty = text;
  try {
    pretty = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // It is shown as it came.
  }
  at("answer").textContent += (at("answer").textContent ? "\n" : "") + pretty;
}

let types = [];

const INTROSPECTION = `{ __schema { types { name kind description
  fields(includeDeprecated: true) { name description args { name type { ...T } } type { ...T } }
  inputFields { name description type { ...T } } enumValues { name description } } } }
fragment T on __Type { name kind ofType { name kind ofType { name kind ofType { name kind } } } }`;

async function loadSchema() {
  try {
    const answer = await (await ask({ query: INTROSPECTION }, "application/json")).json();
    types = answer.data?.__schema.types.filter((type) => !type.name.startsWith("__")) ?? [];
    if (!types.length) throw new Error(answer.errors?.[0].message ?? "it is empty");
    const first = ["Query", "Mutation", "Subscription"];
    const rank = (type) => first.includes(type.name) ? first.indexOf(type.name) : first.length;
    types.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
    showTypes("");
  } catch (error) {
    at("types").textContent = `The schema cannot be read: ${error.message}`;
  }
}

const typeText = (type) =>
  type.kind === "NON_NULL" ? `${typeText(type.ofType)}!` : type.kind === "LIST" ? `[${typeText(type.ofType)}]` : type.name;

const innerType = (type) => (type.ofType ? innerType(type.ofType) : type);

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function link(type) {
  const made = element("a", typeText(type));
  made.href = `#type-${innerType(type).name}`;
  made.addEventListener("click", () => {
    at("search").value = "";
    showTypes("");
    const target = at(`type-${innerType(type).name}`);
    if (target) target.open = true;
  });
  return made;
}

function memberItem(member) {
  const args = (member.args ?? []).map((arg) => `${arg.name}: ${typeText(arg.type)}`).join(", ");
  const item = element("li", "", element("code", member.name + (args ? `(${args})` : "")));
  if (member.type) item.append(": ", link(member.type));
  if (member.description) {
    const doc = element("div", member.description);
    doc.className = "faint";
    item.append(doc);
  }
  return item;
}

function showTypes(search) {
  const found = [];
  for (const type of types) {
    const members = type.fields ?? type.inputFields ?? type.enumValues ?? [];
    const named = type.name.toLowerCase().includes(search);
    const shown = named ? members : members.filter((member) => member.name.toLowerCase().includes(search));
    if (!named && !shown.length) continue;
    const details = element("details", "", element("summary", type.name));
    details.id = `type-${type.name}`;
    details.open = Boolean(search) && found.length < 5;
    if (type.description) details.append(element("p", type.description));
    details.append(element("ul", "", ...shown.map(memberItem)));
    found.push(details);
  }
  at("types").replaceChildren(...found);
}

listOperations();
loadSchema();
