for (const run of document.querySelectorAll("[data-run]")) {
  const rows = [...run.querySelectorAll(".questions tbody tr")];
  const form = run.querySelector(".filter");
  const search = form.querySelector("[data-search]");
  const picks = [...form.querySelectorAll("[data-pick]")];
  const count = form.querySelector("[data-count]");
  const filter = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = picks.every((p) => !p.value || row.dataset[p.dataset.pick] === p.value)
        && wanted.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  for (const cell of run.querySelectorAll("[data-cell]")) {
    cell.addEventListener("click", () => {
      form.reset();
      for (const pick of picks) pick.value = cell.dataset[pick.dataset.pick] ?? "";
      filter();
      form.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      search.focus({ preventScroll: true });
    });
  }
}
for (const kind of ["beforeprint", "afterprint"]) {
  addEventListener(kind, () => {
    for (const details of document.querySelectorAll("details")) details.open = kind === "beforeprint";
  });
}
