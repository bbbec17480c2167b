// Clicks on citations, sections and suggested questions. One listener for the whole page;
// the page's own HTML carries data attributes and no handlers.
(() => {
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const text = (id) => [...document.querySelectorAll("[data-fn-text]")].find((a) => a.dataset.fnText === id);

  function open(id) {
    for (const article of document.querySelectorAll("[data-fn-text]")) article.hidden = article.dataset.fnText !== id;
    const picker = document.querySelector("[data-fn-pick]");
    if (picker) picker.value = id;
  }

  function show(id, start) {
    open(id);
    for (const old of document.querySelectorAll(".fn-here")) old.classList.remove("fn-here");
    const sentence = text(id)?.querySelector(`[data-fn-at="${Number(start)}"]`);
    if (!sentence) return;
    sentence.classList.add("fn-here");
    sentence.setAttribute("aria-current", "true");
    sentence.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    sentence.focus({ preventScroll: true });
  }

  function ask(question) {
    const box = document.querySelector("#fn-question textarea");
    const send = document.querySelector("#fn-send");
    if (!box || !send) return;
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => send.click(), 50);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-fn-start], [data-fn-section], [data-fn-ask]");
    if (!button) return;
    if (button.dataset.fnStart !== undefined) show(button.dataset.fnDocument, button.dataset.fnStart);
    else if (button.dataset.fnAsk !== undefined) ask(button.dataset.fnAsk);
    else {
      const heading = [...document.querySelectorAll("[data-fn-heading]")].find(
        (h) => h.dataset.fnHeading === button.dataset.fnSection,
      );
      heading?.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
    }
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-fn-pick]")) open(event.target.value);
  });

  // The newest reply comes into view by itself.
  let seen = 0;
  new MutationObserver(() => {
    const turns = document.querySelectorAll(".fn-turn");
    if (turns.length > seen) turns[turns.length - 1].scrollIntoView({ block: "nearest", behavior: "auto" });
    seen = turns.length;
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
