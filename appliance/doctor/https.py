"""https: whether it is served, by a certificate that holds, for the names people type, with a key that can be read."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.doctor.base import House, Said
    from appliance.tls import Served

SOON_DAYS = 30


def check_https(house: House) -> Iterator[Said]:
    import msgspec

    settings = house.settings
    told = house.rows("SELECT CAST(value AS TEXT) FROM site_setting WHERE name = 'tls'")
    is_on = bool(told) and msgspec.json.decode(told[0][0]) == "on"
    if settings.tls_certificate:
        yield from _check_given(house)
    elif is_on:
        yield from _check_own(house)
    else:
        yield "ok", "not served: `homeroll tls on` makes a certificate and serves it", ""


def _check_given(house: House) -> Iterator[Said]:
    from appliance.tls_files import read_given

    certificate, key = Path(house.settings.tls_certificate), Path(house.settings.tls_key)
    if house.paths.root.is_dir() and (shut := not_readable(key, house.paths.root.stat().st_uid)):
        yield shut
        return
    served = read_given(certificate, key)
    yield from _judged(house, served, renewed="Put the next one, with its key, into the same files.")


def _check_own(house: House) -> Iterator[Said]:
    from appliance import certificates
    from appliance.tls import Served, TlsFiles

    files = TlsFiles(house.paths.tls)
    if not (files.server.is_file() and files.authority.is_file()):
        yield (
            "warning",
            "it is on, and there is no certificate yet",
            "The service makes it as it starts: homeroll tls on",
        )
        return
    try:
        leaf, authority = (certificates.from_pem(path.read_bytes()) for path in (files.server, files.authority))
    except ValueError as error:
        hint = "Put back a copy of that folder, or: homeroll tls on --new-authority, then install it on every phone."
        yield "broken", f"a certificate in {files.folder} is damaged: {error}", hint
        return
    if files.authority.stat().st_mode & 0o077:
        yield "warning", f"others on this machine may read {files.authority}", f"chmod 600 {files.authority}"
    served = Served(
        files.server, files.server, certificates.told(leaf.certificate), certificates.told(authority.certificate)
    )
    yield from _judged(house, served, renewed="homeroll tls renew")


def _judged(house: House, served: Served, *, renewed: str) -> Iterator[Said]:
    from appliance.tls import covers, shortcoming
    from appliance.values import now
    from web.security import host_names

    certificate = served.certificate
    days = (certificate.end - now()).days
    problem, hint = shortcoming(served, now())
    typed = sorted(set(house.settings.allowed_hosts) if house.settings.tls_certificate else host_names(()))
    uncovered = [name for name in typed if not covers(certificate, name)]
    if days < 0:
        yield "broken", f"its certificate has ended on {certificate.end:%F}: browsers refuse it", hint or renewed
    elif problem:
        yield "warning", problem, hint
    elif served.authority is not None and days < SOON_DAYS - 1:
        yield "warning", f"its certificate ends in {days} days and was not renewed", f"Does the service run?  {renewed}"
    elif uncovered:
        names = ", ".join(certificate.names)
        yield "warning", f"its certificate is for {names}, and not for {', '.join(uncovered)}", renewed
    else:
        yield "ok", f"{', '.join(certificate.names)}; {days} days left", ""


def not_readable(path: Path, uid: int) -> Said | None:
    """Why the account `uid` cannot read a file, which root cannot find out by trying; None when it can."""
    name = _account(uid)
    groups = set(os.getgrouplist(name, pwd.getpwuid(uid).pw_gid)) if name else set()
    for place in (*reversed(path.absolute().parents), path):
        try:
            found = place.stat()
        except FileNotFoundError:
            return "broken", f"{path} is not there", "tls_key in homeroll.toml names it."
        except PermissionError:
            return "warning", f"this user may not look at {path}", "Run this as root: sudo homeroll doctor"
        wanted = stat.S_IRUSR if place == path else stat.S_IXUSR
        shift = 0 if found.st_uid == uid else 3 if found.st_gid in groups else 6
        if uid != 0 and not found.st_mode & (wanted >> shift):
            hint = f"sudo install -o {name or uid} -m 600 {path} /etc/homeroll/, and name that copy: tls_key."
            return "broken", f"the account {name or uid} may not read {path} ({_who(found)})", hint
    return None


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _who(found: os.stat_result) -> str:
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    return f"{_account(found.st_uid) or found.st_uid}, {group}, {stat.filemode(found.st_mode)}"
