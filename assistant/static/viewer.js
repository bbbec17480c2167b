// /source/DOCUMENT#START-END: the sentences between two characters are marked, in view and in focus.
{
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const show = () => {
    for (const mark of document.querySelectorAll("mark")) mark.replaceWith(...mark.childNodes);
    const found = /^#(\d+)-(\d+)$/.exec(location.hash);
    const [from, to] = found ? found.slice(1).map(Number) : [0, 0];
    const meant = [...document.querySelectorAll("article span[id]")].filter((span) => {
      const [start, end] = span.id.split("-").map(Number);
      return start < to && end > from;
    });
    document.querySelector(".lost").textContent =
      found && !meant.length ? "This place is no longer in the document: it may have changed since it was cited." : "";
    for (const span of meant) {
      const mark = document.createElement("mark");
      mark.append(...span.childNodes);
      span.append(mark);
    }
    const [first] = meant;
    if (first) first.tabIndex = -1; // the browser, which goes to the address itself, focuses it as well
    first?.focus({ preventScroll: true });
    first?.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  };

  addEventListener("hashchange", show);
  show();
}
