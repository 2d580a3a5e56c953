"""Calls of the admin API."""

from __future__ import annotations

import http.client
import json
from typing import Any, Mapping, Optional
from urllib.parse import urlencode, urlsplit

from .errors import KeywayError


class AdminApi:
    """The admin API of one server. Proxies of the environment are not used: the server is near."""

    def __init__(self, address: str, token: str) -> None:
        self.address = address.rstrip("/")
        self._token = token

    def __repr__(self) -> str:
        return f"AdminApi({self.address!r})"

    def call(self, method: str, path: str, body: Any = None, query: Optional[Mapping[str, Any]] = None, timeout: float = 30) -> Any:
        """The JSON of the answer. A refusal, or no answer within `timeout` seconds, is a KeywayError."""
        target = f"/api/v1{path}"
        if query:
            target += "?" + urlencode({name: value for name, value in query.items() if value is not None})
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise KeywayError(f"{self.address!r} is not the address of a server, such as http://127.0.0.1:8485. Set KEYWAY_ADDR to one.")
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = connect(parts.netloc, timeout=timeout)
        try:
            # Bytes are a seed as YAML.
            is_yaml = isinstance(body, bytes)
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/yaml" if is_yaml else "application/json"}
            connection.request(method, target, body if body is None or is_yaml else json.dumps(body).encode(), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise KeywayError(f"no answer from the Keyway server at {self.address}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = None
        if answer.status >= 400:
            detail = value.get("detail") if isinstance(value, dict) else None
            raise KeywayError(f"Keyway refused {method} {target} with {answer.status}: {detail or text[:200].decode(errors='replace')}")
        return value
