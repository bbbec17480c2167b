// /widget: a form, what it looks like, and the lines to copy.
{
  const find = (id) => document.getElementById(id);
  const fields = find("fields");
  const server = new URL(".", location.href);
  const ATTRIBUTES = ["position", "theme", "lang", "title", "greeting", "placeholder", "questions"];
  const [PLAIN] = [fields.elements.accent.value];
  const quoted = (value) => `"${value.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;")}"`;

  function chosen() {
    const values = {};
    for (const name of ATTRIBUTES) {
      const value = fields.elements[name].value.trim();
      if (value) values[name] = name === "questions" ? value.split("\n").map((q) => q.trim()).filter(Boolean).join("|") : value;
    }
    if (fields.elements["open-on-load"].checked && values.position !== "inline") values["open-on-load"] = "";
    return values;
  }

  // White or near-black upon the colour, whichever can be read better.
  function upon(colour) {
    const [r, g, b] = [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#10171a" : "#ffffff";
  }

  function frame(values) {
    const { position: _, "open-on-load": __, ...rest } = values;
    const address = new URL("embed", server);
    address.search = new URLSearchParams(rest);
    return address.href;
  }

  function snippet(values) {
    const accent = fields.elements.accent.value;
    if (values.position === "frame") {
      const title = quoted(values.title ?? "Ask the source");
      return `<iframe src=${quoted(frame(values))} title=${title}\n  width="420" height="640" frameborder="0"></iframe>`;
    }
    const pin = fields.elements.integrity.checked ? `\n  integrity="${document.body.dataset.integrity}" crossorigin="anonymous"` : "";
    const attributes = Object.entries(values).map(([name, value]) => (value === "" ? ` ${name}` : ` ${name}=${quoted(value)}`));
    const lines = [`<script src="${new URL("widget.js", server)}" defer${pin}></script>`, `<footnote-chat${attributes.join("")}></footnote-chat>`];
    if (accent !== PLAIN) lines.push(`<style>footnote-chat { --footnote-accent: ${accent}; --footnote-on-accent: ${upon(accent)}; }</style>`);
    return lines.join("\n");
  }

  function preview(values) {
    const stage = find("stage");
    const framed = values.position === "frame";
    const shown = document.createElement(framed ? "iframe" : "footnote-chat");
    if (framed) Object.assign(shown, { src: frame(values), title: values.title ?? "Ask the source", width: "100%", height: 600 });
    else for (const [name, value] of Object.entries(values)) if (name !== "open-on-load") shown.setAttribute(name, value);
    const accent = fields.elements.accent.value;
    if (accent !== PLAIN) {
      shown.style.setProperty("--footnote-accent", accent);
      shown.style.setProperty("--footnote-on-accent", upon(accent));
    }
    const hint = document.createElement("p");
    hint.textContent = "The button is at the corner of this window.";
    stage.replaceChildren(...(framed || values.position === "inline" ? [] : [hint]), shown);
  }

  function write() {
    const values = chosen();
    find("snippet").textContent = snippet(values);
    const framed = values.position === "frame";
    find("csp").textContent = framed ? `frame-src ${server.origin};` : `script-src ${server.origin}; connect-src ${server.origin};`;
    let origin = "https://www.example.org";
    try {
      const typed = new URL(find("site").value);
      if (/^https?:$/.test(typed.protocol)) origin = typed.origin;
    } catch {
      // not yet an address
    }
    find("origins").textContent = `FOOTNOTE_ORIGINS=${origin}`;
    return values;
  }

  async function copy(button) {
    const text = find(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      find("copied").textContent = "Copied.";
      button.firstChild.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(find(button.dataset.copy)); // no clipboard outside https and localhost
      find("copied").textContent = "Selected: copy it with your keyboard.";
      button.firstChild.textContent = "Selected";
    }
    setTimeout(() => (button.firstChild.textContent = "Copy"), 2500);
  }

  let typing;
  fields.addEventListener("input", () => {
    const values = write();
    clearTimeout(typing);
    typing = setTimeout(() => preview(values), 250);
  });
  for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
  find("site").addEventListener("input", write);
  for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
  preview(write());
}
