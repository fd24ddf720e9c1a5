"""An OIDC issuer for tests: a real HTTP server with a key set, and tokens signed with its keys."""

import base64
import hashlib
import hmac
import json
import time
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from tests.local_http import LocalHttp

CLIENT = "4kd93hclient"
SUBJECT = "9f0c3b1e-user"
ORGANIZATION = "org-42"
API_TOKEN = "static-token-3c1f"
API_TOKEN_SHA256 = hashlib.sha256(API_TOKEN.encode()).hexdigest()


@cache
def rsa_key(name: str) -> RSAPrivateKey:
    """One key for each name. Making a key is slow, so it is made once."""
    return generate_private_key(public_exponent=65537, key_size=2048)


class Issuer(LocalHttp):
    """Publishes the keys in `published` while the context lasts, and counts who asks."""

    def __init__(self) -> None:
        self.published = ["first"]
        self.status = 200
        self.body: bytes | None = None
        self.request_count = 0
        super().__init__(self._handler())
        self.url = f"{self.url}/pool"
        self.jwks_url = f"{self.url}/.well-known/jwks.json"

    @property
    def environment(self) -> dict[str, str]:
        """What makes the application accept this issuer's tokens, and the static token."""
        return {
            "OIDC_ISSUER": self.url,
            "OIDC_AUDIENCE": f"another-client, {CLIENT}",
            "API_TOKEN_SHA256": API_TOKEN_SHA256,
        }

    def claims(self, **changed: object) -> dict[str, Any]:
        """The claims of an administrator's id token; one that is changed to None is left out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": SUBJECT,
            "aud": CLIENT,
            "token_use": "id",
            "iat": now - 5,
            "exp": now + 300,
            "cognito:groups": ["admin"],
            **changed,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def access_claims(self, **changed: object) -> dict[str, Any]:
        """The claims of an access token, which names its client in another claim."""
        return self.claims(**{"token_use": "access", "aud": None, "client_id": CLIENT, **changed})

    def token(
        self,
        claims: dict[str, Any] | None = None,
        *,
        key: str = "first",
        algorithm: str = "RS256",
        headers: dict[str, Any] | None = None,
    ) -> str:
        """A signed token; *key* names both the key that signs and the key id."""
        return jwt.encode(
            self.claims() if claims is None else claims,
            rsa_key(key),
            algorithm=algorithm,
            headers={"kid": key} if headers is None else headers,
        )

    def key_set(self) -> bytes:
        """The document that the server answers with."""
        keys = [{**public_jwk(name), "kid": name, "use": "sig"} for name in self.published]
        return json.dumps({"keys": keys}).encode()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.request_count += 1
                status = issuer.status if self.path == "/pool/.well-known/jwks.json" else 404
                body = issuer.key_set() if issuer.body is None else issuer.body
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def public_jwk(name: str) -> dict[str, Any]:
    """The public half of a key, as a key set spells it."""
    return {**RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True), "alg": "RS256"}


def public_pem(name: str) -> bytes:
    """The public half of a key, as files spell it."""
    public_key = rsa_key(name).public_key()
    return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def segment(content: object) -> str:
    """One part of a JWT: bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token that a library refuses to make: with any header, signed with HMAC or not at all."""
    signed = f"{segment(header)}.{segment(claims)}"
    if secret is None:
        return f"{signed}."
    return f"{signed}.{segment(hmac.digest(secret, signed.encode(), 'sha256'))}"
