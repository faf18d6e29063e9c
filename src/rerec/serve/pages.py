"""The static files: the page at `/`, and the reference of the API at `/docs`.

Every file is of this package; nothing is loaded from another host.
"""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

_PAGE = Path(__file__).with_name("page")
_REFERENCE = Path(__file__).with_name("reference")


def _files() -> dict[str, Path]:
    page = {f"/{path.name}": path for path in sorted(_PAGE.iterdir()) if path.is_file()}
    reference = {f"/{path.name}": path for path in sorted(_REFERENCE.iterdir()) if path.is_file()}
    indices = {"/": page.pop("/index.html"), "/docs": reference.pop("/index.html")}
    return {**indices, **page, **reference}


FILES = _files()
"""Where each file is served."""


def page_routes() -> APIRouter:
    """The routes of the static files."""
    router = APIRouter(include_in_schema=False)
    for address, path in FILES.items():
        router.add_api_route(address, _sender(path), methods=["GET"])

    @router.get("/favicon.ico")
    async def no_icon() -> Response:
        """Browsers ask for one whatever the page says."""
        return Response(status_code=204)

    return router


def _sender(path: Path):
    async def send() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return send
