// Citations lead to their sentence; suggested questions are asked; what shows while an answer is awaited; copying.
// One listener for the whole page: its HTML carries data attributes and no handlers.
window.footnote = (() => {
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const motion = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");
  let from = null; // what led to the source, to go back to

  // ---- the source
  function open(id) {
    for (const article of all("[data-fn-text]")) article.hidden = article.dataset.fnText !== id;
    const picker = find("[data-fn-pick]");
    if (picker) picker.value = id;
  }

  function unmark() {
    for (const mark of all("#fn-source mark")) mark.replaceWith(...mark.childNodes);
    for (const chosen of all(".fn-cite[aria-current]")) chosen.removeAttribute("aria-current");
  }

  function reveal(element, block) {
    element.scrollIntoView({ block, behavior: motion() });
    element.focus({ preventScroll: true });
  }

  function show(citation) {
    const { fnDocument, fnStart } = citation.dataset;
    const article = all("[data-fn-text]").find((a) => a.dataset.fnText === fnDocument);
    const sentence = article?.querySelector(`[data-start="${Number(fnStart)}"]`);
    if (!sentence) return;
    unmark();
    open(fnDocument);
    drawer(citation);
    const mark = document.createElement("mark");
    mark.append(...sentence.childNodes);
    sentence.append(mark);
    citation.setAttribute("aria-current", "true");
    reveal(sentence, "center");
  }

  function drawer(opener) {
    from = opener;
    document.body.classList.add("fn-open");
  }

  function back() {
    if (!document.body.classList.contains("fn-open")) return;
    document.body.classList.remove("fn-open");
    (from?.isConnected ? from : find("#fn-question textarea"))?.focus();
    from = null;
  }

  // ---- asking
  const PATIENCE = 20_000; // milliseconds; Gradio does not say when the server is gone
  let chosen = null;
  let sent = "";

  function type(text) {
    const box = find("#fn-question textarea");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // A suggested question; one at a time. What stands in the box stays there.
  function choose(question) {
    if (find(".fn-pending")) return false;
    chosen = question;
    return true;
  }

  // What the box holds -> the inputs of a question to the server. The box is free at once.
  function asking(draft) {
    const question = chosen ?? draft;
    sent = chosen === null ? draft : "";
    chosen = null;
    if (question.trim()) wait(question);
    if (sent.trim()) type("");
    return [question, null];
  }

  function wait(question) {
    const turn = Object.assign(document.createElement("section"), { className: "fn-turn fn-pending" });
    const asked = Object.assign(document.createElement("h3"), { className: "fn-question", textContent: question });
    const note = Object.assign(document.createElement("p"), { className: "fn-wait", textContent: "Reading the source" });
    turn.append(asked, note);
    find(".fn-log")?.append(turn);
    setTimeout(() => {
      if (!note.isConnected || !turn.classList.contains("fn-pending")) return;
      note.textContent = "No answer has come yet. Footnote is busy, or was stopped: then reload this page when it runs";
      restore();
    }, PATIENCE);
  }

  // What was not taken goes back into the box, unless something new stands there.
  function restore() {
    const box = find("#fn-question textarea");
    if (box && !box.value) type(sent);
  }

  // A reply has come, or a message why there is none.
  function settled() {
    for (const turn of all(".fn-pending")) turn.remove();
    if (find(".fn-problem")) restore();
    sent = "";
  }

  // ---- the conversation as text and as files
  async function copy() {
    const text = all(".fn-plain").map((turn) => turn.textContent).join("\n\n");
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = copyByHand(text); // a page that is not served over HTTPS has no clipboard
    }
    say(done ? "Copied" : "This browser does not allow copying here");
  }

  function copyByHand(text) {
    const area = Object.assign(document.createElement("textarea"), { value: text, className: "fn-sr" });
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }

  // Made in the page: no copy of a conversation touches the server's disk.
  function save(text, name, type) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    say(`Saved ${name}`);
  }

  function say(words) {
    const status = find(".fn-status");
    if (!status) return;
    status.textContent = words;
    setTimeout(() => (status.textContent = ""), 3000);
  }

  // ---- the page
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button");
    if (!button) return;
    const data = button.dataset;
    if (data.fnStart !== undefined) show(button);
    else if (data.fnOpen !== undefined) {
      drawer(button);
      find(".fn-scroll")?.focus();
    } else if (data.fnBack !== undefined) back();
    else if (data.fnSection !== undefined) {
      const heading = all("[data-fn-heading]").find((h) => h.dataset.fnHeading === data.fnSection);
      if (heading) reveal(heading, "start");
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-fn-pick]")) open(event.target.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
  });

  // The newest question comes to the top by itself, once while it waits and once with its reply.
  let seen = 0;
  new MutationObserver(() => {
    const turns = all(".fn-turn").length * 2 - all(".fn-pending").length;
    if (turns > seen) all(".fn-turn").at(-1).scrollIntoView({ block: "start", behavior: "auto" });
    seen = turns;
  }).observe(document.documentElement, { childList: true, subtree: true });

  return { asking, settled, copy, save, choose };
})();
