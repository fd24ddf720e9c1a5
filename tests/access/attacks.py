"""What must not get in: each attack is an `Authorization` header, or none at all."""

import time
from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase, digits

from tests.access.issuer import (
    API_TOKEN,
    API_TOKEN_SHA256,
    Issuer,
    forged,
    public_jwk,
    public_pem,
    segment,
)

Attack = Callable[[Issuer], str | None]
ALPHABET = f"{ascii_uppercase}{ascii_lowercase}{digits}-_"


def bearer(make_token: Callable[[Issuer], str]) -> Attack:
    return lambda issuer: f"Bearer {make_token(issuer)}"


def claiming(**changed: object) -> Attack:
    """An id token whose signature is right, with these claims changed."""
    return bearer(lambda issuer: issuer.token(issuer.claims(**changed)))


def access_claiming(**changed: object) -> Attack:
    """An access token whose signature is right, with these claims changed."""
    return bearer(lambda issuer: issuer.token(issuer.access_claims(**changed)))


def seconds_from_now(seconds: int) -> int:
    return int(time.time()) + seconds


def with_segment(token: str, position: int, replacement: str) -> str:
    segments = token.split(".")
    segments[position] = replacement
    return ".".join(segments)


def padded(token: str, position: int) -> str:
    """*token*, one segment of which has all the padding that it could have."""
    part = token.split(".")[position]
    return with_segment(token, position, part + "=" * (-len(part) % 4 or 4))


def respelled(token: str) -> str:
    """*token* with a last character that decodes to the same bytes: not all of its bits count."""
    last = ALPHABET.index(token[-1])
    return token[:-1] + ALPHABET[last ^ 1]


UNAUTHORIZED: dict[str, Attack] = {
    "no token": lambda issuer: None,
    "empty header": lambda issuer: "",
    "empty token": lambda issuer: "Bearer ",
    "no scheme": lambda issuer: issuer.token(),
    "wrong scheme": lambda issuer: f"Basic {issuer.token()}",
    "garbage": lambda issuer: "Bearer garbage",
    "garbage in three parts": lambda issuer: "Bearer a.b.c",
    "not ASCII": lambda issuer: "Bearer t\xf6ken",
    "two tokens": lambda issuer: f"Bearer {issuer.token()} {issuer.token()}",
    "nested beyond reason": lambda issuer: f"Bearer {segment(b'[' * 3000)}.e30.e30",
    "expired": claiming(exp=seconds_from_now(-60)),
    "not yet valid": claiming(nbf=seconds_from_now(3600)),
    "issued in the future": claiming(iat=seconds_from_now(3600)),
    "exp missing": claiming(exp=None),
    "exp not a number": claiming(exp="tomorrow"),
    "exp infinite": claiming(exp=float("inf")),
    "iat missing": claiming(iat=None),
    "sub missing": claiming(sub=None),
    "sub not a text": bearer(lambda issuer: issuer.token(issuer.claims(sub=7))),
    "wrong issuer": bearer(lambda issuer: issuer.token(issuer.claims(iss="https://evil.example"))),
    "issuer with a suffix": bearer(lambda i: i.token(i.claims(iss=f"{i.url}.evil.example"))),
    "issuer missing": claiming(iss=None),
    "wrong audience": claiming(aud="someone-else"),
    "audience missing": claiming(aud=None),
    "audience an object": claiming(aud={"x": 1}),
    "id token with client_id only": claiming(aud=None, client_id="4kd93hclient"),
    "wrong client_id": access_claiming(client_id="someone-else"),
    "client_id missing": access_claiming(client_id=None),
    "access token with aud only": access_claiming(client_id=None, aud="4kd93hclient"),
    "access token bound to another resource": access_claiming(aud="https://other.example"),
    "wrong token_use": claiming(token_use="refresh"),
    "token_use missing": claiming(token_use=None),
    "alg none": bearer(lambda i: forged({"alg": "none", "kid": "first"}, i.claims())),
    "alg None": bearer(lambda i: forged({"alg": "None", "kid": "first"}, i.claims())),
    "alg missing": bearer(lambda i: forged({"kid": "first"}, i.claims())),
    "alg a list": bearer(lambda i: forged({"alg": ["RS256"], "kid": "first"}, i.claims())),
    "key confusion": bearer(
        lambda i: forged({"alg": "HS256", "kid": "first"}, i.claims(), public_pem("first"))
    ),
    "key confusion under its right name": bearer(
        lambda i: forged({"alg": "RS256", "kid": "first"}, i.claims(), public_pem("first"))
    ),
    "another RSA algorithm": bearer(lambda issuer: issuer.token(algorithm="RS512")),
    "another key under a known id": bearer(
        lambda issuer: issuer.token(key="thief", headers={"kid": "first"})
    ),
    "key brought along": bearer(
        lambda issuer: issuer.token(
            key="thief", headers={"kid": "first", "jwk": public_jwk("thief")}
        )
    ),
    "key set of its own": bearer(
        lambda issuer: issuer.token(
            key="thief", headers={"kid": "thief", "jku": "https://evil.example/jwks.json"}
        )
    ),
    "tampered payload": bearer(
        lambda i: with_segment(i.token(), 1, segment(i.claims(sub="somebody else")))
    ),
    "tampered header": bearer(
        lambda i: with_segment(i.token(), 0, segment({"alg": "RS256", "kid": "first", "x": 1}))
    ),
    "tampered signature": bearer(lambda i: with_segment(i.token(), 2, segment(bytes(256)))),
    "signature missing": bearer(lambda issuer: with_segment(issuer.token(), 2, "")),
    "padding behind the signature": bearer(lambda issuer: f"{issuer.token()}=="),
    "padding behind the payload": bearer(lambda issuer: padded(issuer.token(), 1)),
    "padding behind the header": bearer(lambda issuer: padded(issuer.token(), 0)),
    "a sign of no alphabet in the signature": bearer(
        lambda issuer: with_segment(issuer.token(), 2, f"{issuer.token().split('.')[2]}!")
    ),
    "another spelling of the signature": bearer(lambda issuer: respelled(issuer.token())),
    "unknown kid": bearer(lambda issuer: issuer.token(headers={"kid": "unknown"})),
    "kid a path": bearer(lambda issuer: issuer.token(headers={"kid": "../../../dev/null"})),
    "kid a number": bearer(lambda i: forged({"alg": "RS256", "kid": 1}, i.claims())),
    "kid missing": bearer(lambda issuer: issuer.token(headers={})),
    "unknown critical extension": bearer(
        lambda issuer: issuer.token(headers={"kid": "first", "crit": ["x"], "x": 1})
    ),
    "oversize": bearer(lambda issuer: issuer.token(issuer.claims(padding="x" * 8192))),
    "static token wrong": lambda issuer: f"Bearer {API_TOKEN}x",
    "static token cut short": lambda issuer: f"Bearer {API_TOKEN[:-1]}",
    "static token in another case": lambda issuer: f"Bearer {API_TOKEN.upper()}",
    "static token with a space": lambda issuer: f"Bearer  {API_TOKEN}",
    "the hash of the static token": lambda issuer: f"Bearer {API_TOKEN_SHA256}",
}

