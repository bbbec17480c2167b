"""/openapi.json: every operation says how it answers, and requests made up from it never break the server."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from assistant.web.settings import WebSettings
from tests.web.doors import FAST, Gate, api

GATE = Gate()
GATE.open.set()
APP = api(WebSettings(rate=FAST), engine=GATE.engine)
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
OPERATIONS = {
    "/api/ask": {"post"},
    "/api/ask/stream": {"post"},
    "/api/documents": {"get"},
    "/api/documents/{id}": {"get"},
    "/api/suggestions": {"get"},
    "/api/session": {"post"},
    "/api/feedback": {"post"},
    "/v1/models": {"get"},
    "/v1/models/{id}": {"get"},
    "/v1/chat/completions": {"post"},
    "/healthz": {"get"},
    "/readyz": {"get"},
    "/metrics": {"get"},
}
JSON_ERRORS = {"$ref": "#/components/schemas/Problem"}


def test_the_operations() -> None:
    assert {path: set(operations) for path, operations in APP.openapi()["paths"].items()} == OPERATIONS


def test_each_has_words_and_its_errors_have_our_shape() -> None:
    for path, operations in APP.openapi()["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], path
            errors = {
                s: a for s, a in operation["responses"].items() if s >= "400" and path not in ("/readyz", "/healthz")
            }
            for status, answer in errors.items():
                assert answer["content"]["application/json"]["schema"] == JSON_ERRORS, (path, status)
            if method == "post":
                assert {"400", "413", "415", "422", "429"} <= set(errors), path


def schema(reference: str) -> Any:
    return APP.openapi()["components"]["schemas"][reference]


def test_what_is_sent_is_closed_and_what_comes_back_is_named() -> None:
    assert schema("Asked")["additionalProperties"] is False
    assert schema("Given")["additionalProperties"] is False
    assert {"id", "verdict", "reason", "citations", "disclaimer", "statements"} <= set(schema("Answer")["required"])


@SCHEMA.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_made_up_requests_break_nothing(case: Case[Any]) -> None:
    response = case.call()
    checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
    case.validate_response(response, checks=checks)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_no_page_of_it_unless_it_is_wanted(path: str) -> None:
    assert path not in APP.openapi()["paths"]
