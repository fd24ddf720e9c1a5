"""Keys and requests for certificates. A private key that is made here is kept nowhere.

`cryptography` takes longer to import than most requests take to answer: it is imported by whoever
needs it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from chalicelib.errors import InvalidRequestError
from chalicelib.features.devices.certificates.model import MAX_CSR_BYTES

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import CertificateSigningRequest

# The requirement's sample shows a key of this kind, and every library of devices reads it.
_KEY_BITS = 2048
_LEAST_BITS = 2048
_CURVES = ("secp256r1", "secp384r1")
_HASHES = ("sha256", "sha384", "sha512")
_BEGINNINGS = ("-----BEGIN CERTIFICATE REQUEST-----", "-----BEGIN NEW CERTIFICATE REQUEST-----")


@dataclass(frozen=True)
class KeyRequest:
    """A request for a certificate, and the SHA-256 of its public key."""

    csr: str
    public_key_sha256: str
    # Of a pair that was made here. No log and no traceback shows it.
    private_key: str | None = field(default=None, repr=False)


def read_csr(text: str, parameter: str = "csr") -> KeyRequest:
    """The request in *text*; raises `InvalidRequestError`, which names *parameter*."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import load_pem_x509_csr

    if len(text.encode()) > MAX_CSR_BYTES:
        raise _refusal(f"must be at most {MAX_CSR_BYTES} bytes", parameter)
    if not text.lstrip().startswith(_BEGINNINGS):
        raise _refusal("must be a certificate signing request in PEM", parameter)
    try:
        csr = load_pem_x509_csr(text.strip().encode())
        if problem := _problem(csr):
            raise _refusal(problem, parameter)
        return _request(csr)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _refusal("is not a certificate signing request that can be read", parameter) from None


def make_key() -> KeyRequest:
    """A new pair of keys, and the request for a certificate for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    # IoT Core names the certificate itself, whatever the request says.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Device")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    made = _request(csr)
    return KeyRequest(made.csr, made.public_key_sha256, pem.decode())


def key_and_end_of(pem: str) -> tuple[str, datetime]:
    """The SHA-256 of the public key of the certificate *pem*, and until when it is valid."""
    from cryptography.x509 import load_pem_x509_certificate

    certificate = load_pem_x509_certificate(pem.encode())
    return _fingerprint(certificate.public_key()), certificate.not_valid_after_utc


def _problem(csr: "CertificateSigningRequest") -> str | None:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = csr.public_key()
    if isinstance(key, RSAPublicKey):
        if key.key_size < _LEAST_BITS:
            return f"has an RSA key of {key.key_size} bits: it takes {_LEAST_BITS} at least"
    elif not isinstance(key, EllipticCurvePublicKey) or key.curve.name not in _CURVES:
        return "must have an RSA key, or one of the curve P-256 or P-384"
    algorithm = csr.signature_hash_algorithm
    if algorithm is None or algorithm.name not in _HASHES:
        return "must be signed with SHA-256, SHA-384 or SHA-512"
    return None if csr.is_signature_valid else "is not signed by the key that it is for"


def _request(csr: "CertificateSigningRequest") -> KeyRequest:
    from cryptography.hazmat.primitives.serialization import Encoding

    return KeyRequest(csr.public_bytes(Encoding.PEM).decode(), _fingerprint(csr.public_key()))


def _fingerprint(key: "CertificatePublicKeyTypes") -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _refusal(problem: str, parameter: str) -> InvalidRequestError:
    return InvalidRequestError(f"{parameter} {problem}", parameter=parameter)
