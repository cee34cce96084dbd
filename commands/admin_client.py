"""Requests to the running server: at its admin address, else at its public address with the admin token."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any, Final

from config import Endpoint, Server

TIMEOUT: Final = 30.0
MAX_ANSWER_BYTES: Final = 50_000_000

_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - compared, not bound


class AdminError(Exception):
    """The running server cannot be asked; the message is a sentence that names the remedy."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def post(server: Server, path: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a POST of JSON; None for 404. Raises AdminError."""
    endpoint = server.admin_endpoint or (server.endpoint if server.admin_token else None)
    if endpoint is None:
        raise AdminError(
            "The running server can only be asked through server.admin or server.admin_token: "
            "set server.admin: 127.0.0.1:8889 in the configuration and restart it"
        )
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if server.admin_token:
        headers["Authorization"] = f"Bearer {server.admin_token.get_secret_value()}"
    connection = _connection(endpoint)
    try:
        connection.request("POST", path, json.dumps(content), headers)
        response = connection.getresponse()
        body = response.read(MAX_ANSWER_BYTES)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise AdminError(f"It does not answer at {endpoint} ({reason}): is this its configuration?") from None
    finally:
        connection.close()
    return _content(endpoint, response.status, body)


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    if endpoint.path:
        return _UnixConnection(endpoint.path, TIMEOUT)
    return http.client.HTTPConnection(_ANY.get(endpoint.host, endpoint.host), endpoint.port, timeout=TIMEOUT)


def _content(endpoint: Endpoint, status: int, body: bytes) -> dict[str, Any] | None:
    if status == 404:
        return None
    if status in (401, 403):
        raise AdminError(f"The server at {endpoint} refuses the admin token: is this its configuration?")
    try:
        found = json.loads(body) if status == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise AdminError(f"The server at {endpoint} answered with {status}: is it a Livelog of this version?")
    return found
