"""P11: a file comes as multipart, is counted and hashed as it flows by, and is never held."""

import hashlib
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError

from sandbox.sdp.api.call import Call
from sandbox.sdp.projects import Attachment
from sandbox.sdp.refusals import BAD_KEY, MANDATORY, Refusal
from sandbox.sdp.wire import projects as wire
from sandbox.sdp.wire.basics import Json
from sandbox.sdp.wire.envelope import listed
from sandbox.sdp.wire.reading import truth

FIELD_LIMIT = 10_000
"""Bytes of a field that is not the file."""


class Part:
    """What is known of one part so far."""

    def __init__(self) -> None:
        self.headers = Message()
        self.name, self.filename, self.size = "", "", 0
        self.hash, self.text = hashlib.sha256(), bytearray()


class Parts:
    """Takes the multipart parser's events; `done` are the parts that have ended."""

    def __init__(self, boundary: str, most: int) -> None:
        self.done: list[Part] = []
        self._most, self._part = most, Part()
        self._header, self._value = bytearray(), bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._data,
                "on_part_end": lambda: self.done.append(self._part),
            },
        )

    async def read(self, stream: AsyncIterator[bytes]) -> list[Part]:
        """All parts; raises Refusal 4001 for what is not multipart."""
        try:
            async for chunk in stream:
                if chunk:
                    self._parser.write(chunk)
            self._parser.finalize()
        except MultipartParseError:
            raise Refusal(BAD_KEY, "The multipart body is broken", ["filename"]) from None
        return self.done

    def _begin(self) -> None:
        self._part = Part()

    def _header_end(self) -> None:
        self._part.headers[self._header.decode("latin-1")] = self._value.decode("utf-8", "replace")
        self._header.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        def parameter(name: str) -> str:
            found: Any = self._part.headers.get_param(name, "", "content-disposition")
            return found[2] if isinstance(found, tuple) else str(found)

        self._part.name, self._part.filename = parameter("name"), parameter("filename")

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        part.size += end - start
        if not part.filename:
            part.text += data[start : min(end, start + FIELD_LIMIT - len(part.text))]
            return
        if part.size > self._most:
            raise Refusal(BAD_KEY, f"The file is larger than {self._most} bytes", ["filename"])
        part.hash.update(memoryview(data)[start:end])


async def upload(call: Call) -> Json:
    """Keep the file's name, type, length and hash, and attach it when `addtoattachment` says so."""
    project = call.world.projects.shelf.by_id(call.ids[0])
    parts = await Parts(_boundary(call), call.world.tenant.max_upload).read(call.request.stream())
    file = next((part for part in parts if part.name == "filename" and part.filename), None)
    if file is None:
        raise Refusal(MANDATORY, "", ["filename"])
    said = next((part.text.decode() for part in parts if part.name == "addtoattachment"), "false")
    kept = Attachment(
        call.world.ids.next(),
        file.filename,
        file.headers.get("content-type", "application/octet-stream"),
        file.size,
        file.hash.hexdigest(),
        truth(said, "addtoattachment"),
        call.person,
    )
    call.world.projects.keep_file(project, kept)
    return listed(files=[wire.upload(kept, project.id)])


def _boundary(call: Call) -> str:
    header = Message()
    header["content-type"] = call.request.headers.get("content-type", "")
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or not boundary:
        raise Refusal(BAD_KEY, "The body must be multipart/form-data", ["filename"])
    return boundary
