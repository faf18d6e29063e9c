// Renders /openapi.json as tables. Text goes into the page as text alone, never as markup.
"use strict";

function made(tag, text, ...children) {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

function link(href, text) {
  const element = made("a", text);
  element.href = href;
  return element;
}

function table(heads, rows) {
  const head = made("thead", "", made("tr", "", ...heads.map((name) => made("th", name))));
  const body = made("tbody", "");
  for (const row of rows) {
    const cells = row.map((cell) => (cell instanceof Node ? made("td", "", cell) : made("td", cell)));
    body.append(made("tr", "", ...cells));
  }
  const box = made("div", "", made("table", "", head, body));
  box.className = "table";
  return box;
}

const nameOf = (reference) => reference.split("/").at(-1);

function typeOf(schema) {
  if (!schema) return made("span", "");
  if (schema.$ref) return link(`#schema-${nameOf(schema.$ref)}`, nameOf(schema.$ref));
  if (schema.enum) return made("code", schema.enum.map((value) => JSON.stringify(value)).join(" | "));
  if ("const" in schema) return made("code", JSON.stringify(schema.const));
  const choices = schema.anyOf || schema.oneOf;
  if (choices) {
    const parts = choices.flatMap((choice, place) => (place ? [" or ", typeOf(choice)] : [typeOf(choice)]));
    return made("span", "", ...parts);
  }
  if (schema.type === "array") return made("span", "list of ", typeOf(schema.items));
  return made("code", schema.type || "any");
}

function limitsOf(schema) {
  const parts = [schema, ...(schema.anyOf || [])];
  const names = ["minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"];
  const told = parts.flatMap((part) => names.filter((name) => name in part).map((name) => `${name} ${part[name]}`));
  return told.join(", ");
}

function fieldsOf(schema) {
  const required = new Set(schema.required || []);
  return Object.entries(schema.properties || {}).map(([name, field]) => [
    made("code", name),
    typeOf(field),
    required.has(name) ? "yes" : "",
    "default" in field ? JSON.stringify(field.default) : "",
    limitsOf(field),
  ]);
}

function operation(path, method, told) {
  const section = made("section", "");
  section.id = told.operationId;
  section.append(made("h3", `${method.toUpperCase()} ${path}`), made("p", told.description || told.summary));
  for (const parameter of told.parameters || []) {
    section.append(made("p", "In the address: ", made("code", parameter.name)));
  }
  const body = told.requestBody?.content?.["application/json"]?.schema;
  if (body) section.append(made("p", "Body: ", typeOf(body)));
  const answers = Object.entries(told.responses || {}).map(([status, answer]) => [status, answer.description]);
  section.append(table(["status", "meaning"], answers));
  return section;
}

function render(openapi) {
  document.title = `${openapi.info.title} API ${openapi.info.version}`;
  document.querySelector("h1").textContent = document.title;
  document.querySelector("#description").textContent = openapi.info.description;
  const contents = made("ul", "");
  const operations = document.querySelector("#operations");
  operations.append(made("h2", "Operations"));
  for (const [path, methods] of Object.entries(openapi.paths)) {
    for (const [method, told] of Object.entries(methods)) {
      operations.append(operation(path, method, told));
      contents.append(made("li", "", link(`#${told.operationId}`, `${method.toUpperCase()} ${path}`)));
    }
  }
  document.querySelector("#contents").append(contents);
  const schemas = document.querySelector("#schemas");
  schemas.append(made("h2", "Bodies"));
  for (const [name, schema] of Object.entries(openapi.components?.schemas || {})) {
    const heading = made("h3", name);
    heading.id = `schema-${name}`;
    schemas.append(heading, made("p", schema.description || ""));
    schemas.append(table(["field", "type", "required", "default", "limits"], fieldsOf(schema)));
  }
}

fetch("openapi.json")
  .then((response) => (response.ok ? response.json() : Promise.reject(new Error(`HTTP ${response.status}`))))
  .then(render)
  .catch((error) => {
    document.querySelector("#description").textContent = `openapi.json cannot be read: ${error.message}`;
  });
