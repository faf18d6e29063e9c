// The conversation: what is asked goes out, what comes back is shown, opinions are sent.

import { call, events, Fault, json } from "./api.js";
import { press } from "./cards.js";
import { byId } from "./dom.js";
import { learn, remember } from "./memory.js";
import { Turn } from "./turns.js";

const ID = "rerec.conversation";
const N_TRIES = 8;
const PAUSE_MS = 250;
let running = null;

const conversationId = () => sessionStorage.getItem(ID);
const who = () => byId("user").value || null;
const say = (text) => { byId("status").textContent = text; };

function apply(state) {
  press(state);
  return remember(state, (itemId) => opine(itemId, null));
}

async function opine(itemId, opinion) {
  const body = { item_id: itemId, opinion, conversation_id: conversationId(), user_id: who() };
  try {
    await apply((await json("POST", "/api/feedback", body)).state);
    say(opinion === null ? "Taken back." : "Noted; it counts in your next request.");
  } catch (fault) {
    say(fault.message);
  }
}

async function take(turn, { name, data }) {
  if (name === "start") sessionStorage.setItem(ID, data.conversation_id);
  if (name === "thought") turn.think(data.text);
  if (name === "error") throw new Fault(data.error.message);
  if (name !== "reply") return;
  learn(data.reply.recommendations);
  turn.show(data.reply, opine);
  say(data.reply.text);
  await apply(data.reply.state);
}

async function send(text, signal, nTries = N_TRIES) {
  const body = { text, conversation_id: conversationId(), user_id: who(), stream: true };
  try {
    return await call("POST", "/api/recommend", body, signal);
  } catch (fault) {
    if (nTries === 0 || ![404, 409].includes(fault.status)) throw fault;
    // Gone: a new conversation begins. Still busy with what was stopped: it ends within a moment.
    if (fault.status === 404) sessionStorage.removeItem(ID);
    else await new Promise((done) => setTimeout(done, PAUSE_MS));
    return send(text, signal, nTries - 1);
  }
}

async function follow(turn, text, signal) {
  let last = "";
  for await (const event of events(await send(text, signal))) {
    await take(turn, event);
    last = event.name;
  }
  if (last !== "end") throw new Fault("the answer broke off before its end");
}

function work(controller) {
  running = controller;
  byId("send").textContent = controller ? "Stop" : "Ask";
}

/** Asks for something and shows the answer as it comes; nothing while another one is coming. */
export async function ask(text) {
  if (running) return;
  const controller = new AbortController();
  byId("welcome").hidden = true;
  const turn = new Turn(text);
  if (!byId("composer").contains(document.activeElement)) turn.element.focus({ preventScroll: true });
  work(controller);
  say("Thinking.");
  try {
    await follow(turn, text, controller.signal);
  } catch (fault) {
    const message = fault.name === "AbortError" ? "Stopped." : fault.message;
    turn.fail(message, fault.waitSeconds ?? 0, () => again(turn, text));
  } finally {
    if (running === controller) work(null);
  }
}

function again(turn, text) {
  if (running) return;
  turn.element.remove();
  ask(text);
}

/** Stops the answer that is coming. Returns whether one was. */
export function stop() {
  const wasRunning = running !== null;
  running?.abort();
  return wasRunning;
}

/** Begins a new conversation. */
export function startOver() {
  stop();
  work(null);
  sessionStorage.removeItem(ID);
  byId("turns").replaceChildren();
  byId("memory").hidden = true;
  byId("welcome").hidden = false;
  say("A new conversation.");
}

/** Begins a new conversation; the server forgets this one. */
export async function forget() {
  const path = `/api/conversations/${conversationId()}`;
  const had = conversationId() !== null;
  startOver();
  if (had) await call("DELETE", path).catch((fault) => say(fault.message));
}

/** Shows the conversation of this tab again, as far as the server still has it. */
export async function resume() {
  if (!conversationId()) return;
  const kept = await json("GET", `/api/conversations/${conversationId()}`).catch((fault) => {
    if (fault.status !== 404) throw fault;
  });
  if (!kept) return startOver();
  const { state, turns } = kept;
  byId("welcome").hidden = turns.length > 0;
  for (const { said, replied } of turns) new Turn(said).recall(replied);
  if (state.user_id !== null) byId("user").value = state.user_id;
  await apply(state);
}
