// One request and its answer on the page: while it is thought about, answered, or failed.

import { card } from "./cards.js";
import { byId, make, named } from "./dom.js";

const TAIL = 80;

const time = (seconds) => (seconds < 1 ? `${Math.ceil(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`);

/** The last turn of the conversation, under all others. */
export class Turn {
  #thoughts = make("p", {});
  #summary = make("summary", {}, "Thinking …");
  #reasoning = make("details", { class: "reasoning" }, this.#summary, this.#thoughts);
  #answer = make("div", {});

  constructor(text) {
    this.element = make("article", { tabindex: "-1", "aria-busy": "true" },
      make("h2", {}, named(text)), this.#reasoning, this.#answer);
    byId("turns").append(this.element);
    this.element.scrollIntoView();
  }

  /** Adds a piece of the reasoning; its end is seen although the rest is folded away. */
  think(text) {
    this.#thoughts.append(text);
    this.#summary.textContent = `Thinking … ${this.#thoughts.textContent.slice(-TAIL)}`;
  }

  /** Shows what was replied. */
  show(reply, onOpinion) {
    const hasChosen = reply.recommendations.some((item) => item.chosen);
    const thought = `Reasoned by ${reply.model}${hasChosen ? "" : ", which settled on none of these"}`;
    const by = reply.model === "none" ? "From the catalogue alone" : thought;
    this.#end("Reasoning",
      make("p", { class: "said" }, named(reply.text)),
      make("ol", { class: "cards" }, reply.recommendations.map((item) => card(item, onOpinion))),
      make("p", { class: "by" }, `${by}, in ${time(reply.seconds.total)}.`));
  }

  /** Shows what was replied in an earlier visit. */
  recall(text) {
    this.#end("Reasoning", make("p", { class: "said" }, named(text)));
  }

  /** Says what went wrong, with a button to ask `again` once there is a point in it. */
  fail(message, waitSeconds, again) {
    const button = make("button", { type: "button", onclick: again });
    this.#end("Reasoning so far", make("p", { class: "fault", role: "alert" }, message), button);
    const until = Date.now() + 1000 * waitSeconds;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? `Try again in ${left} s` : "Try again";
      if (left > 0) setTimeout(tick, 200);
    };
    tick();
  }

  #end(summary, ...parts) {
    this.#summary.textContent = summary;
    this.#reasoning.hidden = !this.#thoughts.textContent;
    this.#answer.replaceChildren(...parts);
    this.element.setAttribute("aria-busy", "false");
    if (this.element.getBoundingClientRect().top > 0) this.element.scrollIntoView();
  }
}