# The issuer vouches for them; what they may do would have to stand in the database.
WITHOUT_ROLE: dict[str, Attack] = {
    "role missing": claiming(**{"cognito:groups": None}),
    "no groups": claiming(**{"cognito:groups": []}),
    "unknown role": claiming(**{"cognito:groups": ["root", "Admin", " admin"]}),
    "groups a text": claiming(**{"cognito:groups": "admin"}),
    "groups of other things": claiming(**{"cognito:groups": [None, 1, {}, ["admin"]]}),
    "unknown custom:role": claiming(**{"cognito:groups": None, "custom:role": "superuser"}),
    "custom:role of a user's own writing": claiming(
        **{"cognito:groups": None, "custom:role": "admin"}
    ),
    "custom:role a list": claiming(**{"cognito:groups": None, "custom:role": ["admin"]}),
}

FORBIDDEN: dict[str, Attack] = {
    "organization empty": claiming(**{"custom:organizationId": ""}),
    "organization blank": claiming(**{"custom:organizationId": " "}),
    "organization a number": claiming(**{"custom:organizationId": 7}),
    "organizations a list": claiming(**{"custom:organizationId": ["org-42"]}),
    "organization no text can hold": claiming(**{"custom:organizationId": "org\0"}),
    "device empty": claiming(**{"cognito:groups": ["device"], "custom:deviceId": ""}),
    "device a list": claiming(**{"cognito:groups": ["device"], "custom:deviceId": ["d-1"]}),
    "site no text can hold": claiming(**{"cognito:groups": ["device"], "custom:siteId": "a\0"}),
    "another role than device bound to a device": claiming(**{"custom:deviceId": "d-1"}),
    "another role than device bound to a site": claiming(**{"custom:siteId": "a"}),
}
