// /embed?theme=dark&lang=es&title=…: the address of a frame sets the attributes of the chat in it.
// Words come from the address only inside a frame, and only listed sites can frame this page: a link that
// somebody sends around cannot put words of its own above the source's.
{
  const chat = document.querySelector("footnote-chat");
  const given = new URLSearchParams(location.search);
  const names = ["lang", "dir", "theme", ...(parent === window ? [] : ["title", "greeting", "placeholder", "questions"])];
  for (const name of names) if (given.has(name)) chat.setAttribute(name, given.get(name));
  for (const name of ["lang", "dir"]) if (given.get(name)) document.documentElement[name] = given.get(name);
}
