// The server's API as functions: JSON in and out, answers as they are written, faults as sentences.

import { askForKey, keyHeader } from "./door.js";

/** Something that went wrong, as a sentence; `waitSeconds` says when to try again. */
export class Fault extends Error {
  constructor(message, status = 0, waitSeconds = 0) {
    super(`${message[0].toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? "" : "."}`);
    Object.assign(this, { status, waitSeconds });
  }
}

const broken = (message) => (error) => {
  throw error.name === "AbortError" ? error : new Fault(message);
};

async function faultOf(response) {
  const said = await response.json().catch(() => ({}));
  const message = said.error?.message ?? `the server answers ${response.status}, without a reason`;
  return new Fault(message, response.status, Number(response.headers.get("Retry-After")) || 0);
}

/** One call; `body` goes as JSON. Throws a Fault, or an AbortError once `signal` is aborted. */
export async function call(method, path, body, signal) {
  const headers = { ...keyHeader(), ...(body && { "Content-Type": "application/json" }) };
  const response = await fetch(path, { method, headers, signal, body: JSON.stringify(body) })
    .catch(broken("the server does not answer; is it running?"));
  if (response.ok) return response;
  if (response.status === 401 && (await askForKey())) return call(method, path, body, signal);
  throw await faultOf(response);
}

/** What a call answers with, read from JSON. */
export const json = async (...args) => (await call(...args)).json();

function eventOf(block) {
  const fields = new Map(block.split(/\r?\n/).map((line) => line.split(/: ?(.*)/s, 2)));
  return fields.has("event") ? [{ name: fields.get("event"), data: JSON.parse(fields.get("data")) }] : [];
}

/** The server-sent events of a response as they arrive: {name, data}. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = () => reader.read().catch(broken("the connection broke off; the answer is lost"));
  let rest = "";
  for (let piece = await read(); !piece.done; piece = await read()) {
    const blocks = (rest + piece.value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    yield* blocks.flatMap(eventOf);
  }
}
