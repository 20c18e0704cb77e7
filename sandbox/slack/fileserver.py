"""The bytes of files: in by an upload ticket, out for a token with files:read.

The log and faults know these requests as `files.upload` and `files.download`.
"""

from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from sandbox.slack.door import Door
from sandbox.slack.errors import SlackError
from sandbox.slack.webapi import bearer

PIECE = 64 * 1024
SIGN_IN = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in to see this file.</body></html>"


class Uploads(Door):
    """`POST /upload/v1/{ticket}`: the second step of an upload."""

    def name(self, request: Request) -> str:
        return "files.upload"

    async def read(self, request: Request) -> bytes:
        """The body, or the first file of a form."""
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return await request.body()
        async with request.form() as form:
            for value in form.values():
                if not isinstance(value, str):
                    return await value.read()
        return b""

    def logged(self, given: bytes) -> str:
        return f"({len(given)} bytes)"

    def answer(self, request: Request, given: bytes) -> Response:
        try:
            upload = self._world.files.receive(request.path_params["ticket"], given)
        except SlackError as error:
            return PlainTextResponse(error.code, 400)
        return PlainTextResponse(f"OK - {len(upload.file.content)}")


class Downloads(Door):
    """`GET /files/{file}/{name}`. Without a good token Slack shows its sign-in page, with status 200."""

    def name(self, request: Request) -> str:
        return "files.download"

    async def read(self, request: Request) -> str:
        return bearer(request.headers)

    def logged(self, given: str) -> str:
        return "with a token" if given else "without a token"

    def answer(self, request: Request, given: str) -> Response:
        grant = self._world.tokens.get(given)
        if grant is None or "files:read" not in grant.scopes:
            return HTMLResponse(SIGN_IN)
        file = self._world.files.files.get(request.path_params["file"])
        if file is None:
            return PlainTextResponse("file_not_found", 404)
        length = {"Content-Length": str(len(file.content))}
        return StreamingResponse(_pieces(file.content), media_type=file.mimetype, headers=length)


def _pieces(content: bytes) -> Iterator[memoryview]:
    """A file bit by bit, so that a slow reader does not fill our memory with copies."""
    view = memoryview(content)
    return (view[start : start + PIECE] for start in range(0, len(view), PIECE))
