"""Files people and apps share: the three-step upload, and where the bytes are."""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import IdMaker
from sandbox.slack.model import File, safe_name

LARGEST = 1_000_000_000


@dataclass(slots=True)
class Upload:
    """An upload that was announced and is not completed yet; the ticket is in its URL and works once."""

    file: File
    length: int
    ticket: str
    arrived: bool = False


@dataclass(slots=True)
class FileShelf:
    ids: IdMaker
    now: Callable[[], float]
    url: Callable[[], str]
    team_id: str
    files: dict[str, File] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)

    def announce(self, user: str, name: str, length: int) -> Upload:
        """First step; raises `invalid_arguments` for a missing name or length, `file_upload_size_restricted`."""
        if not name or length <= 0:
            raise SlackError("invalid_arguments", ["filename and length are required"])
        if length > LARGEST:
            raise SlackError("file_upload_size_restricted")
        upload = Upload(self._new(user, name), length, self.ids.word("upload"))
        self.uploads[upload.file.id] = upload
        return upload

    def receive(self, ticket: str, content: bytes) -> Upload:
        """Second step: the bytes arrive; raises `invalid_ticket` or `length_mismatch`."""
        upload = next((one for one in self.uploads.values() if one.ticket == ticket and not one.arrived), None)
        if upload is None:
            raise SlackError("invalid_ticket")
        if len(content) != upload.length:
            raise SlackError("length_mismatch")
        upload.file.content, upload.arrived = content, True
        return upload

    def complete(self, file_id: str, title: str | None) -> File:
        """Third step; raises `file_not_found` when nothing was uploaded under that id."""
        upload = self.uploads.pop(file_id, None)
        if upload is None or not upload.arrived:
            raise SlackError("file_not_found")
        upload.file.title = title or upload.file.name
        self.files[file_id] = upload.file
        return upload.file

    def add(self, user: str, name: str, content: bytes) -> File:
        """A file a person shares by hand."""
        file = self._new(user, name)
        file.content = content
        self.files[file.id] = file
        return file

    def find(self, file_id: str) -> File:
        if file_id not in self.files:
            raise SlackError("file_not_found")
        return self.files[file_id]

    def _new(self, user: str, name: str) -> File:
        file_id = self.ids.make("F")
        return File(
            id=file_id,
            name=name,
            title=name,
            user=user,
            mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
            url_private=f"{self.url()}/files/{file_id}/{safe_name(name).lower()}",
            permalink=f"{self.url()}/archives/files/{file_id}",
            created=int(self.now()),
            team_id=self.team_id,
        )
