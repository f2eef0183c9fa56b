"use strict";
// Reads /openapi.json and shows it. Everything goes into the page as text and never as HTML.

const METHODS = ["get", "post", "put", "patch", "delete"];
let api = null;

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

// Text in which backticks mark code.
function prose(text) {
  return (text || "").split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

function resolve(object) {
  let found = object;
  while (found && found.$ref) {
    found = found.$ref.slice(2).split("/").reduce((node, key) => node[key], api);
  }
  return found || {};
}

const pretty = (value) => JSON.stringify(value, null, 2);

function schemaName(schema) {
  return schema && schema.$ref ? schema.$ref.split("/").pop() : null;
}

function typeText(schema) {
  const name = schemaName(schema);
  if (name) return name;
  if (schema.anyOf) return schema.anyOf.map(typeText).join(" or ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const types = [].concat(schema.type || "any");
  const base = types.map((type) => (type === "array" ? `list of ${typeText(schema.items || {})}` : type)).join(" or ");
  return schema.format ? `${base} (${schema.format})` : base;
}

function boundsText(schema) {
  const bounds = [];
  const add = (label, value) => value !== undefined && bounds.push(`${label} ${value}`);
  add("at least", Number.isSafeInteger(schema.minimum) ? schema.minimum : undefined);
  add("at most", Number.isSafeInteger(schema.maximum) ? schema.maximum : undefined);
  add("min. length", schema.minLength);
  add("max. length", schema.maxLength);
  add("max. elements", schema.maxItems);
  add("pattern", schema.pattern);
  add("default", schema.default === undefined ? undefined : JSON.stringify(schema.default));
  return bounds.join(", ");
}

function table(heads, rows) {
  const head = element("tr", {}, heads.map((text) => element("th", { scope: "col" }, text)));
  return element("div", { class: "scroll" },
    element("table", {}, element("thead", {}, head), element("tbody", {}, rows)));
}

function fieldRow(name, schema, required) {
  const bounds = boundsText(schema);
  const notes = [required ? "required" : null, schema.readOnly ? "read-only" : null, schema.writeOnly ? "write-only" : null];
  return element("tr", {},
    element("td", {}, element("code", {}, name), " ", element("small", { class: "faint" }, notes.filter(Boolean).join(", "))),
    element("td", {}, typeText(schema)),
    element("td", {}, prose(schema.description), bounds ? element("div", { class: "faint" }, bounds) : null));
}

function schemaTable(reference) {
  const schema = resolve(reference);
  const list = schema.properties && schema.properties.items;
  const inner = list && list.type === "array" && schemaName(list.items) ? resolve(list.items) : null;
  const required = schema.required || [];
  const rows = Object.entries(schema.properties || {}).map(([name, field]) => fieldRow(name, field, required.includes(name)));
  if (!rows.length) return null;
  const tables = [table(["Field", "Type", "Meaning"], rows)];
  if (inner) tables.push(element("h4", {}, schemaName(list.items)), schemaTable(list.items));
  return element("div", {}, tables);
}

const exampleOf = (schema) => (resolve(schema).examples || [])[0];

function parametersTable(parameters) {
  if (!parameters.length) return null;
  const rows = parameters.map((parameter) => element("tr", {},
    element("td", {}, element("code", {}, parameter.name), " ", element("small", { class: "faint" }, parameter.in)),
    element("td", {}, typeText(parameter.schema)),
    element("td", {}, prose(parameter.description), element("div", { class: "faint" },
      [boundsText(parameter.schema), parameter.example === undefined ? "" : `for example ${parameter.example}`].filter(Boolean).join("; ")))));
  return [element("h4", {}, "Parameters"), table(["Name", "Type", "Meaning"], rows)];
}

function bodySection(operation) {
  const content = operation.requestBody && operation.requestBody.content;
  if (!content) return null;
  const schema = Object.values(content)[0].schema;
  const example = exampleOf(schema);
  return [
    element("h4", {}, "Body ", element("small", { class: "faint" }, Object.keys(content).join(" or "))),
    element("p", { class: "faint" }, prose(resolve(schema).description)),
    schemaTable(schema),
    example === undefined ? null : element("pre", { tabindex: "0" }, pretty(example)),
  ];
}

function answerItem(status, answer) {
  const good = status < "400";
  const content = Object.values(answer.content || {})[0];
  const label = [element("strong", { class: good ? "good" : "bad" }, status), " "];
  if (!good) {
    const codes = Object.keys((content && content.examples) || {});
    const links = codes.map((code) => [element("a", { href: `#${code}` }, element("code", {}, code)), " "]);
    return element("div", {}, label, links.flat());
  }
  if (!content) return element("div", {}, label, prose(answer.description));
  const example = exampleOf(content.schema);
  return element("details", {},
    element("summary", {}, label, prose(answer.description)),
    schemaTable(content.schema),
    example === undefined ? null : element("pre", { tabindex: "0" }, pretty(example)));
}

function answersSection(operation) {
  const answers = Object.entries(operation.responses).map(([status, answer]) => answerItem(status, resolve(answer)));
  return [element("h4", {}, "Answers"), ...answers];
}

function tryForm(method, path, operation) {
  const output = element("div", { role: "status" });
  const inputs = (operation.parameters || []).map((parameter) => ({
    parameter,
    input: element("input", { placeholder: parameter.example === undefined ? "" : String(parameter.example), spellcheck: "false" }),
  }));
  const content = operation.requestBody && operation.requestBody.content;
  const example = content ? exampleOf(Object.values(content)[0].schema) : undefined;
  const body = content ? element("textarea", { spellcheck: "false" }) : null;
  if (body) body.value = pretty(example === undefined ? {} : example);
  const submit = (event) => {
    event.preventDefault();
    send(method, path, inputs, content ? Object.keys(content)[0] : null, body && body.value, output);
  };
  const fields = inputs.map(({ parameter, input }) => element("label", {}, `${parameter.name} (${parameter.in})`, input));
  return element("details", {}, element("summary", {}, "Try it"),
    element("form", { onsubmit: submit },
      element("div", { class: "row" }, fields),
      body ? element("label", {}, "Body", body) : null,
      element("button", {}, "Send")),
    output);
}

function requestOf(method, path, inputs, mediaType, body) {
  const headers = {};
  const query = new URLSearchParams();
  let target = path;
  for (const { parameter, input } of inputs) {
    if (!input.value) continue;
    if (parameter.in === "path") target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (parameter.in === "query") query.set(parameter.name, input.value);
    else headers[parameter.name] = input.value;
  }
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (mediaType) headers["Content-Type"] = mediaType;
  const search = query.toString();
  return { target: search ? `${target}?${search}` : target, options: { method: method.toUpperCase(), headers, body: body || undefined } };
}

async function send(method, path, inputs, mediaType, body, output) {
  const { target, options } = requestOf(method, path, inputs, mediaType, body);
  try {
    const response = await fetch(target, options);
    const text = await response.text();
    const shown = ["etag", "location", "mainstay-position", "x-request-id", "retry-after"]
      .filter((name) => response.headers.has(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    output.replaceChildren(
      element("p", { class: response.ok ? "good" : "bad" }, `${response.status} ${response.statusText}`),
      element("pre", { tabindex: "0" }, [`${options.method} ${target}`, ...shown, "", formatted(text)].join("\n")));
  } catch (error) {
    output.replaceChildren(element("p", { class: "bad" }, `The request could not be sent: ${error.message}`));
  }
}

// Numbers that a double cannot hold would change on the way through JSON.parse; such an answer is shown as it came.
function formatted(text) {
  if (/\d{16,}/.test(text.replace(/"(\\.|[^"\\])*"/g, ""))) return text;
  try { return pretty(JSON.parse(text)); } catch { return text; }
}

function operationItem(path, method, operation) {
  return element("details", { class: "operation", id: operation.operationId },
    element("summary", {}, element("span", { class: `method ${method}` }, method.toUpperCase()), " ",
      element("code", {}, path), " ", operation.summary),
    element("div", {},
      element("p", {}, prose(operation.description)),
      parametersTable(operation.parameters || []), bodySection(operation), answersSection(operation),
      tryForm(method, path, operation)));
}

function operationsOf(tag) {
  const found = [];
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS) {
      if (item[method] && item[method].tags.includes(tag)) found.push([path, method, item[method]]);
    }
  }
  return found;
}

function show() {
  const place = document.getElementById("operations");
  const contents = document.getElementById("contents");
  place.replaceChildren(place.querySelector("h2"), element("p", { class: "faint" }, prose(api.info.description)));
  for (const tag of api.tags) {
    const operations = operationsOf(tag.name);
    place.append(element("section", { "aria-label": tag.name }, element("h3", {}, tag.name),
      element("p", {}, prose(tag.description)), operations.map((operation) => operationItem(...operation))));
    contents.append(element("strong", {}, tag.name), element("ul", {}, operations.map(([, , operation]) =>
      element("li", {}, element("a", { href: `#${operation.operationId}` }, operation.summary)))));
  }
  document.getElementById("session").hidden = false;
  openTarget();
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.matches("details")) target.open = true;
  target.scrollIntoView();
}

async function login(event) {
  event.preventDefault();
  const form = event.target;
  const state = document.getElementById("session-state");
  const body = JSON.stringify({ email: form.email.value, password: form.password.value });
  const response = await fetch("/v1/auth/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const answer = await response.json();
  state.className = response.ok ? "good" : "bad";
  state.textContent = response.ok ? `Logged in; the token lives for ${answer.expires_in} seconds.` : answer.detail;
  if (response.ok) document.getElementById("token").value = answer.access_token;
  form.password.value = "";
}

document.getElementById("login").addEventListener("submit", login);
addEventListener("hashchange", openTarget);
fetch("/openapi.json").then((response) => response.json()).then((document) => {
  api = document;
  show();
}).catch((error) => {
  document.getElementById("operations").append(element("p", { class: "bad" }, `The API's description could not be read: ${error.message}`));
});
