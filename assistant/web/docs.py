"""OpenAPI -> one plain page at /docs, where the operator wants it; Swagger's own would load scripts from elsewhere."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

_STYLE = "body{font:1rem/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap}"


def docs(app: FastAPI) -> None:
    """Adds /docs."""

    @app.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(described(app.openapi()))


def described(schema: dict[str, Any]) -> str:
    """Every operation with its words, its body and its answers, then the schemas."""
    parts = [f"<h1>{escape(schema['info']['title'])}</h1>{_words(schema['info'].get('description', ''))}"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts.append(f"<h2>{method.upper()} <code>{escape(path)}</code></h2>")
            parts.append(_words(operation.get("description", "")))
            if body := operation.get("requestBody"):
                parts.append(f"<p>Body: {_content(body)}</p>")
            answers = "".join(
                f"<li>{status}: {_content(answer)}{_words(answer.get('description', ''))}</li>"
                for status, answer in operation["responses"].items()
            )
            parts.append(f"<ul>{answers}</ul>")
    for name, model in schema.get("components", {}).get("schemas", {}).items():
        parts.append(f'<h2 id="{escape(name)}">{escape(name)}</h2><pre>{escape(json.dumps(model, indent=1))}</pre>')
    head = f'<meta charset="utf-8"><title>Footnote: API</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}</body></html>'


def _words(text: str) -> str:
    return f"<pre>{escape(text)}</pre>" if text else ""


def _content(part: dict[str, Any]) -> str:
    names = [kind.get("schema", {}).get("$ref", "").rpartition("/")[2] for kind in part.get("content", {}).values()]
    return " ".join(f'<a href="#{escape(name)}">{escape(name)}</a> ' for name in names if name)
