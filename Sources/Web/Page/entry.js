// The field that takes a link or a code, and completes the words of a code: a combobox with a list of choices
// (WAI-ARIA), for the keyboard, a finger and a screen reader.

import { completed, completions } from "./code.js";

const choiceLimit = 6;

export class EntranceField {
    #input;
    #list;
    #status;
    #words = null;
    /** The text before the word that is completed, and the choices for it. */
    #begin = "";
    #choices = [];
    /** Which choice the arrow keys are at; -1 for none. */
    #active = -1;

    /** `words` is a promise of the list; `onEntered(text)` when the person is done. */
    constructor(document, words, onEntered) {
        this.#input = document.getElementById("link-input");
        this.#list = document.getElementById("link-choices");
        this.#status = document.getElementById("status");
        words.then((list) => {
            this.#words = list;
        });
        this.#input.oninput = () => this.#propose();
        this.#input.onkeydown = (event) => this.#handleKey(event);
        this.#input.onblur = () => this.#show([]);
        document.getElementById("link-form").onsubmit = (event) => {
            event.preventDefault();
            this.#show([]);
            onEntered(this.#input.value);
        };
    }

    #propose() {
        const { begin, choices } = this.#words
            ? completions(this.#input.value, this.#words, choiceLimit) : { begin: "", choices: [] };
        this.#begin = begin;
        this.#show(choices);
        if (choices.length > 0) this.#status.textContent = `Words: ${choices.join(", ")}`;
    }

    #show(choices) {
        this.#choices = choices;
        this.#active = -1;
        this.#list.replaceChildren(...choices.map((word, index) => {
            const choice = document.createElement("li");
            choice.id = `link-choice-${index}`;
            choice.setAttribute("role", "option");
            choice.setAttribute("aria-selected", "false");
            choice.textContent = word;
            // The field keeps the keyboard, on a phone too.
            choice.onpointerdown = (event) => event.preventDefault();
            choice.onmousedown = (event) => event.preventDefault();
            choice.onclick = () => this.#take(index);
            return choice;
        }));
        this.#list.hidden = choices.length === 0;
        this.#input.setAttribute("aria-expanded", String(choices.length > 0));
        this.#input.removeAttribute("aria-activedescendant");
    }

    #handleKey(event) {
        const count = this.#choices.length;
        if (count === 0 || event.isComposing) return;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            const step = event.key === "ArrowDown" ? 1 : -1;
            // Before the first and behind the last there is the field itself.
            this.#activate((this.#active + step + count + 2) % (count + 1) - 1);
        } else if ((event.key === "Enter" || event.key === "Tab" && !event.shiftKey) && this.#active >= 0) {
            this.#take(this.#active);
        } else if (event.key === "Escape") {
            this.#show([]);
        } else {
            return;
        }
        event.preventDefault();
    }

    #activate(index) {
        this.#active = index;
        for (const [place, choice] of Array.from(this.#list.children).entries()) {
            choice.setAttribute("aria-selected", String(place === index));
        }
        if (index < 0) this.#input.removeAttribute("aria-activedescendant");
        else this.#input.setAttribute("aria-activedescendant", `link-choice-${index}`);
    }

    #take(index) {
        this.#input.value = completed(this.#begin, this.#choices[index]);
        this.#input.focus();
        this.#show([]);
    }
}
