// What is remembered of the conversation, as chips.

import { json } from "./api.js";
import { byId, make, named } from "./dom.js";

const labels = new Map();

/** Keeps the names of items, so that they need not be asked for. */
export function learn(recommendations) {
  for (const { item_id, label } of recommendations) labels.set(item_id, label);
}

async function look(itemId) {
  if (labels.has(itemId)) return;
  const item = await json("GET", `/api/items/${encodeURIComponent(itemId)}`).catch(() => ({ label: itemId }));
  labels.set(itemId, item.label);
}

const wish = ({ condition, wanted, through }) => make("li", {},
  `${wanted ? "" : "not "}${condition.relation} `, named(condition.value),
  through === null ? null : [" as in ", named(labels.get(through))]);

function span({ first, last }) {
  if (first === null && last === null) return [];
  if (first === null) return [make("li", {}, `${last} or before`)];
  return [make("li", {}, last === null ? `${first} or later` : `${first} to ${last}`)];
}

const opinions = (word, ids, forget) => ids.map((itemId) => make("li", {}, `${word} `, named(labels.get(itemId)),
  make("button", { type: "button", "aria-label": `Forget ${word} ${labels.get(itemId)}`, onclick: () => forget(itemId) }, "×")));

/** Shows the state; `forget(itemId)` is called when an opinion is taken back there. */
export async function remember(state, forget) {
  const seen = state.seen.filter((itemId) => ![...state.liked, ...state.disliked].includes(itemId));
  const through = state.wishes.map((one) => one.through).filter((itemId) => itemId !== null);
  await Promise.all([...through, ...state.like_items, ...state.liked, ...state.disliked, ...seen].map(look));
  const chips = [
    ...state.wishes.map(wish),
    ...span(state.years),
    ...state.words.map((words) => make("li", {}, "“", named(words), "”")),
    ...state.like_items.map((itemId) => make("li", {}, "something like ", named(labels.get(itemId)))),
    ...opinions("liked", state.liked, forget),
    ...opinions("disliked", state.disliked, forget),
    ...opinions("seen", seen, forget),
  ];
  byId("chips").replaceChildren(...chips);
  byId("memory").hidden = chips.length === 0;
}
