"""Which requests for a certificate are taken, and what is said of the others."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from chalicelib.errors import InvalidRequestError
from chalicelib.features.devices.certificates.keys import KeyRequest, make_key, read_csr
from tests.features.devices.certificates.iot import csr_of, make_csr

P256 = ec.generate_private_key(ec.SECP256R1())


def refused(csr: str) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        read_csr(csr)
    assert caught.value.details == {"parameter": "csr"}
    return caught.value.message


def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@pytest.mark.parametrize(
    "key", [rsa_key(2048), P256, ec.generate_private_key(ec.SECP384R1())], ids=type
)
def test_keys_that_iot_core_takes_are_taken(key: Any) -> None:
    read = read_csr(make_csr(key))
    assert len(read.public_key_sha256) == 64
    assert read.private_key is None


def test_a_request_is_the_same_however_it_is_wrapped() -> None:
    csr = csr_of("a")
    expected = read_csr(csr)
    old = csr.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
    for wrapped in (f"\n{csr}\n", csr.replace("\n", "\r\n"), old):
        assert read_csr(wrapped) == expected


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (rsa_key(1024), "RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "P-256 or P-384"),
        (ec.generate_private_key(ec.SECP521R1()), "P-256 or P-384"),
        (dsa.generate_private_key(2048), "must have an RSA key"),
    ],
    ids=["short", "curve of coins", "P-521", "DSA"],
)
def test_keys_that_it_does_not_take_are_refused(key: Any, said: str) -> None:
    assert said in refused(make_csr(key))


def test_a_key_that_signs_without_a_hash_is_refused() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    key = ed25519.Ed25519PrivateKey.generate()
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    pem = csr.public_bytes(serialization.Encoding.PEM).decode()
    assert "must have an RSA key" in refused(pem)


def test_a_request_that_is_signed_by_another_key_is_refused() -> None:
    """Whoever sends it might not have the key that it is for."""
    csr = x509.load_pem_x509_csr(csr_of("a").encode())
    der = bytearray(csr.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der))
    pem = forged.public_bytes(serialization.Encoding.PEM).decode()
    assert refused(pem) == "csr is not signed by the key that it is for"


BEGIN, END = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"


@pytest.mark.parametrize(
    "csr",
    [
        "",
        " ",
        "csr",
        "日本",
        f"{BEGIN}\n{END}",
        f"{BEGIN}\nAAAA\n{END}",
        f"{BEGIN}\n日本\n{END}",
        BEGIN,
        csr_of("a").replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        csr_of("a")[:-40],
        csr_of("a").replace("M", "N", 1),
        P256.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
    ],
    ids=range(12),
)
def test_what_is_no_request_is_refused(csr: str) -> None:
    assert "certificate signing request" in refused(csr)


def test_a_request_that_iot_core_could_not_read_is_refused_by_its_size() -> None:
    assert refused(csr_of("a") + "\n" * 4096) == "csr must be at most 4096 bytes"


def test_a_private_key_is_not_shown_by_accident() -> None:
    made = make_key()
    assert "PRIVATE" in str(made.private_key)
    assert "PRIVATE" not in repr(made)
    assert made == KeyRequest(made.csr, made.public_key_sha256, made.private_key)
    assert read_csr(made.csr).public_key_sha256 == made.public_key_sha256


def test_signing_with_a_hash_that_is_broken_is_refused() -> None:
    assert "SHA-256" in refused(make_csr(P256, hashes.SHA224()))
