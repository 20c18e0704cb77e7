"""The people of the sandbox, shared by both sides: the same names and addresses live in Slack and in SDP.

Every person is invented. The e-mail address is what joins the two sides, as it does for the bot; the time zones
are far apart on purpose (half hours, the date line) so that whatever shows a time is seen to be right or wrong.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["requester", "approver", "operator", "administrator", "guest"]


@dataclass(frozen=True, slots=True)
class Character:
    """Somebody both sides know. `key` is how tests and the page call them, `tz` is an IANA zone name."""

    key: str
    name: str
    email: str
    tz: str
    role: Role
    title: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


MARA = Character("mara", "Mara Vossberg", "mara.vossberg@example.com", "Europe/Berlin", "requester", "Release lead")
ARJUN = Character("arjun", "Arjun Velloor", "arjun.velloor@example.com", "Asia/Kolkata", "approver", "Head of Payments")
TESS = Character(
    "tess", "Tess Harbourne", "tess.harbourne@example.com", "America/St_Johns", "approver", "Network owner"
)
WIREMU = Character(
    "wiremu", "Wiremu Kaleha", "wiremu.kaleha@example.com", "Pacific/Chatham", "approver", "Quality lead"
)
ODILE = Character("odile", "Odile Marchetty", "odile.marchetty@example.com", "Europe/Paris", "operator", "Operations")
SAM = Character("sam", "Sam Okonjoru", "sam.okonjoru@example.com", "UTC", "administrator", "Administrator")
GIL = Character("gil", "Gil Ferrovar", "gil.ferrovar@example.com", "America/Sao_Paulo", "guest", "Contractor")

REQUESTER = MARA
APPROVERS = (ARJUN, TESS, WIREMU)
OPERATOR = ODILE
ADMINISTRATOR = SAM
GUEST = GIL

CAST = (MARA, ARJUN, TESS, WIREMU, ODILE, SAM, GIL)
