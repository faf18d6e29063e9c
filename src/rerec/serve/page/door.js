// The key of a server that asks for one: kept as long as the tab is open, sent with every call.

import { byId } from "./dom.js";

const KEY = "rerec.key";

/** The header that shows the key, where there is one. */
export function keyHeader() {
  const key = sessionStorage.getItem(KEY);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** Asks the person for the key. Returns whether one was given. */
export async function askForKey() {
  if (sessionStorage.getItem(KEY)) byId("kept").textContent = "That was not the key of this server.";
  const door = byId("door");
  byId("key").value = "";
  door.showModal();
  await new Promise((closed) => door.addEventListener("close", closed, { once: true }));
  const key = byId("key").value;
  if (key) sessionStorage.setItem(KEY, key);
  return Boolean(key);
}
