// <footnote-chat>: Footnote on any page. One file without dependencies; `/widget` on the server shows how to use it.
// Nothing is kept in the browser, no text ever becomes HTML, and styles are constructed sheets, which a strict
// Content-Security-Policy allows. The host page's styles stop at the shadow root; `all: initial !important` on the
// host element wins even over the page's own `!important`.
(() => {
  "use strict";
  if (customElements.get("footnote-chat")) return;

  const SCRIPT = document.currentScript?.src;
  const LONGEST = 2000; // characters, as the server counts them
  const COUNT_FROM = 1700; // from here on the counter shows
  const PATIENCE = 60_000; // milliseconds for an answer
  const EARLIER = 3; // questions that go along as history; the server reads as many
  const AROUND = 260; // characters shown on each side of a cited sentence
  const VERDICTS = ["answered", "abstained", "declined", "emergency", "smalltalk"];
  const BROKEN = ["error", "screen_error"]; // reasons that are faults of the server, not of the source

  const STRINGS = {
    en: {
      title: "Ask the source", launch: "Ask", close: "Close", clear: "Clear", ask: "Ask", log: "Conversation",
      greeting: "Ask a question. Answers come in the source’s own words, and show where they stand.",
      placeholder: "Ask about the source", question: "Your question", asked: "You asked: ", try: "You could ask",
      waiting: "Reading the source…", understood: "Understood as: ", related: "Related, but not an answer",
      answered: "The source says", abstained: "Not in the source", declined: "Declined", emergency: "EMERGENCY",
      smalltalk: "Footnote", broken: "Something broke", unanswered: "Not answered",
      show: "Show in the source: ", open: "Open in the source", tab: " (opens in a new tab)", loading: "Fetching the text…",
      moved: "The source has changed since this answer; ask again.", lost: "The text could not be fetched.",
      verbatim: "The source, word for word", up: "Helpful", down: "Not helpful", thanks: "Thank you.",
      rephrased: "rephrased", rephrasedHint: "In other words than the source’s; its own stand below.",
      count: "{n} of {most} characters", long: "At most {most} characters are read. Shorten the question, or ask its parts one by one.",
      empty: "Please type a question.", retry: "Try again",
      offline: "You seem to be offline. Your question is kept.",
      unreached: "The server could not be reached. Your question is kept.",
      origin: "This site ({origin}) may not ask here. Whoever runs Footnote has to list it in FOOTNOTE_ORIGINS.",
      busy: "Many questions are being asked just now. Please try again in {n} seconds.",
      late: "No answer came in time. Your question is kept.",
      garbled: "The server’s answer could not be read. Your question is kept.",
      refused: "The server did not take this question.", failed: "Something broke on the server. Your question is kept.",
      urgent: "If this is urgent, do not wait for an answer here: call your emergency number.",
    },
    es: {
      title: "Pregunte a la fuente", launch: "Preguntar", close: "Cerrar", clear: "Borrar", ask: "Preguntar", log: "Conversación",
      greeting: "Haga una pregunta. Las respuestas usan las palabras de la propia fuente y muestran dónde están.",
      placeholder: "Pregunte sobre la fuente", question: "Su pregunta", asked: "Usted preguntó: ", try: "Puede preguntar",
      waiting: "Leyendo la fuente…", understood: "Entendido como: ", related: "Relacionado, pero no es una respuesta",
      answered: "La fuente dice", abstained: "No está en la fuente", declined: "Rechazado", emergency: "EMERGENCIA",
      smalltalk: "Footnote", broken: "Algo falló", unanswered: "Sin respuesta",
      show: "Mostrar en la fuente: ", open: "Abrir en la fuente", tab: " (se abre en otra pestaña)", loading: "Cargando el texto…",
      moved: "La fuente ha cambiado desde esta respuesta; pregunte de nuevo.", lost: "No se pudo cargar el texto.",
      verbatim: "La fuente, palabra por palabra", up: "Útil", down: "No es útil", thanks: "Gracias.",
      rephrased: "reformulado", rephrasedHint: "Con otras palabras que las de la fuente; las suyas están abajo.",
      count: "{n} de {most} caracteres", long: "Se leen como máximo {most} caracteres. Acorte la pregunta o divídala en partes.",
      empty: "Escriba una pregunta.", retry: "Reintentar",
      offline: "Parece que no hay conexión. Su pregunta se conserva.",
      unreached: "No se pudo contactar con el servidor. Su pregunta se conserva.",
      origin: "Este sitio ({origin}) no puede preguntar aquí. Quien administra Footnote debe añadirlo a FOOTNOTE_ORIGINS.",
      busy: "Hay muchas preguntas en este momento. Vuelva a intentarlo en {n} segundos.",
      late: "La respuesta no llegó a tiempo. Su pregunta se conserva.",
      garbled: "No se pudo leer la respuesta del servidor. Su pregunta se conserva.",
      refused: "El servidor no aceptó esta pregunta.", failed: "Algo falló en el servidor. Su pregunta se conserva.",
      urgent: "Si es urgente, no espere una respuesta aquí: llame a su número de emergencias.",
    },
    de: {
      title: "Die Quelle fragen", launch: "Fragen", close: "Schließen", clear: "Leeren", ask: "Fragen", log: "Gespräch",
      greeting: "Stellen Sie eine Frage. Antworten kommen im Wortlaut der Quelle und zeigen, wo sie stehen.",
      placeholder: "Fragen Sie zur Quelle", question: "Ihre Frage", asked: "Sie fragten: ", try: "Sie könnten fragen",
      waiting: "Die Quelle wird gelesen…", understood: "Verstanden als: ", related: "Verwandt, aber keine Antwort",
      answered: "Die Quelle sagt", abstained: "Nicht in der Quelle", declined: "Abgelehnt", emergency: "NOTFALL",
      smalltalk: "Footnote", broken: "Etwas ist ausgefallen", unanswered: "Nicht beantwortet",
      show: "In der Quelle zeigen: ", open: "In der Quelle öffnen", tab: " (öffnet einen neuen Tab)", loading: "Der Text wird geladen…",
      moved: "Die Quelle hat sich seit dieser Antwort geändert; fragen Sie noch einmal.", lost: "Der Text konnte nicht geladen werden.",
      verbatim: "Die Quelle, Wort für Wort", up: "Hilfreich", down: "Nicht hilfreich", thanks: "Danke.",
      rephrased: "umformuliert", rephrasedHint: "Mit anderen Worten als die Quelle; ihr Wortlaut steht darunter.",
      count: "{n} von {most} Zeichen", long: "Höchstens {most} Zeichen werden gelesen. Kürzen Sie die Frage, oder stellen Sie sie in Teilen.",
      empty: "Bitte geben Sie eine Frage ein.", retry: "Noch einmal",
      offline: "Sie scheinen offline zu sein. Ihre Frage bleibt erhalten.",
      unreached: "Der Server ist nicht erreichbar. Ihre Frage bleibt erhalten.",
      origin: "Diese Website ({origin}) darf hier nicht fragen. Wer Footnote betreibt, muss sie in FOOTNOTE_ORIGINS eintragen.",
      busy: "Gerade kommen viele Fragen. Bitte versuchen Sie es in {n} Sekunden noch einmal.",
      late: "Es kam rechtzeitig keine Antwort. Ihre Frage bleibt erhalten.",
      garbled: "Die Antwort des Servers ist nicht lesbar. Ihre Frage bleibt erhalten.",
      refused: "Der Server hat diese Frage nicht angenommen.", failed: "Auf dem Server ist etwas ausgefallen. Ihre Frage bleibt erhalten.",
      urgent: "Wenn es eilt, warten Sie hier nicht auf eine Antwort: Rufen Sie den Notruf.",
    },
  };

  const ICONS = {
    answered: "M3.5 10.5l4.2 4.2L16.5 5.5",
    abstained: "M10 2.8a7.2 7.2 0 1 0 .01 0M6.5 10h7",
    declined: "M10 3.2a3.2 3.2 0 1 0 .01 0M3.8 17c.5-3.7 3-5.6 6.2-5.6s5.7 1.9 6.2 5.6",
    emergency: "M10 2.8L18.2 16.8H1.8zM10 8v4.2M10 14.4v.2",
    smalltalk: "M3 4.5h14v9H9l-3.5 3v-3H3z",
    broken: "M10 2.8a7.2 7.2 0 1 0 .01 0M10 6v5M10 13.8v.2",
    close: "M5 5l10 10M15 5L5 15",
    chevron: "M5 8l5 5 5-5",
  };

  const CSS = `
:host { all: initial !important; display: block !important; }
:host([hidden]) { display: none !important; }
:host(:not([position="inline"])) { display: contents !important; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.root {
  --page: var(--footnote-page, #f6f5f1); --card: var(--footnote-card, #ffffff); --ink: var(--footnote-ink, #1f2529);
  --soft: var(--footnote-soft, #5a6369); --line: var(--footnote-line, #dcdad2); --edge: #7d858a;
  --accent: var(--footnote-accent, #0b5c69); --on-accent: var(--footnote-on-accent, #ffffff); --tint: var(--footnote-tint, #e4eff0);
  --mark: var(--footnote-mark, #ffe08a); --mark-ink: var(--footnote-mark-ink, #241d00);
  --warn: #8a4b00; --warn-tint: #fff6e6; --stop: #b0121b; --stop-tint: #fff1f0;
  color-scheme: light; color: var(--ink);
  font: 1em/1.5 var(--footnote-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif); text-align: start; overflow-wrap: anywhere;
}
.root.dark {
  --page: var(--footnote-page, #15181b); --card: var(--footnote-card, #1e2327); --ink: var(--footnote-ink, #e8e9e6);
  --soft: var(--footnote-soft, #a9b1b6); --line: var(--footnote-line, #3a4147); --edge: #8b949a;
  --accent: var(--footnote-accent, #86cdd8); --on-accent: var(--footnote-on-accent, #0c2226); --tint: var(--footnote-tint, #1d3438);
  --mark: var(--footnote-mark, #6b5308); --mark-ink: var(--footnote-mark-ink, #fff7db);
  --warn: #f0bd74; --warn-tint: #2e2515; --stop: #ff9d97; --stop-tint: #3d1718; color-scheme: dark;
}
h2, h3, h4, p, ul, blockquote { margin: 0; padding: 0; font: inherit; }
ul { list-style: none; }
button, a.button { display: inline-flex; align-items: center; gap: .45em; min-height: max(2.75em, 44px); min-width: max(2.75em, 44px); padding: .35em .7em; border: 1px solid transparent; border-radius: .6em; background: none; color: var(--accent); font: inherit; text-align: start; cursor: pointer; }
button:hover, a.button:hover { background: var(--tint); }
button[aria-disabled="true"] { opacity: .65; cursor: default; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
svg { width: 1.15em; height: 1.15em; flex: none; fill: none; stroke: currentcolor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.launch { position: fixed; z-index: 2147483000; inset-block-end: 1.25em; inset-inline-end: 1.25em; min-height: 3.25em; padding: .5em 1.3em; border: 1px solid var(--on-accent); border-radius: 2em; background: var(--accent); color: var(--on-accent); font-weight: 600; box-shadow: 0 .3em 1.2em rgb(0 0 0 / 28%); }
.launch:hover { background: var(--accent); filter: brightness(1.12); }
.panel { display: flex; flex-direction: column; border: 1px solid var(--line); border-radius: var(--footnote-radius, 1em); overflow: hidden; background: var(--page); color: var(--ink); }
.inline { height: var(--footnote-height, 36em); min-height: 18em; }
dialog:not([open]) { display: none; }
dialog { position: fixed; z-index: 2147483000; inset: auto; inset-block-end: 1.25em; inset-inline-end: 1.25em; margin: 0; padding: 0; width: min(var(--footnote-width, 27em), 100vw - 2.5em); max-width: none; height: min(var(--footnote-height, 42em), 100vh - 2.5em); max-height: none; box-shadow: 0 .6em 2.6em rgb(0 0 0 / 30%); }
.left .launch, .left dialog { right: auto; left: 1.25em; }
.right .launch, .right dialog { left: auto; right: 1.25em; }
.narrow dialog { inset: 0; width: 100vw; height: 100vh; height: 100dvh; border: 0; border-radius: 0; }
dialog::backdrop { background: none; }

.head { display: flex; align-items: center; gap: .25em; padding: .3em .4em .3em 1em; border-block-end: 1px solid var(--line); background: var(--card); }
.head { padding-inline: 1em .4em; }
.head h2 { flex: 1; min-width: 0; font-family: "Iowan Old Style", "Palatino Linotype", Charter, Georgia, serif; font-size: 1.1em; font-weight: 600; line-height: 1.3; padding-block: .4em; }
.head h2:focus { outline: none; }
.head button { color: var(--soft); font-size: .95em; justify-content: center; }
.log { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; position: relative; display: flex; flex-direction: column; gap: 1.4em; padding: 1em; outline-offset: -3px; }
.greeting { font-size: 1.08em; }
.turn { display: flex; flex-direction: column; gap: .55em; }
.question { align-self: flex-end; max-width: 88%; padding: .5em .9em; border-radius: 1em; border-end-end-radius: .25em; background: var(--tint); white-space: pre-wrap; }
.reply { padding: .85em 1em .9em; border: 1px solid var(--line); border-radius: .85em; background: var(--card); }
.verdict { display: flex; align-items: center; gap: .45em; font-weight: 650; color: var(--tone, var(--accent)); }
.said { margin-block-start: .3em; white-space: pre-wrap; }
.note { margin-block-end: .5em; padding-inline-start: .7em; border-inline-start: 3px solid var(--line); font-size: .9em; color: var(--soft); }
.notice { margin-block-start: .8em; padding-block-start: .6em; border-block-start: 1px solid var(--line); font-size: .9em; color: var(--soft); }
.label { font-size: .875em; font-weight: 600; color: var(--soft); }
.statement { margin-block: .5em .8em; }
.rephrased { display: inline-block; padding: 0 .5em; border: 1px solid var(--edge); border-radius: 1em; color: var(--soft); font-size: .8em; }
.quotes { display: flex; flex-direction: column; gap: .5em; margin-block-start: .55em; }
.quotes > li { padding-inline-start: .8em; border-inline-start: 3px solid var(--tone, var(--accent)); }
q, blockquote { font-family: "Iowan Old Style", "Palatino Linotype", Charter, "Noto Serif", Georgia, serif; font-size: 1.05em; quotes: "“" "”"; }
.cite { display: flex; width: 100%; padding-inline: .5em; margin-inline-start: -.5em; font-size: .9em; }
.cite .place { flex: 1; min-width: 0; }
.cite b { font-weight: 700; }
.cite svg { transition: transform .15s; }
.cite[aria-expanded="true"] svg { transform: rotate(180deg); }
.context { margin-block: .2em .5em; padding: .6em .8em .2em; border: 1px solid var(--line); border-radius: .6em; background: var(--page); }
.context h4 { font-size: .9em; font-weight: 600; }
.context blockquote { margin-block: .3em; color: var(--soft); white-space: pre-line; font-size: 1em; }
.context mark { padding: .1em .15em; border-radius: .2em; background: var(--mark); color: var(--mark-ink); box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.context a { font-size: .9em; margin-inline-start: -.7em; text-decoration: underline; text-underline-offset: .2em; }
.related { margin-block-start: .9em; padding: .65em .8em .4em; border: 1px dashed var(--edge); border-radius: .6em; }
.related .quotes > li { border-inline-start: 3px dotted var(--edge); }
.related q { color: var(--soft); font-size: 1em; }
.asks { margin-block-start: .9em; }
.asks ul { display: flex; flex-wrap: wrap; gap: .45em; margin-block-start: .4em; }
.asks button { border-color: var(--edge); border-radius: 1.4em; background: var(--card); padding-inline: .95em; font-size: .95em; }
.asks button:hover { border-color: var(--accent); background: var(--tint); }
.thumbs { display: flex; flex-wrap: wrap; margin: .5em -.7em -.5em; color: var(--soft); font-size: .9em; }
.thumbs p { padding: .6em .7em; outline: none; }
.thumbs button { color: inherit; }
.waiting { color: var(--soft); animation: breathe 1.4s ease-in-out infinite; }
@keyframes breathe { 50% { opacity: .55; } }
.is-abstained { --tone: var(--soft); border-style: dashed; border-color: var(--edge); }
.is-declined, .is-broken, .is-unanswered { --tone: var(--warn); background: var(--warn-tint); border-color: var(--warn); }
.is-smalltalk .verdict { font-size: .875em; color: var(--soft); }
.is-emergency { --tone: var(--stop); padding-block-start: 0; overflow: hidden; border: 2px solid #b0121b; background: var(--stop-tint); }
.is-emergency .verdict { margin: 0 -1em .7em; padding: .55em 1em; background: #b0121b; color: #ffffff; letter-spacing: .06em; }
.is-emergency .said { font-size: 1.15em; font-weight: 600; line-height: 1.45; }
.is-emergency a { display: inline-block; padding-block: .45em; margin-block: -.45em; color: var(--stop); font-weight: 800; white-space: nowrap; }
.is-emergency .notice { color: var(--ink); border-color: var(--stop); }
.is-unanswered .said + .said { font-size: .9em; }
.is-unanswered button { margin-block-start: .6em; border-color: var(--warn); color: var(--warn); }
.is-unanswered button:hover { background: var(--card); }

form { padding: .6em .7em .7em; border-block-start: 1px solid var(--line); background: var(--page); }
.box { display: flex; align-items: flex-end; gap: .4em; padding: .35em; border: 1px solid var(--edge); border-radius: .9em; background: var(--card); }
.box:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1px var(--accent); }
textarea { flex: 1; min-width: 0; min-height: 2.75em; max-height: 9em; margin: 0; padding: .6em .6em; border: 0; border-radius: .6em; background: none; color: var(--ink); font: inherit; line-height: 1.5; resize: none; field-sizing: content; }
textarea:focus-visible { outline: none; }
textarea::placeholder { color: var(--soft); opacity: 1; }
.send { padding-inline: 1.15em; background: var(--accent); color: var(--on-accent); font-weight: 600; }
.send:hover { background: var(--accent); filter: brightness(1.1); }
.count, .trouble { padding: .1em .4em .45em; font-size: .875em; color: var(--soft); }
.count { text-align: end; font-variant-numeric: tabular-nums; }
.trouble, .over { color: var(--warn); }
@media (prefers-reduced-motion: reduce) { *, .waiting { animation: none; transition: none; } }
@media (forced-colors: active) {
  button, a.button, .send, .launch { border-color: ButtonText; }
  .box:focus-within, textarea:focus-visible { outline: 3px solid Highlight; }
  .context mark { forced-color-adjust: none; background: Mark; color: MarkText; }
  .is-emergency .verdict { border-block-end: 2px solid; }
}`;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);

  // make("p", { class: "said", dir: "auto" }, "words", node, …): strings become text nodes, functions listeners.
  function make(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child != null && child !== ""));
    return made;
  }

  function icon(name) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    made.setAttribute("viewBox", "0 0 20 20");
    made.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", ICONS[name]);
    made.append(path);
    return made;
  }

  // Characters as Python counts them: an emoji is one, not two.
  const characters = (text) => (/[\ud800-\udfff]/.test(text) ? Array.from(text) : text);
  const slice = (chars, start, end) => (typeof chars === "string" ? chars.slice(start, end) : chars.slice(start, end).join(""));
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  const list = (value) => (Array.isArray(value) ? value : []);
  const readingOrder = (citations) =>
    [...citations].sort((a, b) => (a.document < b.document ? -1 : a.document > b.document ? 1 : a.start - b.start));

  class Trouble extends Error {
    // code: a key of STRINGS; after: seconds to wait before another try.
    constructor(code, { said = "", after = 0 } = {}) {
      super(said || code);
      Object.assign(this, { code, said, after });
    }
  }

  // The server's API: a token that lasts, one retry with a fresh one, every failure a Trouble.
  class Server {
    #token;
    #until = 0;
    #documents = new Map();

    constructor(address) {
      this.base = new URL(address, document.baseURI);
      if (!/^https?:$/.test(this.base.protocol)) throw new TypeError(`footnote-chat: server is no http(s) address: ${address}`);
      if (!this.base.pathname.endsWith("/")) this.base.pathname += "/";
    }

    ask(question, history, signal) {
      return this.#call("api/ask", { question, history }, signal);
    }

    vote(answer, vote) {
      return this.#call("api/feedback", { answer, vote });
    }

    async suggestions() {
      const found = await this.#call("api/suggestions");
      return list(found?.suggestions ?? found).filter((s) => typeof s === "string");
    }

    // Fetched once; a failure is forgotten, so that the next try is one.
    document(id) {
      if (!this.#documents.has(id)) {
        const fetched = this.#call(`api/documents/${path(id)}`);
        fetched.catch(() => this.#documents.delete(id));
        this.#documents.set(id, fetched);
      }
      return this.#documents.get(id);
    }

    place({ document: id, start, end }) {
      return new URL(`source/${path(id)}#${Number(start)}-${Number(end)}`, this.base).href;
    }

    async #call(where, body, signal, fresh = false) {
      const headers = { Authorization: `Bearer ${await this.#session(fresh, signal)}` };
      const response = await this.#fetch(where, body, signal, headers);
      if (response.status === 401 && !fresh) return this.#call(where, body, signal, true);
      return this.#read(response);
    }

    async #session(fresh, signal) {
      if (fresh || !this.#token || Date.now() > this.#until) {
        const session = await this.#read(await this.#fetch("api/session", {}, signal));
        if (typeof session?.token !== "string") throw new Trouble("garbled");
        this.#token = session.token;
        this.feedback = session.feedback === true;
        this.#until = Date.now() + (Number(session.expires_in) - 20) * 1000;
      }
      return this.#token;
    }

    async #fetch(where, body, signal, headers = {}) {
      const limit = AbortSignal.timeout(PATIENCE);
      const options = { headers, cache: "no-store", signal: signal && AbortSignal.any ? AbortSignal.any([signal, limit]) : (signal ?? limit) };
      if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } });
      try {
        return await fetch(new URL(where, this.base), options);
      } catch (error) {
        if (error.name === "TimeoutError") throw new Trouble("late");
        if (signal?.aborted) throw error;
        if (navigator.onLine === false) throw new Trouble("offline");
        throw new Trouble(!this.#token && (await this.#listens()) ? "origin" : "unreached");
      }
    }

    // A browser does not say why a request failed. Where the server is there for all the same, this site is not listed.
    async #listens() {
      if (this.base.origin === location.origin) return false;
      try {
        await fetch(new URL("widget.js", this.base), { method: "HEAD", mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(5000) });
        return true;
      } catch {
        return false;
      }
    }

    async #read(response) {
      const { status } = response;
      const found = await response.json().catch((error) => {
        if (error.name === "TimeoutError") throw new Trouble("late");
      });
      if (response.ok && found && typeof found === "object") return found;
      const said = typeof found?.error?.message === "string" ? found.error.message : "";
      if (response.ok) throw new Trouble("garbled");
      if (found?.error?.code === "timeout") throw new Trouble("late");
      if (status === 429 || status === 503) throw new Trouble("busy", { after: Number(response.headers.get("Retry-After")) || 10 });
      if (status === 403 && found?.error?.code === "origin_refused") throw new Trouble("origin");
      throw new Trouble(status < 500 ? "refused" : "failed", { said: status < 500 ? said : "" });
    }
  }

  const path = (id) => String(id).split("/").map(encodeURIComponent).join("/");

  class FootnoteChat extends HTMLElement {
    static observedAttributes = ["server", "title", "greeting", "placeholder", "lang", "dir", "position", "theme", "questions"];
    static strings = STRINGS; // a page may add a language or change a word, and then set `lang`

    #turns = []; // { question, reply | trouble | pending }, oldest first
    #draft = "";
    #parts; // the elements that are looked up again
    #server;
    #suggested = [];
    #asking; // AbortController of the question under way
    #isOpen = false;
    #opener; // what had the focus before; it returns there
    #stale = false;
    #ids = 0;
    #narrow = matchMedia("(max-width: 32em), (max-height: 26em)");
    #dark = matchMedia("(prefers-color-scheme: dark)");
    #calm = matchMedia("(prefers-reduced-motion: reduce)");
    #changed = () => this.#refresh();

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
    }

    connectedCallback() {
      this.#narrow.addEventListener("change", this.#changed);
      this.#dark.addEventListener("change", this.#changed);
      this.#isOpen ||= this.hasAttribute("open-on-load") && !this.#narrow.matches;
      this.#connect();
      this.#draw();
      if (this.#isOpen || this.#inline) this.#offer();
    }

    disconnectedCallback() {
      this.#narrow.removeEventListener("change", this.#changed);
      this.#dark.removeEventListener("change", this.#changed);
    }

    attributeChangedCallback(name, before, after) {
      if (!this.#parts || before === after) return;
      if (name === "server") this.#connect();
      this.#refresh();
    }

    // For the host page.

    open() {
      if (this.#inline) return this.#parts.box.focus();
      if (this.#isOpen) return;
      const active = document.activeElement;
      this.#opener = active === document.body || active === this ? null : active;
      this.#isOpen = true;
      this.#show();
      (this.#narrow.matches ? this.#parts.title : this.#parts.box).focus();
      this.#offer();
      this.#tell("open");
    }

    close() {
      if (this.#inline || !this.#isOpen) return;
      this.#isOpen = false;
      this.#show();
      (this.#opener?.isConnected ? this.#opener : this.#parts.launch).focus();
      this.#opener = null;
      this.#tell("close");
    }

    // Resolves to the reply, or to null where there is none; what went wrong is shown, and told by footnote:error.
    async ask(question) {
      const asked = String(question).trim();
      if (!asked) return this.#complain(this.#text("empty"));
      if (characters(asked).length > LONGEST) return this.#complain(this.#tooLong());
      if (this.#asking || !this.#tell("ask", { question: asked }, true)) return null;
      this.#complain("");
      if (!this.#inline) this.open();
      const turn = { question: asked, pending: true };
      this.#turns = [...this.#turns.filter((t) => !(t.trouble && t.question === asked)), turn];
      this.#drawLog();
      return this.#await(turn);
    }

    clear() {
      this.#asking?.abort();
      this.#asking = undefined;
      this.#turns = [];
      this.#complain("");
      this.#drawLog();
      this.#ready();
    }

    async #await(turn) {
      const asking = (this.#asking = new AbortController());
      this.#ready();
      try {
        turn.reply = checked(await this.#server.ask(turn.question, this.#history(), asking.signal));
      } catch (error) {
        turn.trouble = error instanceof Trouble ? error : new Trouble("garbled");
      }
      if (asking.signal.aborted) return null; // cleared
      delete turn.pending;
      this.#asking = undefined;
      if (turn.trouble && !this.#parts.box.value) this.#type(turn.question);
      else if (turn.reply && this.#parts.box.value.trim() === turn.question) this.#type("");
      this.#drawLog(turn);
      this.#ready();
      if (turn.trouble) {
        this.#tell("error", { question: turn.question, code: turn.trouble.code, message: this.#trouble(turn.trouble) });
        return null;
      }
      if (turn.reply.verdict === "emergency") this.open();
      this.#tell("answer", { question: turn.question, reply: structuredClone(turn.reply) });
      return turn.reply;
    }

    // Earlier questions that were answered, as far as a request has room for them.
    #history() {
      const answered = this.#turns.filter((t) => t.reply).map((t) => t.question).slice(-EARLIER);
      while (new Blob(answered).size > 6000) answered.shift();
      return answered;
    }

    #connect() {
      this.#server = new Server(this.getAttribute("server") || (SCRIPT ? new URL(".", SCRIPT) : location.origin));
      this.#suggested = [];
    }

    async #offer() {
      const own = this.getAttribute("questions");
      if (own !== null || this.#suggested.length) return;
      const server = this.#server;
      const found = await server.suggestions().catch(() => []); // a greeting without them is no trouble
      if (server !== this.#server || !found.length) return;
      this.#suggested = found;
      if (!this.#turns.length) this.#drawLog();
    }

    get #inline() {
      return this.getAttribute("position") === "inline";
    }

    // The language of the strings: the element's, else its page's, where there is a table for it.
    get #lang() {
      const wanted = (this.closest("[lang]")?.lang || document.documentElement.lang).toLowerCase();
      return [wanted, wanted.split("-")[0]].find((lang) => lang in STRINGS) ?? "en";
    }

    #text(name) {
      return STRINGS[this.#lang][name] ?? STRINGS.en[name];
    }

    #word(name) {
      return this.getAttribute(name) ?? this.#text(name);
    }

    #trouble({ code, said, after }) {
      return (code === "refused" && said) || fill(this.#text(code), { origin: location.origin, n: after });
    }

    #tell(name, detail = {}, cancelable = false) {
      return this.dispatchEvent(new CustomEvent(`footnote:${name}`, { detail, bubbles: true, composed: true, cancelable }));
    }

    // Drawing.

    #refresh() {
      if (this.#stale) return;
      this.#stale = true;
      queueMicrotask(() => {
        this.#stale = false;
        if (!this.isConnected) return;
        const focused = this.shadowRoot.activeElement === this.#parts.box;
        this.#draw();
        if (focused) this.#parts.box.focus();
        if (this.#isOpen || this.#inline) this.#offer();
      });
    }

    #draw() {
      const inline = this.#inline;
      const parts = (this.#parts = {});
      parts.title = make("h2", { id: "title", tabindex: inline ? null : "-1", dir: "auto" }, this.#word("title"));
      parts.clear = make("button", { type: "button", class: "clear", click: () => this.#cleared() }, this.#text("clear"));
      const close = make("button", { type: "button", class: "close", "aria-label": this.#text("close"), click: () => this.close() }, icon("close"));
      parts.log = make("div", { class: "log", role: "log", "aria-label": this.#text("log"), tabindex: "0" });
      parts.trouble = make("p", { class: "trouble", role: "alert", id: "trouble" });
      parts.count = make("p", { class: "count", id: "count", hidden: true });
      parts.box = make("textarea", {
        rows: "1", dir: "auto", "aria-label": this.#text("question"), "aria-describedby": "count trouble", placeholder: this.#word("placeholder"),
        enterkeyhint: "send", autocomplete: "off", input: () => this.#typed(), keydown: (event) => this.#key(event),
      });
      parts.send = make("button", { type: "submit", class: "send" }, this.#text("ask"));
      const form = make("form", { submit: (event) => this.#submit(event) }, parts.trouble, parts.count, make("div", { class: "box" }, parts.box, parts.send));
      const labelled = { class: `panel ${inline ? "inline" : ""}`, "aria-labelledby": "title" };
      parts.panel = make(inline ? "section" : "dialog", labelled, make("div", { class: "head" }, parts.title, parts.clear, inline ? null : close), parts.log, form);
      parts.panel.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && !inline && (event.preventDefault(), event.stopPropagation(), this.close()));
      parts.panel.addEventListener("cancel", (event) => (event.preventDefault(), this.close()));
      parts.launch = make("button", { type: "button", class: "launch", "aria-haspopup": "dialog", click: () => this.open() }, icon("smalltalk"), this.#text("launch"), make("span", { class: "sr" }, `: ${this.#word("title")}`));
      const side = /left/.test(this.getAttribute("position")) ? "left" : /right/.test(this.getAttribute("position")) ? "right" : "";
      // An empty title ends the tooltip that the element's own `title` would give everything in it.
      parts.root = make("div", { class: `root ${side}`, role: inline ? null : "region", "aria-label": inline ? null : this.#word("title"), title: "", lang: this.#lang, dir: getComputedStyle(this).direction }, inline ? null : parts.launch, parts.panel);
      parts.root.classList.toggle("dark", this.getAttribute("theme") === "dark" || (this.getAttribute("theme") !== "light" && this.#dark.matches));
      parts.root.classList.toggle("narrow", this.#narrow.matches && !inline);
      this.shadowRoot.replaceChildren(parts.root);
      this.#type(this.#draft);
      this.#drawLog();
      this.#show();
      this.#ready();
    }

    // A narrow screen is filled: modal, so that what lies behind cannot be reached. A wide one keeps its page.
    #show() {
      const { panel, launch } = this.#parts;
      if (this.#inline) return;
      if (this.#isOpen && !panel.open) {
        const active = document.activeElement;
        if (this.#narrow.matches) panel.showModal();
        else panel.show();
        if (active !== this) active?.focus?.({ preventScroll: true }); // who opens decides where the focus goes
      } else if (!this.#isOpen && panel.open) panel.close();
      launch.hidden = this.#isOpen;
    }

    // Only what changed is drawn, so that the log announces a new turn and not the old ones.
    #drawLog(changed) {
      const { log } = this.#parts;
      const nodes = this.#turns.map((turn) => {
        if (turn === changed || turn.view?.lang !== this.#lang) turn.view = undefined;
        turn.view ??= { lang: this.#lang, node: this.#turn(turn) };
        return turn.view.node;
      });
      if (!nodes.length) nodes.push(this.#hello());
      for (const old of [...log.children]) if (!nodes.includes(old)) old.remove();
      nodes.forEach((node, n) => log.children[n] === node || log.insertBefore(node, log.children[n] ?? null));
      const last = nodes.at(-1);
      if (this.#turns.length) log.scrollTo({ top: last.offsetTop - 16, behavior: this.#calm.matches ? "auto" : "smooth" });
      this.#parts.clear.hidden = !this.#turns.length;
    }

    #hello() {
      const own = this.getAttribute("questions");
      const questions = own === null ? this.#suggested : own.split("|").map((q) => q.trim()).filter(Boolean);
      return make("div", {}, make("p", { class: "greeting", dir: "auto" }, this.#word("greeting")), this.#asks(questions));
    }

    #turn(turn) {
      const { question, reply, trouble } = turn;
      const shown = reply ? this.#reply(reply) : trouble ? this.#unanswered(turn) : make("p", { class: "waiting", dir: "auto" }, this.#text("waiting"));
      return make("section", { class: "turn" }, make("h3", { class: "question", dir: "auto" }, make("span", { class: "sr" }, this.#text("asked")), question), shown);
    }

    #reply(reply) {
      const kind = BROKEN.includes(reply.reason) ? "broken" : reply.verdict;
      const understood = reply.standalone_question === reply.question ? "" : reply.standalone_question;
      const citations = readingOrder(reply.citations);
      return make("div", { class: `reply is-${kind}`, role: kind === "emergency" ? "alert" : null },
        understood && make("p", { class: "note", dir: "auto" }, this.#text("understood"), understood),
        ...reply.notes.map((note) => make("p", { class: "note", dir: "auto" }, note)),
        make("h4", { class: "verdict", dir: "auto" }, icon(kind), this.#text(kind)),
        ...reply.statements.map((statement) => this.#statement(statement)),
        reply.statements.length ? make("p", { class: "label", dir: "auto" }, this.#text("verbatim")) : null,
        citations.length ? this.#quotes(citations) : make("p", { class: "said", dir: "auto" }, ...(kind === "emergency" ? dialable(reply.text) : [reply.text])),
        reply.disclaimer && make("p", { class: "notice", dir: "auto" }, reply.disclaimer),
        reply.related.length ? make("div", { class: "related" }, make("p", { class: "label", dir: "auto" }, this.#text("related")), this.#quotes(reply.related, true)) : null,
        this.#asks(reply.suggestions),
        this.#server.feedback && reply.id && kind !== "broken" ? this.#thumbs(reply.id) : null,
      );
    }

    // Only where the operator keeps thumbs; a thumb goes without the question's words.
    #thumbs(answer) {
      const vote = async (way) => {
        thumbs.replaceChildren(make("p", { tabindex: "-1" }, this.#text("thanks")));
        thumbs.firstChild.focus({ preventScroll: true });
        await this.#server.vote(answer, way).catch(() => thumbs.replaceChildren(...buttons));
      };
      const buttons = ["up", "down"].map((way) => make("button", { type: "button", click: () => vote(way) }, this.#text(way)));
      const thumbs = make("div", { class: "thumbs" }, ...buttons);
      return thumbs;
    }

    #statement({ text, provenance, citations }) {
      const rephrased = provenance === "rephrased";
      const mark = rephrased && make("span", { class: "rephrased", title: this.#text("rephrasedHint") }, this.#text("rephrased"));
      const said = make(rephrased ? "span" : "q", { dir: "auto" }, text);
      return make("p", { class: "statement", dir: "auto" }, said, ` ${citations.map((n) => `[${n}]`).join("")} `, mark || null);
    }

    #quotes(citations, related = false) {
      const items = citations.map((citation, n) => {
        const id = `context-${++this.#ids}`;
        const place = citation.section === citation.title ? citation.section : `${citation.title} › ${citation.section}`;
        const context = make("div", { class: "context", id, hidden: true });
        const button = make("button", { type: "button", class: "cite", "aria-expanded": "false", "aria-controls": id, click: () => this.#expand(button, context, citation) },
          related ? null : make("b", {}, `[${n + 1}]`), make("span", { class: "sr" }, this.#text("show")), make("span", { class: "place", dir: "auto" }, place), icon("chevron"));
        return make("li", { dir: "auto" }, make("q", {}, citation.quote), button, context);
      });
      return make("ul", { class: "quotes", role: "list" }, ...items);
    }

    // The sentence in the text of its section, compared character by character before it is marked.
    async #expand(button, context, citation) {
      const wants = context.hidden;
      context.hidden = !wants;
      button.setAttribute("aria-expanded", wants);
      if (!wants) return;
      const link = () => make("a", { class: "button", href: this.#server.place(citation), target: "_blank", rel: "noopener" }, this.#text("open"), make("span", { class: "sr" }, this.#text("tab")));
      context.replaceChildren(make("p", { class: "label" }, this.#text("loading")), link());
      try {
        const found = await this.#server.document(citation.document);
        const chars = characters(String(found.text));
        if (slice(chars, citation.start, citation.end) !== citation.quote) throw new Trouble("moved");
        const { before, after } = around(chars, citation, list(found.sections));
        const marked = make("blockquote", { dir: "auto" }, before, make("mark", {}, citation.quote), after);
        context.replaceChildren(make("h4", { dir: "auto" }, citation.section), marked, link());
      } catch (error) {
        context.replaceChildren(make("p", { class: "label" }, this.#text(error.code === "moved" ? "moved" : "lost")), link());
      }
    }

    #asks(questions) {
      if (!questions.length) return null;
      const buttons = questions.map((question) => make("li", {}, make("button", { type: "button", dir: "auto", click: () => this.#chosen(question) }, question)));
      return make("div", { class: "asks" }, make("p", { class: "label", dir: "auto" }, this.#text("try")), make("ul", { role: "list" }, ...buttons));
    }

    #unanswered(turn) {
      const { trouble } = turn;
      const retry = make("button", { type: "button", click: () => retry.getAttribute("aria-disabled") || this.#chosen(turn.question) }, this.#text("retry"));
      if (trouble.after) {
        retry.setAttribute("aria-disabled", "true");
        setTimeout(() => retry.removeAttribute("aria-disabled"), trouble.after * 1000);
      }
      return make("div", { class: "reply is-unanswered" }, make("h4", { class: "verdict", dir: "auto" }, icon("broken"), this.#text("unanswered")),
        make("p", { class: "said", dir: "auto" }, this.#trouble(trouble)), make("p", { class: "said", dir: "auto" }, this.#text("urgent")), retry);
    }

    // What a visitor does.

    #chosen(question) {
      this.#parts.box.focus({ preventScroll: true }); // the button goes; the focus must not go with it
      this.ask(question);
    }

    #cleared() {
      this.clear();
      this.#parts.box.focus();
    }

    #key(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      this.#submit(event);
    }

    #submit(event) {
      event.preventDefault();
      if (this.#asking) return;
      const { value } = this.#parts.box;
      this.ask(value);
      if (this.#asking) this.#type("");
    }

    #type(text) {
      this.#parts.box.value = text;
      this.#typed();
    }

    #typed() {
      const { box, count, trouble } = this.#parts;
      this.#draft = box.value;
      const n = characters(box.value.trim()).length;
      const over = n > LONGEST;
      count.hidden = n < COUNT_FROM;
      count.textContent = fill(this.#text("count"), { n: n.toLocaleString(this.#lang), most: LONGEST.toLocaleString(this.#lang) });
      count.classList.toggle("over", over);
      box.setAttribute("aria-invalid", over);
      if (over && !trouble.textContent) this.#complain(this.#tooLong());
      else if (!over) this.#complain("");
    }

    #tooLong() {
      return fill(this.#text("long"), { most: LONGEST.toLocaleString(this.#lang) });
    }

    #complain(message) {
      const { trouble } = this.#parts;
      trouble.textContent = message;
      trouble.hidden = !message;
      return null;
    }

    #ready() {
      if (this.#asking) this.#parts.send.setAttribute("aria-disabled", "true");
      else this.#parts.send.removeAttribute("aria-disabled");
    }
  }

  // A reply with every field of its type, or Trouble.
  function checked(reply) {
    if (!VERDICTS.includes(reply?.verdict)) throw new Trouble("garbled");
    const text = (value) => (typeof value === "string" ? value : "");
    const cited = (value) =>
      list(value).map((c) => ({ ...c, document: text(c?.document), title: text(c?.title), section: text(c?.section), quote: text(c?.quote), start: Number(c?.start), end: Number(c?.end) }));
    const words = (value) => list(value).filter((v) => typeof v === "string");
    return {
      ...reply, id: text(reply.id), question: text(reply.question), reason: text(reply.reason), text: text(reply.text), disclaimer: text(reply.disclaimer),
      standalone_question: text(reply.standalone_question), citations: cited(reply.citations), related: cited(reply.related),
      notes: words(reply.notes), suggestions: words(reply.suggestions),
      statements: list(reply.statements).map((s) => ({ text: text(s?.text), provenance: text(s?.provenance), citations: list(s?.citations).map(Number) })),
    };
  }

  // An emergency's wording with its telephone numbers as links, so that one tap dials.
  function dialable(said) {
    return said.split(/(\d[\d -]*\d)/).map((part, n) => (n % 2 ? make("a", { href: `tel:${part.replace(/\D/g, "")}` }, part) : part));
  }

  // Text before and after a cited sentence, inside its section, from word to word.
  function around(chars, { start, end }, sections) {
    const section = sections.filter((s) => s.start <= start && end <= s.end).at(-1) ?? { start: 0, end: chars.length };
    const from = Math.max(section.start, start - AROUND);
    const to = Math.min(section.end, end + AROUND);
    let before = slice(chars, from, start);
    let after = slice(chars, end, to);
    if (from > section.start) before = `… ${before.replace(/^\S*\s+/, "")}`;
    else before = before.replace(/^\s*#* *[^\n]*(\n[=-]+ *)?\n+/, ""); // the heading, which stands above
    if (to < section.end) after = `${after.replace(/\s+\S*$/, "")} …`;
    else after = after.replace(/\n+#+ *$/, ""); // marks of the next one
    return { before: before.trimStart(), after: after.trimEnd() };
  }

  customElements.define("footnote-chat", FootnoteChat);
})();
