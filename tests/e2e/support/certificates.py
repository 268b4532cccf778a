"""Certificates for tests of TLS, made by openssl when they are asked for: an issuer of the test's own, and what it has
issued. `ca` is the issuer's; pair(name) a certificate and its key."""

import pathlib
import subprocess

ENDS = {"good": ("30", "localhost"), "other": ("30", "other.example"), "expired": ("-1", "localhost")}


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Certificates:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca, self.ca_key = self._authority("ca"), self.folder / "ca.key"

    def _authority(self, name):
        key, certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={name} of the test", "-days", "30", "-out",
                certificate, "-addext", "keyUsage=critical,keyCertSign")
        return certificate

    def foreign(self):
        """An issuer's certificate that issued none of these."""
        return self._authority("foreign")

    def pair(self, name="good", rsa=False):
        days, host = ENDS[name]
        name += "-rsa" if rsa else ""
        key, request, certificate, extensions = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        if not certificate.exists():
            if rsa:
                openssl("genrsa", "-out", key, "2048")
            else:
                openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
            extensions.write_text(f"subjectAltName=DNS:{host}" + (",IP:127.0.0.1" if host == "localhost" else ""))
            openssl("req", "-new", "-key", key, "-subj", f"/CN={host}", "-out", request)
            openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial", "-days",
                    days, "-extfile", extensions, "-out", certificate)
        return certificate, key
