"""The page that shows the API's description; its viewer is served from here, like everything else."""

from __future__ import annotations

from litestar import MediaType, Response, get

VIEWER = "/static/vendor/rapidoc-9.3.8/rapidoc-min.js"
# The viewer styles itself with inline styles, on this page only.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Homeroll API</title>
    <link rel="icon" href="/static/icon.svg" type="image/svg+xml">
    <script type="module" src="{VIEWER}"></script>
  </head>
  <body>
    <rapi-doc spec-url="/api/schema/openapi.json" load-fonts="false" render-style="focused" show-header="false"
      allow-authentication="true" persist-auth="false" regular-font="system-ui, sans-serif"
      mono-font="ui-monospace, monospace" primary-color="#2f6f4f" sort-endpoints-by="none"></rapi-doc>
  </body>
</html>
"""


@get("/api/schema", media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def schema_page() -> Response[str]:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return Response(PAGE, media_type=MediaType.HTML, headers=headers)
