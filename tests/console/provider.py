"""An OpenID provider for the page: discovery, authorization with PKCE, rotating refresh tokens.

Whoever comes is signed in already, as at a provider with a session of its own.
"""

import base64
import hashlib
import json
import secrets
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.access.issuer import CLIENT, Issuer

Form = dict[str, str]


class Provider(Issuer):
    """Signs everybody in. A test changes what it answers, and reads what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.redirects: set[str] = set()
        self.changed: dict[str, object] = {}  # claims of the tokens that it issues
        self.metadata: dict[str, object] = {}  # what discovery says besides, or instead
        self.sends_back: Form = {}  # what the reader is sent back with besides, or instead
        self.is_down = False
        self.renews = True
        self.sent_back: list[str] = []
        self.asked: list[tuple[str, Form]] = []
        self.issued: list[str] = []
        self._codes: dict[str, Form] = {}
        self._refreshable: dict[str, Form] = {}

    def paths(self) -> list[str]:
        """What was asked for, without what was asked with."""
        return [path for path, _ in self.asked]

    def forget_sessions(self) -> None:
        """Take no refresh token any more."""
        self._refreshable.clear()

    def discovery(self) -> dict[str, object]:
        """What the provider says of itself."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "revocation_endpoint": f"{self.url}/revoke",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            **self.metadata,
        }

    def authorize(self, asked: Form) -> str:
        """Where the browser goes on; raises where nobody may be sent back."""
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] in self.redirects
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], **self.sends_back}
        back = f"{asked['redirect_uri']}?{urlencode(answer)}"
        self.sent_back.append(back)
        return back

    def grant(self, asked: Form) -> tuple[int, dict[str, object]]:
        """What the token endpoint answers."""
        assert asked["client_id"] == CLIENT
        if asked["grant_type"] == "authorization_code":
            begun = self._codes.pop(asked["code"], None)
            is_granted = begun is not None and _is_proven(begun, asked)
        else:
            begun = self._refreshable.pop(asked["refresh_token"], None)
            is_granted = begun is not None
        if begun is None or not is_granted:
            return 400, {"error": "invalid_grant", "error_description": "used up"}
        return 200, self._granted(begun)

    def _granted(self, begun: Form) -> dict[str, object]:
        claims = {"jti": secrets.token_hex(8), "nonce": begun["nonce"], **self.changed}
        token = self.token(self.claims(**claims))
        self.issued.append(token)
        refresh = secrets.token_urlsafe(16)
        self._refreshable[refresh] = begun
        granted: dict[str, object] = {"access_token": "opaque", "token_type": "Bearer"}
        renewable = {"refresh_token": refresh} if self.renews else {}
        return {**granted, "id_token": token, "expires_in": 300, **renewable}

    def read(self, path: str, asked: Form) -> tuple[int, dict[str, Any], Form]:
        """The status, the document and the headers of what a GET is answered."""
        match path.removeprefix("/pool/"):
            case ".well-known/openid-configuration":
                return 200, self.discovery(), {}
            case "authorize":
                return 302, {}, {"Location": self.authorize(asked)}
            case "logout":
                assert asked["post_logout_redirect_uri"] in self.redirects
                return 302, {}, {"Location": asked["post_logout_redirect_uri"]}
            case ".well-known/jwks.json":
                return 200, json.loads(self.key_set()), {}
        return 404, {}, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                asked = dict(parse_qsl(url.query))
                provider.asked.append((url.path, asked))
                if provider.is_down:
                    self._send(503, {}, {})
                else:
                    self._send(*provider.read(url.path, asked))

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                asked = dict(parse_qsl(self.rfile.read(length).decode()))
                provider.asked.append((self.path, asked))
                if provider.is_down:
                    self._send(503, {}, {})
                elif self.path == "/pool/token":
                    self._send(*provider.grant(asked), {})
                else:
                    self._send(200, {}, {})

            def _send(self, status: int, document: dict[str, Any], headers: Form) -> None:
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def _is_proven(begun: Form, asked: Form) -> bool:
    """Whether who brings the code is who asked for it (RFC 7636)."""
    digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    is_same_place = begun["redirect_uri"] == asked["redirect_uri"]
    return is_same_place and challenge == begun["code_challenge"]
