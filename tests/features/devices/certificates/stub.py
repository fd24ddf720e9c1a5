"""IoT Core as AWS documents it, before moto's: it refuses, throttles, hangs, and loses answers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.local_http import LocalHttp

# What to do with a call: None to pass it on.
Verdict = tuple[int, str] | None
# A status, what is sent, and the name of the error, if it is one.
Answer = tuple[int, bytes, str]
HANGS: Verdict = (0, "hang")
LOSES_ANSWER: Verdict = (0, "lose")
PAGE = 3


@dataclass(frozen=True)
class Sent:
    """A request, as the SDK sends it."""

    call: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> list[str]:
        """The parts of the address."""
        return urlsplit(self.target).path.strip("/").split("/")


class UnwillingIot(LocalHttp):
    """Stands before moto's server; *judge* decides what becomes of each call, by its name."""

    def __init__(self, behind: str) -> None:
        self.judge: Callable[[str], Verdict] = lambda call: None
        self.calls: list[str] = []
        self._behind = behind
        self._is_over = Event()
        self._authority = ec.generate_private_key(ec.SECP256R1())
        super().__init__(self._handler())

    def let_go(self) -> None:
        """End the calls that hang."""
        self._is_over.set()

    def answer(self, sent: Sent) -> Answer:
        """What AWS would answer: moto's answer, except where moto differs from the documents."""
        ours = {
            "CreateCertificateFromCsr": self._certificate,
            "CreateThing": self._thing,
            "ListCertificates": self._certificates,
            "DeleteThing": self._without_thing,
        }
        return ours.get(sent.call, self._passed_on)(sent)

    def _passed_on(self, sent: Sent) -> Answer:
        left_out = ("host", "content-length")
        kept = {k: v for k, v in sent.headers.items() if k.lower() not in left_out}
        answer = requests.request(
            sent.method,
            self._behind + sent.target,
            headers=kept,
            data=sent.body,
            timeout=10,
        )
        error = answer.headers.get("x-amzn-errortype", "")
        return answer.status_code, answer.content, error

    def _certificate(self, sent: Sent) -> Answer:
        """Moto's would be for another key than that of the request."""
        csr = x509.load_pem_x509_csr(json.loads(sent.body)["certificateSigningRequest"].encode())
        pem = self._signed(csr)
        body = json.dumps({"certificatePem": pem, "status": "INACTIVE"}).encode()
        registering = Sent("", "POST", "/certificate/register-no-ca", sent.headers, body)
        status, content, _ = self._passed_on(registering)
        made = {**json.loads(content), "certificatePem": pem}
        return status, json.dumps(made).encode(), ""

    def _signed(self, csr: x509.CertificateSigningRequest) -> str:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=3650))
            .sign(self._authority, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def _thing(self, sent: Sent) -> Answer:
        """Moto's would replace another thing."""
        described = Sent("", "GET", sent.target, sent.headers, b"")
        status, content, _ = self._passed_on(described)
        wanted = json.loads(sent.body)["attributePayload"]["attributes"]
        if status == 200 and json.loads(content)["attributes"] != wanted:
            return refusal(409, "ResourceAlreadyExistsException")
        return self._passed_on(sent)

    def _certificates(self, sent: Sent) -> Answer:
        """Moto's would be all at once, the oldest first."""
        query = parse_qs(urlsplit(sent.target).query)
        status, content, _ = self._passed_on(sent)
        found = json.loads(content)["certificates"]
        if query["isAscendingOrder"] == ["false"]:
            found = sorted(found, key=lambda one: float(one["creationDate"]), reverse=True)
        start = int(query.get("marker", ["0"])[0])
        page: dict[str, Any] = {"certificates": found[start : start + PAGE]}
        if start + PAGE < len(found):
            page["nextMarker"] = f"{start + PAGE:04}"
        return status, json.dumps(page).encode(), ""

    def _without_thing(self, sent: Sent) -> Answer:
        """A thing that is not there is deleted without an error."""
        answer = self._passed_on(sent)
        return (200, b"{}", "") if answer[0] == 404 else answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        iot = self

        class Handler(BaseHTTPRequestHandler):
            def handle_call(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                call = call_of(self.command, urlsplit(self.path).path)
                sent = Sent(call, self.command, self.path, dict(self.headers), body)
                iot.calls.append(call)
                verdict = iot.judge(call)
                if verdict == HANGS:
                    iot._is_over.wait(30)
                    return
                if verdict not in (None, LOSES_ANSWER):
                    self._answer(*refusal(*verdict))
                    return
                answer = iot.answer(sent)
                if verdict is None:
                    self._answer(*answer)

            def _answer(self, status: int, content: bytes, error: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if error:
                    self.send_header("x-amzn-errortype", error)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            setattr(Handler, f"do_{method}", Handler.handle_call)
        return Handler


def refusal(status: int, code: str) -> Answer:
    """An error as IoT Core spells it."""
    return status, json.dumps({"message": "as AWS documents"}).encode(), code


def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    model = botocore.session.get_session().get_service_model("iot")
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path = re.sub(r"\{[^}]+\}", "[^/]+", http["requestUri"].partition("?")[0])
        found.append((name, http["method"], re.compile(path)))
    return found


_PATTERNS = _patterns()


def call_of(method: str, path: str) -> str:
    """The operation that a request is."""
    for name, wanted, pattern in _PATTERNS:
        if method == wanted and pattern.fullmatch(path):
            return name
    return f"{method} {path}"
