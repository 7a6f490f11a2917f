"""Fetch the vendored files anew from npm, by the manifest beside them: ``make vendor``.

What a manifest says of a package that it has is what must arrive: its integrity, and the SHA-256 of each file. To take
another version, write it into the manifest and empty ``integrity``: both are then filled in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MANIFESTS = (ROOT / "webapp/static/vendor/vendor.json", ROOT / "tests/browser/vendor/vendor.json")


def fetch_all(manifest: Path) -> None:
    """Fetch the files of a manifest into its folder."""
    packages = json.loads(manifest.read_text())
    for package in packages:
        with tempfile.TemporaryDirectory() as folder:
            fetch(package, Path(folder), manifest.parent)
    manifest.write_text(json.dumps(packages, indent=2) + "\n")


def fetch(package: dict[str, Any], folder: Path, destination: Path) -> None:
    """Fetch one package, check it, and write those of its files that the manifest names."""
    name = f"{package['name']}@{package['version']}"
    subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, S607
    (archive,) = folder.glob("*.tgz")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    renewed = not package["integrity"]
    check(renewed, name, package, "integrity", f"sha512-{digest}")
    with tarfile.open(archive) as opened:
        for file in package["files"]:
            member = opened.extractfile(f"package/{file['source']}")
            if member is None:
                sys.exit(f"{name} has no file {file['source']}")
            content = member.read()
            check(renewed, f"{name} {file['source']}", file, "sha256", hashlib.sha256(content).hexdigest())
            (destination / file["path"]).write_bytes(content)
    sys.stdout.write(f"{name}: {len(package['files'])} files\n")


def check(renewed: bool, subject: str, entry: dict[str, Any], key: str, found: str) -> None:
    """Compare a checksum with the manifest's, or write it there for a version that is new."""
    if renewed:
        entry[key] = found
    elif entry[key] != found:
        sys.exit(f"{subject}: its {key} is {found}, but the manifest says {entry[key]}")


if __name__ == "__main__":
    for manifest in MANIFESTS:
        fetch_all(manifest)
