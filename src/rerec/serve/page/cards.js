// A recommended item as a card: its name, what fits, what is missing, and what the person thinks.

import { make, named, spoken } from "./dom.js";

const OPINIONS = [["like", "Like", "liked"], ["dislike", "Dislike", "disliked"], ["seen", "Seen", "seen"]];

const fact = (kind, sign, word) => ({ relation, value }) =>
  make("li", { class: kind }, make("span", { "aria-hidden": "true" }, sign), `${word}${relation} `, named(value));

const buttons = (item, onOpinion) => OPINIONS.map(([opinion, word, list]) => make("button", {
  type: "button",
  "aria-pressed": "false",
  "data-item": item.item_id,
  "data-list": list,
  onclick: (event) => onOpinion(item.item_id, event.currentTarget.ariaPressed === "true" ? null : opinion),
}, word, spoken(` ${item.label}`)));

const known = (facts) => [...new Set(facts.map(({ value }) => value))]
  .flatMap((value, place) => [place ? "\u00a0· " : "", named(value)]);

const why = (text) => make("details", {}, make("summary", {}, "What the model wrote"), make("p", {}, named(text)));

/** A card; `onOpinion(itemId, opinion)` is told what the person thinks, null when they take it back. */
export const card = (item, onOpinion) => make("li", { class: item.chosen ? "card chosen" : "card" },
  make("h3", {}, named(item.label), item.chosen ? make("small", {}, "the model’s choice") : null),
  item.matches.length + item.misses.length
    ? make("ul", { class: "facts", "aria-label": "What you asked for" },
      item.matches.map(fact("has", "✓ ", "")), item.misses.map(fact("lacks", "✗ ", "missing: ")))
    : null,
  item.facts.length ? make("p", { class: "known" }, known(item.facts)) : null,
  item.reasoning ? why(item.reasoning) : null,
  make("div", { class: "opinions" }, buttons(item, onOpinion)));

/** Presses the buttons of all cards as the state has it. */
export function press(state) {
  for (const button of document.querySelectorAll("button[data-item]")) {
    button.ariaPressed = String(state[button.dataset.list].includes(button.dataset.item));
  }
}
