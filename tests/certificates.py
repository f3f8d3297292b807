"""Certificates of servers for tests: a valid one, and wrong ones."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["make_certificates"]

_DAY = timedelta(days=1)
Signer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def make_certificates(folder: Path) -> tuple[dict[str, Path], Path]:
    """Write certificates for localhost, by kind, and return their files and that of the authority that signed them."""
    authority = _make_certificate("authority", None, is_authority=True)
    made = {
        "valid": _make_certificate("localhost", authority),
        "other name": _make_certificate("other.example", authority),
        "expired": _make_certificate("localhost", authority, ends=-_DAY),
        "self-signed": _make_certificate("localhost", None),
    }
    files = {kind: _write(folder / f"{kind}.pem", pair) for kind, pair in made.items()}
    return files, _write(folder / "authority.pem", authority)


def _make_certificate(
    host: str, signer: Signer | None, *, ends: timedelta = _DAY, is_authority: bool = False
) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    issuer_name = signer[0].subject if signer else name
    signing_key = signer[1] if signer else key
    now = datetime.now(UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if host == "localhost":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder(issuer_name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - 3 * _DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        # Python 3.13 asks for the extensions of RFC 5280: whose key signs, and what a key may be used for
        .add_extension(_allow_uses(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return certificate, key


def _allow_uses(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _write(file: Path, pair: Signer) -> Path:
    certificate, key = pair
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private_key + certificate.public_bytes(serialization.Encoding.PEM))
    return file
