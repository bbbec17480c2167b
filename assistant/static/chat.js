// Citations lead to their sentence, questions on buttons are asked, a conversation is copied and saved.
// The page's HTML carries data attributes and no handlers: one listener for each kind of event.
// Gradio calls `conversation` and `source` when it has drawn those two, see chat.py.
window.footnote = (() => {
  const narrow = matchMedia("(max-width: 59.99rem)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const find = (selector) => document.querySelector(selector);
  let fetchArticle; // (document id) -> promise of its HTML, escaped by the server
  let askServer; // (question) -> Gradio's submit event
  let tellServer; // ({turn, vote, why}) -> Gradio's like event
  let wanted = 0; // counts choices, so that a slow document does not overtake a later one
  let opener; // what led to the source; focus returns there

  async function open(id) {
    const mine = ++wanted;
    const place = find("[data-fn-article]");
    if (place.firstElementChild?.dataset.fnText !== id) {
      try {
        const html = await fetchArticle(id);
        if (mine !== wanted) return null;
        place.innerHTML = html;
      } catch {
        say("This document could not be loaded. Is Footnote still running?");
        return null;
      }
    }
    const picker = find("[data-fn-pick]");
    if (picker) picker.value = id;
    return place;
  }

  function unmark() {
    const mark = find("mark.fn-here");
    if (mark) mark.replaceWith(...mark.childNodes);
    for (const old of document.querySelectorAll(".fn-cite[aria-current]")) old.removeAttribute("aria-current");
  }

  // The sentence of a citation: marked, in view, and where the reader acted, in focus.
  async function show(item, acted) {
    const place = await open(item.dataset.fnDocument);
    const sentence = place?.querySelector(`[data-fn-at="${Number(item.dataset.fnStart)}"]`);
    if (!sentence) return;
    unmark();
    const mark = Object.assign(document.createElement("mark"), { className: "fn-here", tabIndex: -1 });
    mark.append(...sentence.childNodes);
    sentence.append(mark);
    const button = item.querySelector(".fn-cite");
    button.setAttribute("aria-current", "true");
    if (acted) drawer(true, button);
    reveal(mark, "center");
    if (acted) mark.focus({ preventScroll: true });
  }

  async function goTo(button) {
    const place = await open(button.dataset.fnDocument);
    const heading = place?.querySelector(`[data-fn-section="${Number(button.dataset.fnGoto)}"]`);
    if (!heading) return;
    reveal(heading, "start");
    heading.focus({ preventScroll: true });
  }

  // A short way is scrolled, so that the eye can follow; a long one would only keep it waiting.
  function reveal(element, block) {
    const far = Math.abs(element.getBoundingClientRect().top) > 3 * innerHeight;
    element.scrollIntoView({ block, behavior: far || calm.matches ? "auto" : "smooth" });
  }

  // On a narrow page the source is a drawer over the conversation: a dialog that Esc closes.
  function drawer(wants, from) {
    if (from) opener = from;
    const shown = wants && narrow.matches;
    document.documentElement.classList.toggle("fn-drawer", shown);
    for (const behind of [find("#fn-head"), find("#fn-main")]) behind?.toggleAttribute("inert", shown);
    const side = find(".fn-source");
    side.setAttribute("role", shown ? "dialog" : "complementary");
    if (shown) side.setAttribute("aria-modal", "true");
    else side.removeAttribute("aria-modal");
  }

  function back() {
    const inSource = find(".fn-source")?.contains(document.activeElement);
    drawer(false);
    if (inSource) (opener?.isConnected ? opener : find("#fn-question textarea"))?.focus();
  }

  // A reply is shown from its beginning, and on a wide page its first sentence beside it.
  function arrived() {
    const turn = [...document.querySelectorAll(".fn-turn")].at(-1);
    unmark();
    if (!turn) return;
    const room = narrow.matches ? innerHeight * 0.6 : find("#fn-conversation").clientHeight;
    reveal(turn, turn.offsetHeight > room ? "start" : "nearest");
    if (document.activeElement === document.body) turn.focus({ preventScroll: true });
    const first = turn.querySelector(".fn-quotes:not(.fn-related *) > li");
    if (first && !narrow.matches) show(first, false);
  }

  let fading;
  function say(message) {
    clearTimeout(fading);
    find(".fn-toast").textContent = message;
    fading = setTimeout(() => (find(".fn-toast").textContent = ""), 4000);
  }

  async function copy() {
    const text = [...document.querySelectorAll("[data-fn-copy]")].map((t) => t.dataset.fnCopy).join("\n\n");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard outside https and localhost: the older way.
      const box = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(box);
      box.select();
      const copied = document.execCommand("copy");
      box.remove();
      if (!copied) return say("This browser did not allow copying.");
    }
    say("Conversation copied.");
  }

  // Made in the page: no copy of a conversation touches the server's disk.
  function save(text, name, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say(`Saved as ${name}.`);
  }

  // One thumb a reply: its buttons are put out of reach while the first is on its way.
  function vote(button) {
    const thumbs = button.closest("[data-fn-turn]");
    for (const other of thumbs.querySelectorAll("button")) other.disabled = true;
    button.closest(".fn-turn").focus({ preventScroll: true });
    const { fnVote: vote, fnWhy: why = "" } = button.dataset;
    tellServer?.({ turn: Number(thumbs.dataset.fnTurn), vote, why });
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-fn-start], [data-fn-goto], [data-fn-ask], [data-fn-vote], [data-fn-do]");
    if (!target) {
      if (event.target.matches?.("#fn-side")) back();
      return;
    }
    const { fnStart, fnGoto, fnAsk, fnVote, fnDo } = target.dataset;
    // The words of a quote can be selected without being followed.
    if (fnStart !== undefined) {
      if (event.target.closest(".fn-cite") || getSelection().isCollapsed) show(target, true);
    } else if (fnGoto !== undefined) goTo(target);
    else if (fnAsk !== undefined) askServer?.(fnAsk);
    else if (fnVote !== undefined) vote(target);
    else if (fnDo === "copy") copy();
    else if (fnDo === "close") back();
    else if (fnDo === "source") {
      drawer(true, target);
      find(".fn-close").focus();
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-fn-pick]")) open(event.target.value).then((place) => place?.scrollIntoView());
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && find(".fn-source")?.contains(document.activeElement)) back();
  });
  narrow.addEventListener("change", () => drawer(false));

  return {
    conversation(trigger, watch) {
      askServer = (question) => trigger("submit", { question });
      tellServer = (thumb) => trigger("like", thumb);
      watch("value", arrived);
    },
    source(server) {
      fetchArticle = (id) => server.article(id);
    },
    save,
  };
})();
